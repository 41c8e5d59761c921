namespace HealthLedger.Ledger.Storage;

/// <summary>The room that is reserved behind the end of a file which only grows.</summary>
internal sealed class Headroom(ILedgerFile file)
{
    private const int Least = 4096;
    private long _end;

    /// <summary>Bytes that can be appended whatever else happens to the disk.</summary>
    public long Left => Math.Max(0, _end - file.Length);

    /// <summary>Sees to it that so many bytes are left, and takes half as many again, so that this is not done for every batch.</summary>
    public Reserving Keep(long bytes)
    {
        if (Left >= bytes)
        {
            return Reserving.Kept;
        }

        var outcome = Take(bytes + (bytes / 2));
        outcome = outcome == Reserving.NoRoom ? Take(bytes) : outcome;

        // After a start it is not known what is there already: as much as there is, then.
        for (var less = bytes / 2; outcome == Reserving.NoRoom && Left == 0 && less >= Least; less /= 2)
        {
            Take(less);
        }

        return outcome;
    }

    private Reserving Take(long bytes)
    {
        var end = file.Length + bytes;
        var outcome = file.Reserve(end);
        if (outcome == Reserving.Kept)
        {
            _end = Math.Max(_end, end);
        }

        return outcome;
    }
}
