using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Sqlite.Ledger;
using Microsoft.Win32.SafeHandles;

namespace HealthLedger.Benchmarks;

/// <summary>
/// Durable appends: events with facts of 1 KiB on random chains of 1,000, sealed, sequenced, signed, published, against a loop that appends the same
/// bytes (entry and sealed fact) to a file and calls fdatasync after each, and against PostgreSQL's single-row INSERTs at the same number of clients. With and without the
/// receipt that a client would be given.
/// </summary>
internal sealed class AppendBenchmark : Benchmark
{
    private const int FactBytes = 1024;
    private const int Chains = 1000;

    /// <summary>What an append leaves on the disk: the entry and the sealed fact.</summary>
    private const int EntryBytes = 256 + FactBytes + Envelope.Overhead;


    public override string Name => "append";

    public override string Says => "durable appends/s at 1, 16 and 64 waiting clients [--seconds N] [--runs N] [--reserve MIB]";

    public override async Task Run(string[] args)
    {
        var seconds = Option(args, "--seconds", 3);
        var runs = (int)Option(args, "--runs", 3);
        var reserve = (int)Option(args, "--reserve", 64); // as the gateway has it
        var directory = Directory.CreateTempSubdirectory("healthledger-append-").FullName;
        try
        {
            using var keys = LedgerKeys.Create("benchmark.example/append", "benchmark.example/cosigner");
            await using var log = LedgerLog.Open(new LedgerOptions
            {
                Directory = Path.Combine(directory, "ledger"),
                Keys = keys,
                Index = new SqliteLedgerIndex(Path.Combine(directory, "ledger-index.db")),
                ReserveBytes = (long)reserve << 20,
            });
            var chains = Enumerable.Range(0, Chains).Select(i => new EventChain($"chain {i}", RandomNumberGenerator.GetBytes(32))).ToArray();
            using var postgres = PostgresReference.Start(EntryBytes);
            await Load(log, chains, 16, 1, receipts: true, []);
            postgres?.Inserts(16, 1);
            foreach (var (clients, receipts) in new[] { (1, false), (16, false), (64, false), (64, true) })
            {
                var (values, references, inserts, work, latencies) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
                for (var run = 0; run < runs; run++)
                {
                    references.Add(Reference(directory, seconds / 3));
                    if (postgres is not null)
                    {
                        inserts.Add(postgres.Inserts(clients, seconds));
                    }

                    var (used, before) = (Environment.CpuUsage.TotalTime, latencies.Count);
                    values.Add(await Load(log, chains, clients, seconds, receipts, latencies));
                    work.Add((Environment.CpuUsage.TotalTime - used).TotalMicroseconds / (latencies.Count - before));
                }

                var scenario = $"{clients} clients{(receipts ? ", with receipts" : "")}";
                Print(Measured.Of(Name, scenario, "appends/s", values, references, latencies));
                Print(Measured.Of(Name, $"{scenario}, processor time of an append with its client's", "us", work, [], []));
                if (inserts.Count > 0)
                {
                    Print(Measured.Of(Name, $"{scenario}, by PostgreSQL's INSERTs", "appends/s", values, inserts, []));
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double> Load(LedgerLog log, EventChain[] chains, int clients, double seconds, bool receipts, List<double> latencies)
    {
        var clock = Stopwatch.StartNew();
        var perClient = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var mine = new List<double>();
            var random = new Random(client);
            while (clock.Elapsed.TotalSeconds < seconds)
            {
                var began = Stopwatch.GetTimestamp();
                var fact = new byte[FactBytes];
                random.NextBytes(fact);
                var chain = chains[random.Next(chains.Length)];
                var pending = new PendingEvent(chain, fact, SHA256.HashData(fact));
                var appended = (AppendOutcome.Appended)await log.Append(new AppendRequest { Events = [pending] }, CancellationToken.None);
                if (receipts)
                {
                    _ = log.ReceiptOf(appended.Indices[0], chain);
                }

                mine.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            return mine;
        })));
        var took = clock.Elapsed.TotalSeconds;
        foreach (var mine in perClient)
        {
            latencies.AddRange(mine);
        }

        return perClient.Sum(mine => mine.Count) / took;
    }

    /// <summary>What one writer gets who appends the same bytes and waits for the disk each time.</summary>
    private static double Reference(string directory, double seconds)
    {
        var path = Path.Combine(directory, "reference");
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var bytes = RandomNumberGenerator.GetBytes(EntryBytes);
        var clock = Stopwatch.StartNew();
        var count = 0L;
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            RandomAccess.Write(file, bytes, count++ * bytes.Length);
            if (OperatingSystem.IsLinux())
            {
                if (DataSync(file) != 0)
                {
                    throw new IOException("fdatasync failed.");
                }
            }
            else
            {
                RandomAccess.FlushToDisk(file);
            }
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static extern int DataSync(SafeFileHandle file);
}
