using System.Runtime.InteropServices;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Completeness;

/// <summary>Checks every EPOCH entry against the entries it covers: an auditor's part of completeness, which a patient's check rests on.</summary>
/// <remarks>Memory: 40 bytes for each entry since the last EPOCH. Not safe for several threads.</remarks>
/// <param name="start">The first entry that is read: of an epoch that began before it nothing but its order can be checked.</param>
public sealed class EpochReplay(ulong start) : IReplayCheck
{
    /// <summary>
    /// By how much an entry that an EPOCH entry leaves to the next epoch may be older than it, since appends go on while it is made. Without a limit an epoch of today could end
    /// with an entry of last year, and a list that is whole up to there would look whole up to today.
    /// </summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromHours(1);

    private readonly List<(ulong Index, ulong Time)> _times = [];
    private List<TagRow> _rows = [];

    /// <summary>From the first entry on.</summary>
    public EpochReplay()
        : this(0)
    {
    }

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
            if (_times.Count == 0 || _times[^1].Time != entry.Time)
            {
                _times.Add((index, entry.Time));
            }

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
        var isFirstRead = start > 0 && previous == LedgerEntry.NoPreviousEpoch;
        if (!isFirstRead && (entry.EpochFrom != from || entry.PreviousEpoch != previous))
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
        if (entry.EpochFrom < start)
        {
            return Verdict.Valid;
        }

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

        if (EpochTree.Root(CollectionsMarshal.AsSpan(covered)) != entry.Commitment)
        {
            return Verdict.Refused("epoch-root", $"EPOCH entry {index} names another root than its entries lead to.");
        }

        return TimeOfFirstLeft() is { } time && entry.Time > time + (ulong)MaxLag.TotalSeconds
            ? Verdict.Refused("epoch-late", $"EPOCH entry {index} ends before entry {_rows[0].Index}, which is more than an hour older than it.")
            : Verdict.Valid;
    }

    /// <summary>The time of the first entry on a chain that no epoch covers yet; null where there is none. Forgets the times before it.</summary>
    private ulong? TimeOfFirstLeft()
    {
        if (_rows.Count == 0)
        {
            _times.Clear();
            return null;
        }

        var first = _rows[0].Index;
        _times.RemoveRange(0, _times.FindLastIndex(each => each.Index <= first));
        return _times[0].Time;
    }
}
