using System.Diagnostics;
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Sqlite.Ledger;

namespace HealthLedger.Benchmarks;

/// <summary>
/// How long a ledger takes to open and what it then holds in memory, with the index of the last run and without one. One event in so many grants a consent. The
/// reference reads and hashes the file of entries once, which a start that replays everything could not do without.
/// </summary>
internal sealed class StartBenchmark : Benchmark
{
    private const int FactBytes = 64;
    private const int Batch = 1000;

    public override string Name => "start";

    public override string Says => "opening a ledger: time and memory [--entries N] [--consent-each N entries] [--runs N]";

    public override async Task Run(string[] args)
    {
        var entries = (int)Option(args, "--entries", 1_000_000);
        var each = (int)Option(args, "--consent-each", 20);
        var runs = (int)Option(args, "--runs", 3);
        var what = $"{entries} entries, {entries / each} consents";
        var directory = Directory.CreateTempSubdirectory("healthledger-start-").FullName;
        try
        {
            using var keys = LedgerKeys.Create("benchmark.example/start", "benchmark.example/cosigner");
            await Fill(directory, keys, entries, each);
            var (values, references, held) = (new List<double>(), new List<double>(), new List<double>());
            for (var run = 0; run < runs; run++)
            {
                references.Add(Replay(directory));
                var (milliseconds, bytes) = await Start(directory, keys);
                values.Add(milliseconds);
                held.Add(bytes / (1024.0 * 1024));
            }

            Print(Measured.Of(Name, $"{what}, index there", "ms", values, references, []));
            Print(Measured.Of(Name, $"{what}, held in memory after it", "MB", held, [], []));
            foreach (var file in Directory.GetFiles(directory, "ledger-index.db*"))
            {
                File.Delete(file);
            }

            Print(Measured.Of(Name, $"{what}, index rebuilt from the entries", "ms", [(await Start(directory, keys)).Milliseconds], references, []));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<(double Milliseconds, long Bytes)> Start(string directory, LedgerKeys keys)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var began = Stopwatch.GetTimestamp();
        await using var log = Open(directory, keys);
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        return (took, GC.GetTotalMemory(forceFullCollection: true) - before);
    }

    private static LedgerLog Open(string directory, LedgerKeys keys) => LedgerLog.Open(new LedgerOptions
    {
        Directory = Path.Combine(directory, "ledger"),
        Keys = keys,
        Index = new SqliteLedgerIndex(Path.Combine(directory, "ledger-index.db")),
    });

    private static async Task Fill(string directory, LedgerKeys keys, int entries, int each)
    {
        await using var log = Open(directory, keys);
        var chains = Enumerable.Range(0, 1000).Select(i => new EventChain($"chain {i}", RandomNumberGenerator.GetBytes(32))).ToArray();
        var fact = new byte[FactBytes];
        while (log.Published.Size < (ulong)entries)
        {
            var events = Enumerable.Range(0, Batch).Select(i => new PendingEvent(
                chains[i % chains.Length], fact, RandomNumberGenerator.GetBytes(32),
                i % each == 0 ? new ConsentOperation(false, RandomNumberGenerator.GetBytes(32), long.MaxValue, RandomNumberGenerator.GetBytes(32)) : null));
            while (await log.Append(new AppendRequest { Events = [.. events] }, CancellationToken.None) is not AppendOutcome.Appended)
            {
                await Task.Delay(100);
            }
        }
    }

    private static double Replay(string directory)
    {
        var began = Stopwatch.GetTimestamp();
        using var entries = File.OpenRead(Path.Combine(directory, "ledger", "entries.dat"));
        SHA256.HashData(entries);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
