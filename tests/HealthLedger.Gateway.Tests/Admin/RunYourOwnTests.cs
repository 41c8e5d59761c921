// README.md, "Run your own": the commands as they stand there, by the real programs, from an empty folder to a clinic that reads what a patient permitted. What the README says cannot rot.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class RunYourOwnTests
{
    private const string Heading = "## Run your own";
    private const string Documented = "http://localhost:5080";

    [Fact]
    public async Task The_commands_of_the_README_lead_from_nothing_to_a_record_that_a_patient_permitted()
    {
        using var directory = new TestDirectory();
        var root = Root();
        Directory.CreateDirectory(Path.Combine(directory.Root, "docs"));
        File.Copy(Path.Combine(root, "docs", "first-patient.json"), Path.Combine(directory.Root, "docs", "first-patient.json"));

        var url = $"http://127.0.0.1:{FreePort()}";
        var commands = Commands(await File.ReadAllLinesAsync(Path.Combine(root, "README.md")));
        Assert.Contains(commands, line => line.StartsWith("gateway --HealthLedger:FirstOperator=", StringComparison.Ordinal));
        var script = $$"""
            set -euo pipefail
            trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT
            gateway() { exec dotnet '{{Path.Combine(AppContext.BaseDirectory, "HealthLedger.Gateway.dll")}}' --urls={{url}} --HealthLedger:ScryptLogN=15 "$@"; }
            healthledger() { dotnet '{{Verifier.Require(AppContext.BaseDirectory)}}' "$@"; }
            {{string.Join('\n', commands.Where(line => !line.Contains("() {", StringComparison.Ordinal))).Replace(Documented, url, StringComparison.Ordinal)}}
            """;
        var (code, output, errors) = await Bash(script, directory.Root);
        Assert.True(code == 0, $"{code}\n{output}\n{errors}");

        var last = output.TrimEnd().Split('\n')[^1];
        Assert.Contains("\"resourceType\":\"Observation\"", last, StringComparison.Ordinal);
        Assert.Contains("\"value\":72", last, StringComparison.Ordinal);
        Assert.Matches("code: [0-9A-Z]{5}-", output);
        Assert.All(["operator.json", "hospital.json", "clinic.json"], secret =>
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(directory.Root, secret)) == (UnixFileMode.UserRead | UnixFileMode.UserWrite)));
    }

    /// <summary>The lines of the first block of commands under the heading.</summary>
    private static List<string> Commands(string[] readme) =>
        [.. readme.SkipWhile(line => line != Heading).SkipWhile(line => line != "```sh").Skip(1).TakeWhile(line => line != "```")];

    private static async Task<(int Code, string Output, string Errors)> Bash(string script, string folder)
    {
        var start = new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("HEALTHLEDGER_PASSPHRASE");
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "HealthLedger.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
