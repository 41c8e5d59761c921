using System.Collections.Concurrent;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger;

/// <summary>Looks tags up: in memory for what the index does not have yet, in the index for the rest. Applies in bulk, off the hot path.</summary>
internal sealed class Indexing(ILedgerIndex index)
{
    /// <summary>Entries that wait in memory at most: beyond, the ledger takes nothing until the index has caught up.</summary>
    public const int MaxWaiting = 1_000_000;

    private readonly ConcurrentDictionary<UInt128, ulong> _recent = [];
    private readonly Lock _lock = new();
    private List<TagPlace> _tags = [];
    private Dictionary<Hash, ConsentState> _leaves = [];
    private ulong _size = index.AppliedSize;

    public ulong AppliedSize => index.AppliedSize;

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _tags.Count;
            }
        }
    }

    public ulong? Find(in Hash tag)
    {
        var key = EventTag.Short(tag);

        // In this order: what leaves memory is in the index before it does.
        return _recent.TryGetValue(key, out var recent) ? recent : index.Find(key);
    }

    /// <summary>Takes up a committed batch. Called before its checkpoint is published.</summary>
    public void Add(ulong size, IReadOnlyList<TagPlace> tags, IReadOnlyList<ConsentLeaf> leaves)
    {
        foreach (var place in tags)
        {
            _recent[place.Tag] = place.Index;
        }

        lock (_lock)
        {
            _tags.AddRange(tags);
            foreach (var leaf in leaves)
            {
                _leaves[leaf.Handle] = leaf.State;
            }

            _size = size;
        }
    }

    /// <summary>Brings the index up to date. One thread at a time.</summary>
    public void Apply()
    {
        List<TagPlace> tags;
        Dictionary<Hash, ConsentState> leaves;
        ulong size;
        lock (_lock)
        {
            if (_size == index.AppliedSize)
            {
                return;
            }

            (tags, leaves, size) = (_tags, _leaves, _size);
            (_tags, _leaves) = ([], []);
        }

        try
        {
            index.Apply(size, tags, [.. leaves.Select(leaf => new ConsentLeaf(leaf.Key, leaf.Value))]);
        }
        catch (IOException)
        {
            GiveBack(tags, leaves);
            throw;
        }

        foreach (var place in tags)
        {
            _recent.TryRemove(place.Tag, out _);
        }
    }

    /// <summary>The tag of an entry that a chain may own, and where; null for STATE and EPOCH.</summary>
    public static TagPlace? PlaceOf(in LedgerEntry entry, ulong position) =>
        entry.IsOnChain ? new TagPlace(EventTag.Short(entry.Tag), position) : null;

    private void GiveBack(List<TagPlace> tags, Dictionary<Hash, ConsentState> leaves)
    {
        lock (_lock)
        {
            tags.AddRange(_tags);
            _tags = tags;
            foreach (var leaf in leaves)
            {
                _leaves.TryAdd(leaf.Key, leaf.Value);
            }
        }
    }
}
