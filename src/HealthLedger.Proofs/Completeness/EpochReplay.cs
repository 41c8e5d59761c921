using System.Runtime.InteropServices;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Completeness;

/// <summary>Checks every EPOCH entry against the entries it covers: an auditor's part of completeness, which a patient's check rests on.</summary>
/// <remarks>Memory: 40 bytes for each entry since the last EPOCH. Not safe for several threads.</remarks>
public sealed class EpochReplay : IReplayCheck
{
    private List<TagRow> _rows = [];

    /// <inheritdoc/>
    public AuditPart Part => AuditPart.Epochs;

    /// <summary>EPOCH entries so far.</summary>
    public int Count { get; private set; }

    /// <summary>The entry behind the last one that an epoch covers.</summary>
    public ulong CoveredTo { get; private set; }

    /// <summary>Index of the last EPOCH entry, or <see cref="LedgerEntry.NoPreviousEpoch"/>.</summary>
    public ulong Last { get; private set; } = LedgerEntry.NoPreviousEpoch;

    /// <summary>Takes the next entry.</summary>
    /// <returns>A refusal is a finding about the ledger; the replay goes on after it.</returns>
    public Verdict Apply(ulong index, in LedgerEntry entry)
    {
        if (entry.IsOnChain)
        {
            _rows.Add(new TagRow(entry.Tag, index));
            return Verdict.Valid;
        }

        return entry.Kind == EntryKind.Epoch ? Close(index, entry) : Verdict.Valid;
    }

    /// <inheritdoc/>
    public void Skip(ulong index)
    {
    }

    private Verdict Close(ulong index, in LedgerEntry entry)
    {
        var (from, previous) = (CoveredTo, Last);
        Count++;
        Last = index;
        if (entry.EpochFrom != from || entry.PreviousEpoch != previous)
        {
            CoveredTo = Math.Max(from, Math.Min(entry.EpochTo, index));
            return Verdict.Refused("epoch-order", $"EPOCH entry {index} does not go on where the epoch before ended, at entry {from}.");
        }

        if (entry.EpochTo > index)
        {
            return Verdict.Refused("epoch-range", $"EPOCH entry {index} covers entries that come after it.");
        }

        var to = CoveredTo = entry.EpochTo;
        var covered = _rows.FindAll(row => row.Index < to);
        _rows = _rows.FindAll(row => row.Index >= to);
        covered.Sort();
        for (var i = 1; i < covered.Count; i++)
        {
            if (covered[i].Tag == covered[i - 1].Tag)
            {
                return Verdict.Refused("epoch-tag-twice", $"Entries {covered[i - 1].Index} and {covered[i].Index} carry the same tag.");
            }
        }

        if ((ulong)covered.Count != entry.EpochCount)
        {
            return Verdict.Refused("epoch-count", $"EPOCH entry {index} says {entry.EpochCount} tags; its entries have {covered.Count}.");
        }

        return EpochTree.Root(CollectionsMarshal.AsSpan(covered)) == entry.Commitment
            ? Verdict.Valid
            : Verdict.Refused("epoch-root", $"EPOCH entry {index} names another root than its entries lead to.");
    }
}
