using System.Diagnostics;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Benchmarks;

/// <summary>
/// An auditor's replay of a whole ledger, bundles in memory, one thread: every entry read strictly, hashed into the tree and applied, the consent-state map
/// compared at every STATE entry. One event in twenty grants or withdraws a consent. The reference is SHA-256 alone over the same leaves (a zero byte and 256).
/// </summary>
internal sealed class AuditBenchmark : Benchmark
{
    private const int ConsentsOneIn = 20;

    public override string Name => "audit";

    public override string Says => "replay of a ledger, entries/s, by SHA-256 of its leaves [--entries N] [--runs N]";

    public override Task Run(string[] args)
    {
        var size = (int)Option(args, "--entries", 300_000);
        var runs = (int)Option(args, "--runs", 5);
        foreach (var batch in new[] { 31, 1 })
        {
            var (bundles, checkpoint) = Make(size, batch);
            var (values, references) = (new List<double>(), new List<double>());
            for (var run = 0; run < runs; run++)
            {
                references.Add(Hashed(bundles, size));
                values.Add(Replayed(bundles, checkpoint));
            }

            Print(Measured.Of(Name, $"{size} entries, {batch} event{(batch == 1 ? "" : "s")} to a STATE entry", "entries/s", values, references, []));
        }

        return Task.CompletedTask;
    }

    private static double Replayed(List<byte[]> bundles, Checkpoint checkpoint)
    {
        var began = Stopwatch.GetTimestamp();
        var replay = new LedgerReplay(checkpoint);
        foreach (var bundle in bundles)
        {
            replay.AddBundle(bundle, []);
        }

        var findings = replay.Finish();
        return findings.Count == 0 ? checkpoint.Size / Stopwatch.GetElapsedTime(began).TotalSeconds : throw new InvalidOperationException(findings[0].Fault.Detail);
    }

    private static double Hashed(List<byte[]> bundles, int size)
    {
        const int Stride = LedgerEntry.Size + 2;
        Span<byte> hash = stackalloc byte[Hash.Length];
        var began = Stopwatch.GetTimestamp();
        foreach (var bundle in bundles)
        {
            for (var at = 2; at < bundle.Length; at += Stride)
            {
                Sha256.Hash([0], bundle.AsSpan(at, LedgerEntry.Size), hash);
            }
        }

        return size / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static (List<byte[]> Bundles, Checkpoint Checkpoint) Make(int size, int batch)
    {
        var random = new Random(1);
        var (map, tree, granted) = (new ConsentMap(), new CompactRange(), new List<Hash>());
        var bundles = new List<byte[]>();
        var entries = new List<ReadOnlyMemory<byte>>(TilePath.FullWidth);
        var previous = LedgerEntry.NoPreviousState;
        for (var index = 0UL; index < (ulong)size; index++)
        {
            var isState = index % (ulong)(batch + 1) == (ulong)batch || index == (ulong)size - 1;
            var entry = isState ? LedgerEntry.ForState(DateTimeOffset.UnixEpoch, map.Root, (ulong)map.Count, previous) : Event(random, granted);
            previous = isState ? index : previous;
            if (entry.Operation != ConsentOperation.None)
            {
                map.Set(entry.Handle, ConsentState.After(index, entry));
            }

            tree.Append(entry.LeafHash());
            entries.Add(entry.ToBytes());
            if (entries.Count == TilePath.FullWidth || index == (ulong)size - 1)
            {
                bundles.Add(EntryBundle.Encode(entries));
                entries.Clear();
            }
        }

        return (bundles, new Checkpoint("benchmark.example/audit", (ulong)size, tree.Root));
    }

    private static LedgerEntry Event(Random random, List<Hash> granted)
    {
        if (random.Next(ConsentsOneIn) != 0)
        {
            return LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, Any(random), Any(random));
        }

        var withdraws = granted.Count > 0 && random.Next(4) == 0;
        var at = withdraws ? random.Next(granted.Count) : granted.Count;
        if (!withdraws)
        {
            granted.Add(Any(random));
        }

        var handle = granted[at];
        if (withdraws)
        {
            granted[at] = granted[^1];
            granted.RemoveAt(granted.Count - 1);
        }

        return LedgerEntry.ForConsent(
            DateTimeOffset.UnixEpoch, Any(random), Any(random), withdraws ? ConsentOperation.Withdraw : ConsentOperation.Grant, handle, LedgerEntry.NoEnd, Any(random));
    }

    private static Hash Any(Random random)
    {
        Span<byte> bytes = stackalloc byte[Hash.Length];
        random.NextBytes(bytes);
        return new Hash(bytes);
    }
}
