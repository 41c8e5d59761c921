using System.Globalization;

namespace HealthLedger.Ledger.Storage;

/// <content>What a start reads, drops and refuses.</content>
internal sealed partial class Journal
{
    /// <summary>
    /// Reads all records up to the lock checkpoint, oldest first, and leaves the journal ready to stage the next.
    /// A record is valid until the next one is asked for.
    /// </summary>
    /// <exception cref="LedgerRefusesToStartException">A record is missing or damaged, or the journal goes on where the lock checkpoint does not.</exception>
    public IEnumerable<JournalRecord> Recover(LockState state)
    {
        var buffer = new byte[64 * 1024];
        if (!_segments.ContainsKey(state.Segment))
        {
            throw Refuse($"{NameOf(state.Segment)} is missing, which the lock checkpoint points to.");
        }

        ulong? size = null;
        foreach (var segment in _segments.Values.Where(segment => segment.Number <= state.Segment).ToList())
        {
            long position = 0;
            while (segment.Number < state.Segment || position < state.Position)
            {
                var record = ReadAt(segment, position, ref buffer);
                if (record is null && segment.Number < state.Segment && position > 0)
                {
                    break; // the rest of a full segment; a damaged record shows at the next segment, whose sizes do not go on
                }

                if (record is null || (size is { } before && record.SizeBefore != before))
                {
                    throw Refuse($"{NameOf(segment.Number)} is damaged at byte {position}, before the end of what was acknowledged.");
                }

                size = record.SizeAfter;
                position += record.Length;
                (segment.Committed, segment.LastSize) = (position, record.SizeAfter);
                yield return record;
            }

            if (segment.Number == state.Segment && position != state.Position)
            {
                throw Refuse($"{NameOf(segment.Number)} has no record that ends at byte {state.Position}, where the lock checkpoint says.");
            }
        }

        if (size != state.Size)
        {
            throw Refuse($"The journal ends at size {size?.ToString(CultureInfo.InvariantCulture) ?? "none"}, the lock checkpoint at {state.Size}.");
        }

        DropBeyond(state, ref buffer);
        DropNext();
        (_current, _position) = (_segments[state.Segment], state.Position);
    }

    /// <summary>Prepares the journal of a ledger that has no lock checkpoint yet: at most one batch can have been staged.</summary>
    public void RecoverEmpty()
    {
        var buffer = new byte[64 * 1024];
        if (_segments.Keys.Any(number => number != 1))
        {
            throw Refuse("There are journal segments but no lock checkpoint.");
        }

        if (_segments.TryGetValue(1, out var segment))
        {
            RefuseSecond(segment, 0, 0, ref buffer);
            Delete(segment);
        }

        DropNext();
    }

    private static LedgerRefusesToStartException Refuse(string found) =>
        new(found, "Restore the ledger's directory from one consistent backup. Do not delete single files.");

    /// <summary>
    /// One batch may lie behind the lock checkpoint: staged when the process ended, never acknowledged. It is made unreadable, so that no later start
    /// takes it for part of the journal. Two cannot: the ledger stages a batch only after it locked the one before.
    /// </summary>
    private void DropBeyond(LockState state, ref byte[] buffer)
    {
        var last = _segments[state.Segment];
        if (_segments.Keys.Any(number => number > state.Segment + 1))
        {
            throw Refuse("The journal has later segments than the lock checkpoint: the lock file is older than the journal.");
        }

        var next = _segments.GetValueOrDefault(state.Segment + 1);
        var staged = RefuseSecond(last, state.Position, state.Size, ref buffer);
        if (next is not null)
        {
            var inNext = RefuseSecond(next, 0, staged ?? state.Size, ref buffer);
            if (staged is not null && inNext is not null)
            {
                throw Refuse("The journal has two batches behind the lock checkpoint: the lock file is older than the journal.");
            }

            Delete(next);
        }

        if (staged is not null)
        {
            last.File.Write(new byte[JournalRecord.HeaderSize], state.Position);
            last.File.Flush();
        }
    }

    /// <summary>What was filled ahead holds nothing. Only once the journal is known to be whole: a start that refuses it deletes nothing.</summary>
    private void DropNext()
    {
        if (_storage.List().Contains(NextSegment.Name))
        {
            _storage.Delete(NextSegment.Name);
        }
    }

    /// <summary>The size after the record at this place, null where there is none; refuses where another one follows it.</summary>
    private static ulong? RefuseSecond(Segment segment, long position, ulong size, ref byte[] buffer)
    {
        if (ReadAt(segment, position, ref buffer) is not { } record || record.SizeBefore != size)
        {
            return null;
        }

        var after = record.SizeAfter;
        if (ReadAt(segment, position + record.Length, ref buffer) is { } second && second.SizeBefore == after)
        {
            throw Refuse("The journal has two batches behind the lock checkpoint: the lock file is older than the journal.");
        }

        return after;
    }

    private void Delete(Segment segment)
    {
        _segments.Remove(segment.Number);
        segment.File.Dispose();
        _storage.Delete(NameOf(segment.Number));
        _storage.FlushDirectory();
    }
}
