using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.ConsentStateMap;

/// <summary>Folds ledger entries, in order from index 0, into the consent-state map, and checks every STATE entry on the way.</summary>
/// <remarks>
/// Rules: a grant needs a handle that was never in the map; a withdrawal needs one that is granted; a STATE entry names the root and count of the
/// map just before it and the STATE entry before it; an entry's time is never below the one before it, so that none is dated back. Everybody who replays the same entries gets the same map. Not safe for several threads.
/// </remarks>
public sealed class ReplayConsentState : IReplayCheck
{
    private ulong _time;

    /// <summary>Before the first entry.</summary>
    public ReplayConsentState()
        : this(new ConsentMap())
    {
    }

    private ReplayConsentState(ConsentMap map) => Map = map;

    /// <summary>Goes on after a STATE entry whose root and count are those of a map.</summary>
    /// <param name="map">The map; from here on the replay's own.</param>
    /// <param name="size">Entries up to and with that STATE entry, at least 1.</param>
    public static ReplayConsentState After(ConsentMap map, ulong size)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentOutOfRangeException.ThrowIfZero(size);
        return new ReplayConsentState(map) { NextIndex = size, LastState = size - 1 };
    }

    /// <summary>The map as of the last entry applied.</summary>
    public ConsentMap Map { get; }

    /// <summary>The index that the next entry has.</summary>
    public ulong NextIndex { get; private set; }

    /// <summary>Index of the last STATE entry, or <see cref="LedgerEntry.NoPreviousState"/>.</summary>
    public ulong LastState { get; private set; } = LedgerEntry.NoPreviousState;

    /// <summary>True where the last entry applied was a STATE entry, as it must be at every checkpoint.</summary>
    public bool EndsWithState => NextIndex > 0 && LastState == NextIndex - 1;

    /// <summary>Applies the next entry.</summary>
    /// <returns>
    /// A refusal is a finding about the ledger. The replay goes on after it: an operation against the rules changes nothing, a STATE entry that
    /// does not fit still counts as the last one.
    /// </returns>
    public Verdict Apply(in LedgerEntry entry)
    {
        var (index, before) = (NextIndex, _time);
        _time = Math.Max(before, entry.Time);
        var verdict = Follow(entry);
        return verdict.Holds && entry.Time < before
            ? Verdict.Refused("replay-time", $"Entry {index} bears an earlier time than an entry before it.")
            : verdict;
    }

    private Verdict Follow(in LedgerEntry entry)
    {
        var index = NextIndex++;
        if (entry.Kind == EntryKind.State)
        {
            return CheckState(index, entry);
        }

        if (entry.Operation == ConsentOperation.None)
        {
            return Verdict.Valid;
        }

        var verdict = Check(Map, index, entry);
        if (verdict.Holds)
        {
            Map.Set(entry.Handle, ConsentState.After(index, entry));
        }

        return verdict;
    }

    /// <inheritdoc/>
    public AuditPart Part => AuditPart.MapReplay;

    /// <inheritdoc/>
    Verdict IReplayCheck.Apply(ulong index, in LedgerEntry entry) => Apply(entry);

    /// <summary>Counts an entry that could not be read; it changes nothing.</summary>
    void IReplayCheck.Skip(ulong index) => NextIndex++;

    /// <summary>Whether the rules allow an entry's operation on a map: the sequencer asks this before it appends.</summary>
    public static Verdict Check(ConsentMap map, ulong index, in LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(map);
        var present = map.TryGet(entry.Handle, out var state);
        return entry.Operation switch
        {
            ConsentOperation.Grant when present => Verdict.Refused("replay-grant", $"Entry {index} grants under a handle that was used before."),
            ConsentOperation.Withdraw when !present => Verdict.Refused("replay-withdraw", $"Entry {index} withdraws a handle that was never granted."),
            ConsentOperation.Withdraw when state.Standing != ConsentStanding.Granted =>
                Verdict.Refused("replay-withdraw", $"Entry {index} withdraws a handle that is withdrawn already."),
            _ => Verdict.Valid,
        };
    }

    private Verdict CheckState(ulong index, in LedgerEntry entry)
    {
        var previous = LastState;
        LastState = index;
        if (entry.PreviousState != previous)
        {
            return Verdict.Refused("replay-state-previous", $"STATE entry {index} does not name the STATE entry before it.");
        }

        if (entry.StateCount != (ulong)Map.Count)
        {
            return Verdict.Refused("replay-state-count", $"STATE entry {index} says {entry.StateCount} handles; the replay has {Map.Count}.");
        }

        return entry.Commitment == Map.Root
            ? Verdict.Valid
            : Verdict.Refused("replay-state-root", $"STATE entry {index} names another map root than the replay.");
    }
}
