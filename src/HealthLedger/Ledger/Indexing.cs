using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger;

/// <summary>Looks tags up: in memory for what the index does not have yet, in the index for the rest. Applies in bulk, off the hot path.</summary>
internal sealed class Indexing(ILedgerIndex index)
{
    /// <summary>Entries that wait in memory at most: beyond, the ledger takes nothing until the index has caught up.</summary>
    public const int MaxWaiting = 1_000_000;

    private readonly Lock _lock = new();
    private Batches _waiting = new(0);
    private Batches? _applying;
    private ulong _size = index.AppliedSize;

    public ulong AppliedSize => index.AppliedSize;

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Tags.Count;
            }
        }
    }

    public ulong? Find(in Hash tag)
    {
        var key = EventTag.Short(tag);
        lock (_lock)
        {
            if (_waiting.Places.TryGetValue(key, out var place) || (_applying?.Places.TryGetValue(key, out place) ?? false))
            {
                return place;
            }
        }

        // In this order: what leaves memory is in the index before it does.
        return index.Find(key);
    }

    /// <summary>Takes up a committed batch. Called before its checkpoint is published.</summary>
    public void Add(ulong size, List<TagPlace> tags, List<ConsentLeaf> leaves)
    {
        lock (_lock)
        {
            _waiting.Tags.AddRange(tags);
            foreach (var place in tags)
            {
                _waiting.Places[place.Tag] = place.Index;
            }

            foreach (var leaf in leaves)
            {
                _waiting.Leaves[leaf.Handle] = leaf.State;
            }

            _size = size;
        }
    }

    /// <summary>Brings the index up to date. One thread at a time.</summary>
    public void Apply()
    {
        var next = new Batches(Waiting); // as many come again, likely; made here, so that nobody waits for it
        Batches batches;
        ulong size;
        lock (_lock)
        {
            if (_size == index.AppliedSize)
            {
                return;
            }

            (batches, size) = (_waiting, _size);
            (_waiting, _applying) = (next, batches);
        }

        try
        {
            index.Apply(size, batches.Tags, [.. batches.Leaves.Select(leaf => new ConsentLeaf(leaf.Key, leaf.Value))]);
        }
        catch
        {
            GiveBack(batches);
            throw;
        }

        lock (_lock)
        {
            _applying = null;
        }
    }

    /// <summary>The tag of an entry that a chain may own, and where; null for STATE and EPOCH.</summary>
    public static TagPlace? PlaceOf(in LedgerEntry entry, ulong position) =>
        entry.IsOnChain ? new TagPlace(EventTag.Short(entry.Tag), position) : null;

    private void GiveBack(Batches batches)
    {
        lock (_lock)
        {
            batches.Take(_waiting);
            (_waiting, _applying) = (batches, null);
        }
    }

    /// <summary>What committed batches brought.</summary>
    private sealed class Batches(int capacity)
    {
        public List<TagPlace> Tags { get; } = new(capacity);

        public Dictionary<UInt128, ulong> Places { get; } = new(capacity);

        public Dictionary<Hash, ConsentState> Leaves { get; } = [];

        /// <summary>Takes up later ones.</summary>
        public void Take(Batches later)
        {
            Tags.AddRange(later.Tags);
            foreach (var (tag, place) in later.Places)
            {
                Places[tag] = place;
            }

            foreach (var (handle, state) in later.Leaves)
            {
                Leaves[handle] = state;
            }
        }
    }
}
