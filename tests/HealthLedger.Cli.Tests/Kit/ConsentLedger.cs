using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Cli.Tests.Kit;

/// <summary>Makes the entries of a ledger as the gateway would, batch by batch; tests then change some. The same seed gives the same entries.</summary>
internal sealed class ConsentLedger
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    private readonly Random random;
    private readonly ConsentMap map = new();
    private readonly List<Hash> granted = [];

    public ConsentLedger(int batches, int seed = 1)
    {
        random = new Random(seed);
        for (var batch = 0; batch < batches; batch++)
        {
            AddBatch(random.Next(1, 60));
        }
    }

    public List<LedgerEntry> Entries { get; } = [];

    /// <summary>Indices of the STATE entries.</summary>
    public List<int> States => [.. Enumerable.Range(0, Entries.Count).Where(i => Entries[i].Kind == EntryKind.State)];

    public GeneratedLog ToLog() => new([.. Entries.Select(entry => entry.ToBytes())]);

    public void AddBatch(int events)
    {
        for (var i = 0; i < events; i++)
        {
            Add(random.Next(4) switch
            {
                0 => Consent(ConsentOperation.Grant, Fresh()),
                1 when granted.Count > 0 => Consent(ConsentOperation.Withdraw, Taken()),
                _ => LedgerEntry.ForEvent(Now, Any(), Any()),
            });
        }

        AddState();
    }

    public void Add(LedgerEntry entry)
    {
        if (entry.Operation != ConsentOperation.None)
        {
            map.Set(entry.Handle, ConsentState.After((ulong)Entries.Count, entry));
        }

        Entries.Add(entry);
    }

    public void AddState()
    {
        var previous = Entries.FindLastIndex(entry => entry.Kind == EntryKind.State);
        Entries.Add(LedgerEntry.ForState(Now, map.Root, (ulong)map.Count, previous < 0 ? LedgerEntry.NoPreviousState : (ulong)previous));
    }

    private LedgerEntry Consent(ConsentOperation operation, Hash handle) => LedgerEntry.ForConsent(Now, Any(), Any(), operation, handle, LedgerEntry.NoEnd, Any());

    private Hash Fresh()
    {
        granted.Add(Any());
        return granted[^1];
    }

    private Hash Taken()
    {
        var at = random.Next(granted.Count);
        var handle = granted[at];
        granted.RemoveAt(at);
        return handle;
    }

    private Hash Any()
    {
        var bytes = new byte[Hash.Length];
        random.NextBytes(bytes);
        return new Hash(bytes);
    }
}
