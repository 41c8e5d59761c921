using System.Globalization;
using HealthLedger.Proofs;

namespace HealthLedger.Ledger.Storage;

/// <summary>
/// The staging area: segments <c>journal-N.log</c> of records, one for each batch, flushed before the batch is signed. A record stays until the flat
/// files, the index, the vault and the tail no longer need it. Segments are filled with zeros ahead of the records, because a flush that does not have
/// to record a new file length takes half the time: whole ones by <see cref="FillNext"/>, and where none is ready the current one step by step.
/// </summary>
/// <remarks>
/// <see cref="Stage"/> and <see cref="Commit"/> belong to the sequencer; <see cref="Next"/>, <see cref="DeleteUpTo"/>, <see cref="FillNext"/>, <see cref="GiveNextBack"/> and <see cref="Hold"/> may run beside them.
/// </remarks>
internal sealed partial class Journal : IDisposable
{
    private const string Prefix = "journal-";
    private const string Suffix = ".log";
    private readonly ILedgerStorage _storage;
    private readonly long _segmentBytes;
    private readonly byte[] _zeros;
    private readonly NextSegment _next;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<uint, Segment> _segments = [];
    private Segment? _current;
    private long _position;
    private (Segment Segment, long End, ulong Size)? _staged;
    private int _holders;
    private (Segment Segment, Headroom Room)? _reserve;
    private long _kept;

    public Journal(ILedgerStorage storage, long segmentBytes, int preallocateBytes)
    {
        (_storage, _segmentBytes, _zeros, _next) = (storage, segmentBytes, new byte[preallocateBytes], new NextSegment(storage, segmentBytes));
        foreach (var number in storage.List().Select(NumberOf).OfType<uint>())
        {
            _segments.Add(number, new Segment(number, storage.Open(NameOf(number))));
        }
    }

    /// <summary>Segments present, oldest first.</summary>
    public IReadOnlyList<uint> Segments
    {
        get
        {
            lock (_lock)
            {
                return [.. _segments.Keys];
            }
        }
    }

    /// <summary>The batch that <see cref="Stage"/> wrote ends here.</summary>
    public (uint Segment, long Position) StagedEnd => (_staged!.Value.Segment.Number, _staged.Value.End);

    /// <summary>False before the first record, when there is no segment yet to keep room in.</summary>
    public bool IsBegun => _current is not null;

    /// <summary>Keeps room for records to come in the segment that is written to; before the first record there is none. From then on a new segment is begun only with the same room.</summary>
    public Reserving Reserve(long bytes)
    {
        _kept = bytes;
        return _current is null ? Reserving.Kept : RoomOf(_current).Keep(bytes);
    }

    /// <summary>Whether a record finds its place in what is reserved.</summary>
    public bool HasRoom(JournalRecord record)
    {
        if (_current is null)
        {
            return false;
        }

        var missing = _position + record.Length - _current.Length;
        return missing <= 0 || RoomOf(_current).Left >= (missing + _zeros.Length - 1) / _zeros.Length * _zeros.Length;
    }

    /// <summary>The part of what <see cref="Reserve"/> keeps that is left, 0 to 1.</summary>
    public double ReserveLeft(long bytes) => _current is null ? 1 : Math.Min(1, (double)RoomOf(_current).Left / Math.Max(1, bytes));

    /// <summary>Writes a record behind the last committed one and makes it durable.</summary>
    /// <exception cref="StorageFullException">There is no room; what was written of the record is cut off again, and staging may be tried later.</exception>
    /// <exception cref="IOException">Nothing is known of the storage any more: fatal.</exception>
    /// <param name="record">The record.</param>
    /// <param name="fromReserve">True to write it into what is reserved and begin no other segment; <see cref="HasRoom"/> was asked before.</param>
    public void Stage(JournalRecord record, bool fromReserve = false)
    {
        _staged = null;
        var segment = _current;
        var position = _position;
        if (segment is null || (!fromReserve && position > 0 && position + record.Length > _segmentBytes))
        {
            (segment, position) = Rotate(segment, position);
        }

        var end = position + record.Length;
        var length = segment.Length;
        if (length < position)
        {
            throw new InvalidDataException($"{NameOf(segment.Number)} is shorter than what was committed in it.");
        }

        try
        {
            for (; segment.Length < end; segment.Length += _zeros.Length)
            {
                segment.File.Write(_zeros, segment.Length);
            }

            segment.File.Write(record.Bytes, position);
        }
        catch (StorageFullException)
        {
            segment.File.SetLength(length);
            segment.Length = length;
            _reserve = null;
            throw;
        }

        segment.File.Flush();
        _staged = (segment, end, record.SizeAfter);
    }

    /// <summary>Reads the staged record again from the file.</summary>
    public JournalRecord? ReadStaged(long length, ref byte[] buffer)
    {
        var (segment, end, _) = _staged!.Value;
        return ReadWhole(segment, end - length, length, ref buffer);
    }

    /// <summary>The staged record is covered by the lock checkpoint.</summary>
    /// <returns>True where this began a new segment, so that old ones may be ripe for deletion.</returns>
    public bool Commit()
    {
        var (segment, end, size) = _staged!.Value;
        var rotated = _current is not null && !ReferenceEquals(segment, _current);
        lock (_lock)
        {
            (_current, _position) = (segment, end);
            (segment.Committed, segment.LastSize) = (end, size);
        }

        _staged = null;
        return rotated;
    }

    /// <summary>The committed record at or behind a place, null where there is none yet. The place moves behind it.</summary>
    /// <param name="segment">Segment number, 0 to begin with the oldest.</param>
    /// <param name="position">Byte in the segment.</param>
    /// <param name="size">Records up to this checkpoint size are skipped. <see cref="DeleteUpTo"/> must not pass it.</param>
    /// <param name="buffer">What the record is read into and lies in; replaced where it is too small.</param>
    public JournalRecord? Next(ref uint segment, ref long position, ulong size, ref byte[] buffer)
    {
        while (true)
        {
            Segment? at;
            long committed;
            lock (_lock)
            {
                var from = segment;
                at = _segments.Values.FirstOrDefault(s => s.Number >= from && s.LastSize > size);
                if (at is null)
                {
                    return null;
                }

                committed = at.Committed;
            }

            (position, segment) = (at.Number == segment ? position : 0, at.Number);
            while (position < committed)
            {
                var length = LengthAt(at, position, out var after);
                if (after <= size)
                {
                    position += length;
                    continue;
                }

                if (length > committed - position || ReadWhole(at, position, length, ref buffer) is not { } record)
                {
                    throw new InvalidDataException($"{NameOf(segment)} is damaged at byte {position}.");
                }

                position += length;
                return record;
            }
        }
    }

    /// <summary>Fills a quarter of the next segment ahead once a quarter of the current one is used, so that a ledger which is hardly written to has none.</summary>
    public void FillNext()
    {
        long committed;
        lock (_lock)
        {
            committed = _current?.Committed ?? 0;
        }

        if (committed > _segmentBytes / 4)
        {
            const int Page = 4096;
            _next.Fill(((_segmentBytes / 4) + Page - 1) / Page * Page);
        }
    }

    /// <summary>Deletes what <see cref="FillNext"/> made, where room is short.</summary>
    public void GiveNextBack() => _next.GiveBack();

    /// <summary>From now on nothing is deleted, until as often <see cref="LetGo"/> was called: somebody copies the segments.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _holders++;
        }
    }

    public void LetGo()
    {
        lock (_lock)
        {
            _holders--;
        }
    }

    /// <summary>The segments and how many bytes of each hold committed records up to a place; to be read while they are held.</summary>
    public IReadOnlyList<(string Name, long Length)> FilesUpTo(uint segment, long position)
    {
        lock (_lock)
        {
            return [.. _segments.Values.Where(s => s.Number <= segment).Select(s => (NameOf(s.Number), s.Number == segment ? position : s.Committed))];
        }
    }

    /// <summary>Deletes all segments but the current one whose last batch ends at <paramref name="size"/> or before; none while they are held.</summary>
    public void DeleteUpTo(ulong size)
    {
        List<Segment> ripe;
        lock (_lock)
        {
            ripe = _holders > 0 ? [] : [.. _segments.Values.Where(s => _current is not null && s.Number < _current.Number).TakeWhile(s => s.LastSize <= size)];
            ripe.ForEach(segment => _segments.Remove(segment.Number));
        }

        ripe.ForEach(segment =>
        {
            segment.File.Dispose();
            _storage.Delete(NameOf(segment.Number));
        });
    }

    public void Dispose()
    {
        _next.Close();
        foreach (var segment in _segments.Values)
        {
            segment.File.Dispose();
        }
    }

    private static string NameOf(uint number) => $"{Prefix}{number.ToString("D8", CultureInfo.InvariantCulture)}{Suffix}";

    private static uint? NumberOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
        && uint.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static JournalRecord? ReadAt(Segment segment, long position, ref byte[] buffer)
    {
        Span<byte> header = stackalloc byte[JournalRecord.HeaderSize];
        if (segment.File.Read(header, position) < header.Length)
        {
            return null;
        }

        var length = JournalRecord.LengthOf(header);
        if (length == 0 || position + length > segment.File.Length)
        {
            return null;
        }

        return ReadWhole(segment, position, length, ref buffer);
    }

    private static JournalRecord? ReadWhole(Segment segment, long position, long length, ref byte[] buffer)
    {
        if (buffer.Length < length)
        {
            buffer = new byte[length];
        }

        return segment.File.Read(buffer.AsSpan(0, (int)length), position) == length
            ? JournalRecord.Parse(buffer.AsMemory(0, (int)length))
            : null;
    }

    private static long LengthAt(Segment segment, long position, out ulong sizeAfter)
    {
        Span<byte> header = stackalloc byte[JournalRecord.HeaderSize];
        var length = segment.File.Read(header, position) == header.Length ? JournalRecord.LengthOf(header) : 0;
        if (length == 0)
        {
            throw new InvalidDataException($"{NameOf(segment.Number)} is damaged at byte {position}.");
        }

        sizeAfter = JournalRecord.SizeAfterOf(header);
        return length;
    }

    /// <summary>The next segment; the same one as long as there is no room to begin another with its reserve.</summary>
    private (Segment Segment, long Position) Rotate(Segment? segment, long position)
    {
        if (segment is null)
        {
            return (Begin(1), 0);
        }

        Segment next;
        try
        {
            next = Begin(segment.Number + 1);
        }
        catch (StorageFullException)
        {
            return (segment, position);
        }

        if (_kept > 0)
        {
            var room = new Headroom(next.File);
            if (room.Keep(_kept) == Reserving.NoRoom)
            {
                return (segment, position);
            }

            _reserve = (next, room);
            segment.File.SetLength(segment.File.Length); // gives back what was reserved behind its end
        }

        return (next, 0);
    }

    private Headroom RoomOf(Segment segment)
    {
        if (_reserve?.Segment != segment)
        {
            _reserve = (segment, new Headroom(segment.File));
        }

        return _reserve!.Value.Room;
    }

    private Segment Begin(uint number)
    {
        lock (_lock)
        {
            if (!_segments.TryGetValue(number, out var segment))
            {
                _next.TryBecome(NameOf(number));
                segment = new Segment(number, _storage.Open(NameOf(number)));
                _storage.FlushDirectory();
                _segments.Add(number, segment);
            }

            return segment;
        }
    }

    private sealed class Segment(uint number, ILedgerFile file)
    {
        public uint Number { get; } = number;

        public ILedgerFile File { get; } = file;

        /// <summary>
        /// How long the file is, filled ahead; never less than where the next record begins, since what lies behind it is filled with zeros. Counted and not asked for with each record: Linux
        /// 6.13 and later give the next write to a file whose attributes were asked for a time of change of its own, which ext4 without a journal then writes with each flush.
        /// </summary>
        public long Length { get; set; } = file.Length;

        /// <summary>Where the last committed record ends.</summary>
        public long Committed { get; set; }

        /// <summary>The checkpoint size of the last committed record.</summary>
        public ulong LastSize { get; set; }
    }
}
