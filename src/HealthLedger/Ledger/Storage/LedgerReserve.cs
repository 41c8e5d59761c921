using System.Diagnostics;

namespace HealthLedger.Ledger.Storage;

/// <summary>
/// Room that is taken ahead, while the disk still has some, in the very files that a commit writes: so that on a full disk those few requests are recorded which must not wait
/// for room, whoever filled it (docs/decisions/0014). The lock checkpoint has its place from the beginning; index, checkpoint file and tail can wait.
/// </summary>
/// <remarks>The sequencer's thread keeps and uses it; anybody may ask how it stands.</remarks>
internal sealed class LedgerReserve(LedgerOptions options, FlatFiles flat, Journal journal)
{
    /// <summary>However little was written, after so long it is looked at again: a store may have given room back.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly long _journalBytes = options.ReserveBytes / 2;
    private readonly long _flatBytes = options.ReserveBytes / 4;
    private readonly long _storeBytes = options.ReserveBytes / 4;

    /// <summary>Looking at every file takes a tenth of a lone append's time: so this much of the reserve may be lacking before it is made whole again.</summary>
    private readonly long _lack = options.ReserveBytes / 64;
    private long _written;
    private long _looked;
    private bool _isWhole;
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
        if (!_isOffered || (_isWhole && _written < _lack && Stopwatch.GetElapsedTime(_looked) < s_pause))
        {
            return true;
        }

        var outcome = flat.Reserve(_flatBytes);
        outcome = outcome == Reserving.Kept ? journal.Reserve(_journalBytes) : outcome;
        _isOffered = outcome != Reserving.NotOffered;
        _isWhole = outcome == Reserving.Kept && options.Participants.All(participant => participant.Reserve(_storeBytes));
        _isShort = _isOffered && !_isWhole;
        _isUsedUp = _isUsedUp && _isShort;
        (_written, _looked) = (0, journal.IsBegun ? Stopwatch.GetTimestamp() : 0);
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

    /// <summary>A batch was written beside it.</summary>
    public void Passed(JournalRecord record) => _written += record.Length;

    /// <summary>A batch went into it.</summary>
    public void Used()
    {
        _isWhole = false;
        Measure();
    }

    private void Measure() => Volatile.Write(ref _left, Math.Min(flat.ReserveLeft(_flatBytes), journal.ReserveLeft(_journalBytes)));
}
