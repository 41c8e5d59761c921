namespace HealthLedger.Ledger.Storage;

/// <summary>
/// The journal's next segment, filled with zeros beside the commits under a name of its own, so that no batch waits until a stretch of zeros is written before its record can be flushed.
/// A start deletes one that was left: it holds nothing, and is never part of the journal before it has a number.
/// </summary>
/// <remarks><see cref="Fill"/> and <see cref="GiveBack"/> belong to the keeper, <see cref="TryBecome"/> to the sequencer; they may run beside each other.</remarks>
internal sealed class NextSegment(ILedgerStorage storage, long bytes)
{
    public const string Name = "journal-next.log";

    private const int NotReady = 0;
    private const int Ready = 1;
    private const int Taken = 2;
    private static readonly byte[] s_zeros = new byte[256 * 1024];
    private ILedgerFile? _filling;
    private long _filled;
    private int _state;
    private volatile bool _lacksRoom;

    /// <summary>Writes more of it and flushes that, until it is full. Where there is no room for it there is none, and it is not tried again before the next segment begins.</summary>
    /// <param name="most">Bytes to write at most now.</param>
    public void Fill(long most)
    {
        if (_lacksRoom || Volatile.Read(ref _state) != NotReady)
        {
            return;
        }

        try
        {
            _filling ??= storage.Open(Name);
            for (var end = Math.Min(bytes, _filled + most); _filled < end;)
            {
                var zeros = s_zeros.AsSpan(0, (int)Math.Min(s_zeros.Length, end - _filled));
                _filling.Write(zeros, _filled);
                _filled += zeros.Length;
            }

            _filling.Flush();
        }
        catch (StorageFullException)
        {
            _lacksRoom = true;
            GiveBack();
            return;
        }

        if (_filled == bytes)
        {
            Close();
            Volatile.Write(ref _state, Ready);
        }
    }

    /// <summary>Deletes what there is of it, for others who need the room.</summary>
    public void GiveBack()
    {
        if (_filling is not null || Interlocked.CompareExchange(ref _state, NotReady, Ready) == Ready)
        {
            Close();
            storage.Delete(Name);
        }
    }

    /// <summary>Gives it the name of a segment that is not there yet; durable when the directory is flushed. False where it is not full.</summary>
    /// <exception cref="StorageFullException">There is no room for the name; it stays ready.</exception>
    public bool TryBecome(string segment)
    {
        _lacksRoom = false;
        if (Interlocked.CompareExchange(ref _state, Taken, Ready) != Ready)
        {
            return false;
        }

        var left = Ready;
        try
        {
            storage.Rename(Name, segment);
            left = NotReady;
        }
        finally
        {
            Volatile.Write(ref _state, left);
        }

        return true;
    }

    /// <summary>Not beside <see cref="Fill"/>.</summary>
    public void Close()
    {
        _filling?.Dispose();
        (_filling, _filled) = (null, 0);
    }
}
