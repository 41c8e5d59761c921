using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Ledger.Storage;

/// <summary>What the ledger has committed to: the last checkpoint it signed and where its journal stands.</summary>
/// <param name="Size">Entries.</param>
/// <param name="Root">The root over them.</param>
/// <param name="MapRoot">The root of the consent map, as the last STATE entry says.</param>
/// <param name="FlatDurable">The flat files are durable up to this many entries; what lies between this and <paramref name="Size"/> is in the journal.</param>
/// <param name="Segment">The journal segment that the last record lies in.</param>
/// <param name="Position">Where the next record begins in it.</param>
/// <param name="LastRedo">The checkpoint size of the last batch with redo bytes; 0 for none.</param>
/// <param name="Time">When the last batch was sequenced.</param>
/// <param name="Note">The signed checkpoint.</param>
internal sealed record LockState(
    ulong Size, Hash Root, Hash MapRoot, ulong FlatDurable, uint Segment, long Position, ulong LastRedo, DateTimeOffset Time, byte[] Note);

/// <summary>
/// The file <c>lock</c>: two preallocated slots that are overwritten in turn, so that a torn write leaves the one before. Writing a slot is the ledger's
/// point of no return.
/// <code>
/// slot, 4096 bytes: magic "HLLOCK02" | generation u64 | size u64 | root 32 | map root 32 | flat durable u64 | segment u32 | position u64 |
///                   last redo u64 | time i64, unix ms | note length u16 | note | SHA-256 of all before
/// </code>
/// </summary>
internal sealed class LockCheckpoint : IDisposable
{
    public const string FileName = "lock";
    private const int SlotSize = 4096;
    private const int FixedSize = 8 + 8 + 8 + 32 + 32 + 8 + 4 + 8 + 8 + 8 + 2;
    private readonly ILedgerFile _file;
    private readonly byte[] _buffer = new byte[SlotSize];
    private ulong _generation;

    private LockCheckpoint(ILedgerFile file) => _file = file;

    /// <summary>The longest note a slot holds.</summary>
    public const int MaxNote = SlotSize - FixedSize - 32;

    private static ReadOnlySpan<byte> Magic => "HLLOCK02"u8;

    /// <summary>The slot of ledgers whose tags hung from the audit key itself; going on with one would number every chain anew.</summary>
    private static ReadOnlySpan<byte> MagicBeforeTagKeys => "HLLOCK01"u8;

    /// <summary>What stands in the file; null for a new one.</summary>
    public LockState? Current { get; private set; }

    /// <summary>True where a version before tag keys wrote the file.</summary>
    public bool IsBeforeTagKeys { get; private init; }

    /// <summary>True where the file has bytes but no slot that can be read.</summary>
    public bool IsDamaged { get; private init; }

    public static LockCheckpoint Open(ILedgerStorage storage)
    {
        var file = storage.Open(FileName);
        var slots = new byte[2 * SlotSize];
        var length = file.Read(slots, 0);
        var first = Read(slots.AsSpan(0, SlotSize), out var firstGeneration);
        var second = Read(slots.AsSpan(SlotSize), out var secondGeneration);
        var takeFirst = second is null || (first is not null && firstGeneration > secondGeneration);

        // A slot is written with one flush and the next one only after that flush returned, so the readable slot of the higher generation is the
        // last one that can have been acknowledged.
        return new LockCheckpoint(file)
        {
            Current = takeFirst ? first : second,
            _generation = takeFirst ? firstGeneration : secondGeneration,
            IsBeforeTagKeys = slots.AsSpan(0, 8).SequenceEqual(MagicBeforeTagKeys) || slots.AsSpan(SlotSize, 8).SequenceEqual(MagicBeforeTagKeys),
            IsDamaged = first is null && second is null && slots.AsSpan(0, length).ContainsAnyExcept((byte)0),
        };
    }

    /// <summary>Makes room for both slots, so that later writes change no metadata.</summary>
    public void Preallocate()
    {
        if (_file.Length < 2 * SlotSize)
        {
            _file.Write(new byte[2 * SlotSize], 0);
            _file.Flush();
        }
    }

    /// <summary>Puts <paramref name="next"/> in the place of <paramref name="expected"/>, durably.</summary>
    /// <exception cref="InvalidOperationException">Something else than <paramref name="expected"/> stands there.</exception>
    public void Swap(LockState? expected, LockState next)
    {
        if (!ReferenceEquals(Current, expected) || (expected is not null && next.Size < expected.Size) || next.Note.Length > MaxNote)
        {
            throw new InvalidOperationException("The lock checkpoint is not the one that the batch was built on.");
        }

        var generation = _generation + 1;
        Write(_buffer, generation, next);
        _file.Write(_buffer, (long)(generation & 1) * SlotSize);
        _file.Flush();
        (_generation, Current) = (generation, next);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The bytes of a file that holds this state: what a copy of the ledger begins with.</summary>
    public static byte[] FileOf(LockState state)
    {
        var file = new byte[2 * SlotSize];
        Write(file.AsSpan(SlotSize), 1, state);
        return file;
    }

    private static void Write(Span<byte> slot, ulong generation, LockState next)
    {
        slot.Clear();
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteUInt64BigEndian(slot[8..], generation);
        BinaryPrimitives.WriteUInt64BigEndian(slot[16..], next.Size);
        next.Root.CopyTo(slot[24..]);
        next.MapRoot.CopyTo(slot[56..]);
        BinaryPrimitives.WriteUInt64BigEndian(slot[88..], next.FlatDurable);
        BinaryPrimitives.WriteUInt32BigEndian(slot[96..], next.Segment);
        BinaryPrimitives.WriteInt64BigEndian(slot[100..], next.Position);
        BinaryPrimitives.WriteUInt64BigEndian(slot[108..], next.LastRedo);
        BinaryPrimitives.WriteInt64BigEndian(slot[116..], next.Time.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16BigEndian(slot[124..], (ushort)next.Note.Length);
        next.Note.CopyTo(slot[FixedSize..]);
        var end = FixedSize + next.Note.Length;
        Sha256.Hash(slot[..end], slot[end..]);
    }

    private static LockState? Read(ReadOnlySpan<byte> slot, out ulong generation)
    {
        generation = BinaryPrimitives.ReadUInt64BigEndian(slot[8..]);
        var note = BinaryPrimitives.ReadUInt16BigEndian(slot[124..]);
        if (!slot[..8].SequenceEqual(Magic) || note > MaxNote)
        {
            return null;
        }

        var end = FixedSize + note;
        if (!SHA256.HashData(slot[..end]).AsSpan().SequenceEqual(slot.Slice(end, 32)))
        {
            return null;
        }

        return new LockState(
            BinaryPrimitives.ReadUInt64BigEndian(slot[16..]),
            new Hash(slot.Slice(24, 32)),
            new Hash(slot.Slice(56, 32)),
            BinaryPrimitives.ReadUInt64BigEndian(slot[88..]),
            BinaryPrimitives.ReadUInt32BigEndian(slot[96..]),
            BinaryPrimitives.ReadInt64BigEndian(slot[100..]),
            BinaryPrimitives.ReadUInt64BigEndian(slot[108..]),
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(slot[116..])),
            slot.Slice(FixedSize, note).ToArray());
    }
}
