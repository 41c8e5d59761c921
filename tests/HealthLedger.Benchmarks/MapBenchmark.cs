using System.Diagnostics;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Benchmarks;

/// <summary>The consent-state map with many consents, one thread. The reference of what sets a state is the same on a dictionary in memory, which proves nothing.</summary>
internal sealed class MapBenchmark : Benchmark
{
    public override string Name => "map";

    public override string Says => "consent-state map: changes and proofs/s, by a dictionary's [--consents N] [--seconds N] [--runs N]";

    public override Task Run(string[] args)
    {
        var consents = (int)Option(args, "--consents", 1_000_000);
        var seconds = Option(args, "--seconds", 1);
        var runs = (int)Option(args, "--runs", 3);
        var random = new Random(1);
        var handles = Enumerable.Range(0, consents).Select(_ => Any(random)).ToArray();
        var (map, dictionary) = (new ConsentMap(), new Dictionary<Hash, ConsentState>());
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var filled = Rate(handles, handle => map.Set(handle, State(ConsentStanding.Granted, 1)), () => _ = map.Root);
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        var plain = Rate(handles, handle => dictionary[handle] = State(ConsentStanding.Granted, 1), () => { });
        Print(Measured.Of(Name, $"grants until there are {consents}, one root at the end", "changes/s", [filled], [plain], []));
        Print(Measured.Of(Name, $"memory of {consents} consents", "bytes each", [(double)held / consents], [], []));

        var references = Repeat(runs, seconds, i => dictionary[handles[i % consents]] = State(ConsentStanding.Withdrawn, (ulong)i));
        foreach (var batch in new[] { 1, 32 })
        {
            Print(Measured.Of(
                Name, $"changes of {consents}, a root after each {batch}", "changes/s",
                Repeat(runs, seconds, i =>
                {
                    map.Set(handles[random.Next(consents)], State(ConsentStanding.Withdrawn, (ulong)i));
                    if (i % batch == 0)
                    {
                        _ = map.Root;
                    }
                }),
                references, []));
        }

        var root = map.Root;
        Print(Measured.Of(Name, $"proofs of presence out of {consents}", "proofs/s", Repeat(runs, seconds, _ => map.Prove(handles[random.Next(consents)])), references, []));
        var proofs = Enumerable.Range(0, Math.Min(consents, 10_000)).Select(i => map.Prove(handles[i])).ToArray();
        Print(Measured.Of(
            Name, $"proofs verified ({proofs.Average(proof => proof.ToBytes().Length):F0} bytes each)", "proofs/s",
            Repeat(runs, seconds, i => Demand(proofs[i % proofs.Length].Verify(handles[i % proofs.Length], root))), references, []));
        return Task.CompletedTask;
    }

    private static void Demand(Verdict verdict)
    {
        if (!verdict.Holds)
        {
            throw new InvalidOperationException(verdict.Fault!.Detail);
        }
    }

    private static ConsentState State(ConsentStanding standing, ulong index) => new(standing, index, LedgerEntry.NoEnd, Hash.Zero);

    private static double Rate(Hash[] handles, Action<Hash> each, Action end)
    {
        var began = Stopwatch.GetTimestamp();
        foreach (var handle in handles)
        {
            each(handle);
        }

        end();
        return handles.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static List<double> Repeat(int runs, double seconds, Action<int> work)
    {
        var values = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            var (count, began) = (0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds)
            {
                for (var i = 0; i < 100; i++)
                {
                    work(count++);
                }
            }

            values.Add(count / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return values;
    }

    private static Hash Any(Random random)
    {
        Span<byte> bytes = stackalloc byte[Hash.Length];
        random.NextBytes(bytes);
        return new Hash(bytes);
    }
}
