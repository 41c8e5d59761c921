using System.Diagnostics;

namespace HealthLedger.Ledger.Storage;

/// <summary>
/// Room that is taken ahead, while the disk still has some, in the very files that a commit writes: so that on a full disk those few requests are recorded which must not wait
/// for room, whoever filled it (docs/decisions/0014). The lock checkpoint has its place from the beginning; index, checkpoint file and tail can wait.
/// </summary>
/// <remarks>The sequencer's thread keeps and uses it; anybody may ask how it stands.</remarks>
internal sealed class LedgerReserve(LedgerOptions options, FlatFiles flat, Journal journal)
{
    /// <summary>The stores' room changes seldom, and asking for it costs a look at the disk.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly long _journalBytes = options.ReserveBytes / 2;
    private readonly long _flatBytes = options.ReserveBytes / 4;
    private readonly long _storeBytes = options.ReserveBytes / 4;
    private long _asked;
    private bool _storesHaveRoom;
    private volatile bool _isOffered = options.ReserveBytes > 0;
    private volatile bool _isShort;
    private volatile bool _isUsedUp;
    private double _left = 1;

    /// <summary>False where none is asked for, or the file system promises none.</summary>
    public bool IsOffered => _isOffered;

    /// <summary>True where it is not whole and there is no room to make it so.</summary>
    public bool IsShort => _isShort;

    /// <summary>True where it had no room for what was asked of it last.</summary>
    public bool IsUsedUp => _isUsedUp;

    /// <summary>The smallest part that any of the ledger's files has left of it, 0 to 1.</summary>
    public double Left => Volatile.Read(ref _left);

    /// <summary>Makes it whole.</summary>
    /// <returns>False where there is no room for that: then only what may use it is taken.</returns>
    public bool Keep()
    {
        if (!_isOffered)
        {
            return true;
        }

        var outcome = flat.Reserve(_flatBytes);
        outcome = outcome == Reserving.Kept ? journal.Reserve(_journalBytes) : outcome;
        _isOffered = outcome != Reserving.NotOffered;
        if (outcome == Reserving.Kept && (!_storesHaveRoom || Stopwatch.GetElapsedTime(_asked) > s_pause))
        {
            _storesHaveRoom = options.Participants.All(participant => participant.Reserve(_storeBytes));
            _asked = Stopwatch.GetTimestamp();
        }

        _isShort = outcome == Reserving.NoRoom || (outcome == Reserving.Kept && !_storesHaveRoom);
        _isUsedUp = _isUsedUp && _isShort;
        Measure();
        return !_isShort;
    }

    /// <summary>Makes sure that a batch which is about to be staged finds room in it, to the last store.</summary>
    /// <exception cref="StorageFullException">It does not; nothing was written.</exception>
    public void Require(JournalRecord record)
    {
        _isUsedUp = !flat.HasRoom(record) || !journal.HasRoom(record) || (record.RedoCount > 0 && record.Redo is var redo && !options.Participants.All(participant => participant.HasRoom(redo)));
        if (_isUsedUp)
        {
            throw new StorageFullException("a batch into the ledger's reserve", null);
        }
    }

    /// <summary>A batch went into it.</summary>
    public void Used()
    {
        _storesHaveRoom = false;
        Measure();
    }

    private void Measure() => Volatile.Write(ref _left, Math.Min(flat.ReserveLeft(_flatBytes), journal.ReserveLeft(_journalBytes)));
}
