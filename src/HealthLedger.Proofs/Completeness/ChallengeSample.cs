using System.Security.Cryptography;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Completeness;

/// <summary>Draws entries at random while a ledger is replayed, each that stands on a chain with the same likelihood (reservoir sampling).</summary>
public sealed class ChallengeSample(int wanted) : IReplayCheck
{
    private readonly List<(ulong Index, Hash Leaf)> _drawn = [];
    private int _seen;

    /// <inheritdoc/>
    public AuditPart Part => AuditPart.Facts;

    /// <summary>The tags of all entries on chains, which answers to the challenge are held against.</summary>
    public TagCensus Tags { get; } = new();

    /// <summary>The drawn entries with their leaf hashes, in no order; fewer than wanted where the ledger has no more.</summary>
    public IReadOnlyList<(ulong Index, Hash Leaf)> Drawn => _drawn;

    /// <inheritdoc/>
    public Verdict Apply(ulong index, in LedgerEntry entry)
    {
        if (!entry.IsOnChain || wanted == 0)
        {
            return Verdict.Valid;
        }

        Tags.Add(entry.Tag);
        _seen++;
        if (_drawn.Count < wanted)
        {
            _drawn.Add((index, entry.LeafHash()));
        }
        else if (RandomNumberGenerator.GetInt32(_seen) is var place && place < wanted)
        {
            _drawn[place] = (index, entry.LeafHash());
        }

        return Verdict.Valid;
    }

    /// <inheritdoc/>
    public void Skip(ulong index)
    {
    }
}
