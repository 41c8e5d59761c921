using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace HealthLedger.Benchmarks;

/// <summary>
/// What somebody gets who writes the audit trail into a table instead: single-row INSERTs, each its own durable transaction, on a PostgreSQL of its own with the settings it
/// comes with, in a directory on the same disk, driven by its own pgbench over a Unix socket. The table has what any audit table has: a key, a time, the patient with an index.
/// </summary>
internal sealed partial class PostgresReference : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _programs;
    private readonly string _directory;
    private readonly Process _server;

    private PostgresReference(string programs, string directory, Process server) => (_programs, _directory, _server) = (programs, directory, server);

    /// <summary>Starts one; null, with the reason on the console, where it is not installed.</summary>
    /// <param name="rowBytes">Bytes of a row's fact.</param>
    public static PostgresReference? Start(int rowBytes)
    {
        var programs = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "pgbench"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        if (programs is null)
        {
            Console.Error.WriteLine("notice: PostgreSQL is not installed (Debian: postgresql); appends are not compared with its INSERTs");
            return null;
        }

        var cluster = Directory.CreateTempSubdirectory("healthledger-postgres-").FullName;
        GiveAway(cluster);
        Run(programs, cluster, "initdb", "-D", cluster, "-A", "trust", "-U", "audit");
        var server = Launch(programs, cluster, "postgres", "-D", cluster, "-k", cluster, "-c", "listen_addresses=", "-c", "max_connections=100");
        var postgres = new PostgresReference(programs, cluster, server);
        postgres.Await();
        File.WriteAllText(
            Path.Combine(cluster, "table.sql"),
            "CREATE TABLE audit (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), patient int NOT NULL, fact bytea NOT NULL);\nALTER TABLE audit ALTER fact SET STORAGE EXTERNAL;\nCREATE INDEX ON audit (patient);\n");
        var bytes = new byte[rowBytes];
        new Random(1).NextBytes(bytes);
        File.WriteAllText(
            Path.Combine(cluster, "insert.sql"), $"\\set patient random(1, 1000)\nINSERT INTO audit (patient, fact) VALUES (:patient, '\\x{Convert.ToHexStringLower(bytes)}');\n");
        Run(programs, cluster, "psql", "-q", "-h", cluster, "-U", "audit", "-d", "postgres", "-f", Path.Combine(cluster, "table.sql"));
        return postgres;
    }

    /// <summary>Committed INSERTs per second by so many clients that wait for each.</summary>
    public double Inserts(int clients, double seconds)
    {
        var said = Run(
            _programs, _directory, "pgbench", "-h", _directory, "-U", "audit", "-n", "-M", "prepared", "-c", $"{clients}", "-j", $"{Math.Min(clients, 2)}",
            "-T", Math.Max(1, Math.Round(seconds)).ToString(CultureInfo.InvariantCulture), "-f", Path.Combine(_directory, "insert.sql"), "postgres");
        return double.Parse(Tps().Match(said).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        Run(_programs, _directory, "pg_ctl", "-D", _directory, "-m", "immediate", "stop");
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Waits until it answers; it tells nobody when it does.</summary>
    private void Await()
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience;)
        {
            using var asked = Launch(_programs, _directory, "pg_isready", "-q", "-h", _directory);
            asked.WaitForExit();
            if (asked.ExitCode == 0)
            {
                return;
            }

            if (_server.WaitForExit(TimeSpan.FromMilliseconds(100)))
            {
                throw new InvalidOperationException($"PostgreSQL ended with exit code {_server.ExitCode} before it answered.");
            }
        }

        throw new InvalidOperationException($"PostgreSQL did not answer within {Patience.TotalSeconds} s.");
    }

    private static string Run(string programs, string cluster, string program, params string[] arguments)
    {
        using var process = Launch(programs, cluster, program, arguments);
        var said = process.StandardOutput.ReadToEndAsync();
        var faults = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return process.ExitCode == 0 ? said.Result : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}: {faults.Result}");
    }

    /// <summary>PostgreSQL does not run as root: there it runs as its own user.</summary>
    private static Process Launch(string programs, string cluster, string program, params string[] arguments)
    {
        var path = Path.Combine(programs, program);
        string[] command = Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--", path, .. arguments] : [path, .. arguments];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = cluster })!;
        if (program == "postgres")
        {
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        return process;
    }

    private static void GiveAway(string directory)
    {
        if (Environment.IsPrivilegedProcess)
        {
            using var given = Process.Start("chown", ["-R", "postgres", directory]);
            given.WaitForExit();
        }
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
