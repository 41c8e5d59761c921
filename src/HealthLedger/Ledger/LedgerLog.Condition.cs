namespace HealthLedger.Ledger;

public sealed partial class LedgerLog
{
    /// <summary>How the ledger stands now: asked of the disk and the clock at each call, since without requests nothing else would notice that room is back.</summary>
    public LedgerCondition Condition => Standing switch
    {
        { State: LedgerState.Taking } when _waits => LedgerCondition.Nothing("Emergency reads are being recorded."),
        { State: LedgerState.Taking } good => good,
        var stands => stands with { PromisesReads = PromisesNow },
    };

    private LedgerCondition Standing =>
        _sequencer.Stopped is not null || _parts.Failed || _disposed != 0 ? LedgerCondition.Nothing("The ledger stopped.")
        : _parts.Halted is { } halted ? LedgerCondition.Nothing(halted)
        : _sequencer.DoubtsClock(Published.Time) is { } doubt ? LedgerCondition.Nothing(doubt)
        : _parts.Indexing.Waiting > Indexing.MaxWaiting ? LedgerCondition.Nothing("The ledger's index is behind.")
        : ConditionOfDisk();

    private LedgerCondition ConditionOfDisk()
    {
        var (reserve, lacksRoom) = (_parts.Reserve, _parts.Storage.FreeBytes < _options.MinFreeBytes);
        return !lacksRoom && !reserve.IsShort ? LedgerCondition.Good
            : !reserve.IsOffered ? LedgerCondition.Nothing("The disk is nearly full.")
            : lacksRoom && reserve.IsUsedUp ? LedgerCondition.Nothing("The disk is nearly full, and the reserve is used up.")
            : new LedgerCondition(LedgerState.TakingFromReserve, "The disk is nearly full: only consents are taken back, out of the reserve.");
    }
}
