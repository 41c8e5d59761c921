using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Ledger.Storage;

/// <summary>
/// The ledger as it is read: everything at a place that its index gives (docs/formats/ledger-files.md).
/// <c>entries.dat</c> 256 bytes each; <c>level-L.dat</c> the hashes of all complete subtrees of 256^L entries, so that the C2SP tile L/N.p/W is the
/// slice of W hashes at 256 N; <c>facts.dat</c> the sealed facts one after the other; <c>facts.idx</c> place and length of each, two u64 big-endian.
/// </summary>
/// <remarks>
/// Writing is idempotent and not flushed: the journal keeps a batch until <see cref="Flush"/> made it durable here. Readers ask only for what a
/// published checkpoint covers, which is written before the checkpoint is published.
/// </remarks>
internal sealed class FlatFiles : IDisposable
{
    /// <summary>Levels 0 to 7 cover 2^64 entries.</summary>
    public const int TileLevels = 8;

    private const int FactPlaceSize = 2 * sizeof(ulong);
    private const string EntriesName = "entries.dat";
    private const string FactsName = "facts.dat";
    private const string FactPlacesName = "facts.idx";
    private readonly ILedgerFile _entries;
    private readonly ILedgerFile _facts;
    private readonly ILedgerFile _factPlaces;
    private readonly ILedgerFile[] _levels;
    private readonly (Headroom Room, int Share)[] _rooms;
    private long _unflushed;

    public FlatFiles(ILedgerStorage storage)
    {
        _entries = storage.Open(EntriesName);
        _facts = storage.Open(FactsName);
        _factPlaces = storage.Open(FactPlacesName);
        _levels = [.. Enumerable.Range(0, TileLevels).Select(level => storage.Open(LevelName(level)))];

        // An event of its own batch comes to some 1,200 bytes of fact, two entries, two places and two hashes.
        _rooms =
        [
            (new Headroom(_facts), 2), (new Headroom(_entries), 4), (new Headroom(_factPlaces), 32), (new Headroom(_levels[0]), 16),
            .. _levels.Skip(1).Select(level => (new Headroom(level), 256)),
        ];
    }

    /// <summary>Entries that the file has room for: more than the lock's size means that the lock was rolled back.</summary>
    public ulong EntriesHeld => (ulong)(_entries.Length + LedgerEntry.Size - 1) / LedgerEntry.Size;

    /// <summary>Bytes of sealed facts in their file.</summary>
    public ulong FactsHeld => (ulong)_facts.Length;

    /// <summary>Bytes of facts and entries applied since the last flush began.</summary>
    public long Unflushed => Interlocked.Read(ref _unflushed);

    /// <summary>The files and how many bytes of each a ledger of this size has; as long as it is published, none of these bytes changes any more.</summary>
    public IReadOnlyList<(string Name, long Length)> FilesAt(ulong size) =>
    [
        (EntriesName, (long)size * LedgerEntry.Size),
        (FactsName, (long)FactsEnd(size)),
        (FactPlacesName, (long)size * FactPlaceSize),
        .. Enumerable.Range(0, TileLevels).Select(level => (LevelName(level), (long)(size >> (8 * level)) * Hash.Length)),
    ];

    /// <summary>Writes a batch in its place, over whatever stands there.</summary>
    public void Apply(JournalRecord record, TreeGrowth growth)
    {
        for (var level = 0; level < TileLevels; level++)
        {
            var (first, hashes) = growth.Level(level);
            if (hashes is not null)
            {
                _levels[level].Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(hashes)), (long)first * Hash.Length);
            }
        }

        if (record.FactsLength > 0)
        {
            _facts.Write(record.Facts, (long)record.FactsOffset);
        }

        ApplyFactPlaces(record);
        _entries.Write(record.Entries, (long)record.SizeBefore * LedgerEntry.Size);
        Interlocked.Add(ref _unflushed, (long)record.FactsLength + record.Entries.Length);
    }

    /// <summary>Keeps room for batches to come in each file.</summary>
    /// <param name="bytes">For facts and entries together; the others need less, in proportion.</param>
    public Reserving Reserve(long bytes)
    {
        var outcome = Reserving.Kept;
        foreach (var (room, share) in _rooms)
        {
            outcome = outcome == Reserving.Kept ? room.Keep(Math.Max(1, bytes / share)) : outcome;
        }

        return outcome;
    }

    /// <summary>Whether a batch finds its place in what is reserved.</summary>
    public bool HasRoom(JournalRecord record) =>
        _rooms[0].Room.Left >= (long)record.FactsLength
        && _rooms[1].Room.Left >= record.Entries.Length
        && _rooms[2].Room.Left >= (long)record.EntryCount * FactPlaceSize
        && _rooms.Skip(3).Select((each, level) => each.Room.Left >= HashesAbove(record, level) * Hash.Length).All(fits => fits);

    /// <summary>The smallest part of what <see cref="Reserve"/> keeps that a file has left, 0 to 1.</summary>
    public double ReserveLeft(long bytes) => _rooms.Min(each => Math.Min(1, (double)each.Room.Left / Math.Max(1, bytes / each.Share)));

    private static long HashesAbove(JournalRecord record, int level) => level == 0 ? record.EntryCount : (long)((record.SizeAfter >> (8 * level)) - (record.SizeBefore >> (8 * level)));

    /// <summary>Makes durable what was applied before the call.</summary>
    public void Flush()
    {
        Interlocked.Exchange(ref _unflushed, 0);
        _facts.Flush();
        _factPlaces.Flush();
        _entries.Flush();
        foreach (var level in _levels)
        {
            level.Flush();
        }
    }

    /// <summary>The hashes of a tile; the caller has checked that the published tree has it.</summary>
    public byte[] ReadTile(TilePath tile) =>
        Read(_levels[tile.Level], (long)tile.Index * TilePath.FullWidth * Hash.Length, tile.Width * Hash.Length);

    public byte[] ReadEntries(ulong first, int count) => Read(_entries, (long)first * LedgerEntry.Size, count * LedgerEntry.Size);

    /// <summary>The sealed fact of an entry; empty where it has none.</summary>
    public byte[] ReadFact(ulong index)
    {
        var (offset, length) = FactPlace(index);
        return length == 0 ? [] : Read(_facts, (long)offset, (int)length);
    }

    /// <summary>Where the next fact begins in a ledger of this size.</summary>
    public ulong FactsEnd(ulong size)
    {
        if (size == 0)
        {
            return 0;
        }

        var (offset, length) = FactPlace(size - 1);
        return offset + length;
    }

    /// <summary>The right edge of the tree of this size, from the stored hashes.</summary>
    public CompactRange ReadEdge(ulong size)
    {
        var read = Tile.Nodes(size, tile => ReadTile(tile));
        var frontier = new List<Hash>();
        ulong start = 0;
        for (var level = 63; level >= 0; level--)
        {
            if (((size >> level) & 1) != 0)
            {
                frontier.Add(read(level, start >> level));
                start += 1UL << level;
            }
        }

        return CompactRange.Import(size, CollectionsMarshal.AsSpan(frontier));
    }

    public void Dispose()
    {
        _entries.Dispose();
        _facts.Dispose();
        _factPlaces.Dispose();
        foreach (var level in _levels)
        {
            level.Dispose();
        }
    }

    private static string LevelName(int level) => $"level-{level}.dat";

    private static byte[] Read(ILedgerFile file, long offset, int length)
    {
        var bytes = new byte[length];
        if (file.Read(bytes, offset) != length)
        {
            throw new EndOfStreamException("A ledger file is shorter than its checkpoint says.");
        }

        return bytes;
    }

    private (ulong Offset, ulong Length) FactPlace(ulong index)
    {
        var place = Read(_factPlaces, (long)index * FactPlaceSize, FactPlaceSize);
        return (BinaryPrimitives.ReadUInt64BigEndian(place), BinaryPrimitives.ReadUInt64BigEndian(place.AsSpan(sizeof(ulong))));
    }

    private void ApplyFactPlaces(JournalRecord record)
    {
        var length = record.EntryCount * FactPlaceSize;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        var places = rented.AsSpan(0, length);
        var offset = record.FactsOffset;
        for (var i = 0; i < record.EntryCount; i++)
        {
            var size = (ulong)record.FactLength(i);
            BinaryPrimitives.WriteUInt64BigEndian(places[(i * FactPlaceSize)..], offset);
            BinaryPrimitives.WriteUInt64BigEndian(places[((i * FactPlaceSize) + sizeof(ulong))..], size);
            offset += size;
        }

        _factPlaces.Write(places, (long)record.SizeBefore * FactPlaceSize);
        ArrayPool<byte>.Shared.Return(rented);
    }
}
