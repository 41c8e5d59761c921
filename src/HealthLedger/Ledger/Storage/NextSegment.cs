namespace HealthLedger.Ledger.Storage;

/// <summary>
/// The journal's next segment, filled with zeros beside the commits under a name of its own, so that no batch waits until a stretch of zeros is written before its record can be flushed.
/// A start deletes one that was left: it holds nothing, and is never part of the journal before it has a number.
/// </summary>
/// <remarks><see cref="Fill"/> belongs to the keeper, <see cref="TryBecome"/> to the sequencer; they may run beside each other.</remarks>
internal sealed class NextSegment(ILedgerStorage storage, long bytes)
{
    public const string Name = "journal-next.log";

    private static readonly byte[] s_zeros = new byte[256 * 1024];
    private ILedgerFile? _filling;
    private long _filled;
    private volatile bool _isReady;

    /// <summary>Writes more of it, until it is full. Where there is no room for it there is none.</summary>
    /// <param name="most">Bytes to write at most now.</param>
    public void Fill(long most)
    {
        if (_isReady)
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
            if (_filling is not null)
            {
                Close();
                storage.Delete(Name);
            }

            return;
        }

        if (_filled == bytes)
        {
            Close();
            _isReady = true;
        }
    }

    /// <summary>Gives it the name of a segment that is not there yet; durable when the directory is flushed. False where it is not full.</summary>
    public bool TryBecome(string segment)
    {
        if (!_isReady)
        {
            return false;
        }

        storage.Rename(Name, segment);
        _isReady = false;
        return true;
    }

    /// <summary>Not beside <see cref="Fill"/>.</summary>
    public void Close()
    {
        _filling?.Dispose();
        (_filling, _filled) = (null, 0);
    }
}
