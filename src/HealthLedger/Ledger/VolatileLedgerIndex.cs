using System.Collections.Concurrent;
using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;

namespace HealthLedger.Ledger;

/// <summary>The index in memory: rebuilt from the entries at each start. For small ledgers and for tests.</summary>
public sealed class VolatileLedgerIndex : ILedgerIndex
{
    private readonly ConcurrentDictionary<UInt128, ulong> _tags = [];
    private readonly ConcurrentDictionary<Hash, ConsentState> _leaves = [];

    /// <inheritdoc/>
    public ulong AppliedSize { get; private set; }

    /// <inheritdoc/>
    public ulong? Find(UInt128 tag) => _tags.TryGetValue(tag, out var index) ? index : null;

    /// <inheritdoc/>
    public IEnumerable<ConsentLeaf> Leaves() => _leaves.Select(leaf => new ConsentLeaf(leaf.Key, leaf.Value));

    /// <inheritdoc/>
    public void Apply(ulong size, IReadOnlyCollection<TagPlace> tags, IReadOnlyCollection<ConsentLeaf> leaves)
    {
        foreach (var place in tags)
        {
            _tags[place.Tag] = place.Index;
        }

        foreach (var leaf in leaves)
        {
            _leaves[leaf.Handle] = leaf.State;
        }

        AppliedSize = size;
    }

    /// <inheritdoc/>
    public void Clear()
    {
        _tags.Clear();
        _leaves.Clear();
        AppliedSize = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
