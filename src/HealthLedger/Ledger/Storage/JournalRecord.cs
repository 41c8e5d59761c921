using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger.Storage;

/// <summary>
/// One batch as the journal stores it (docs/formats/ledger-files.md): everything that is needed to apply the batch to the flat files, to the vault and
/// to the tail, again after a crash. Integers are big-endian.
/// <code>
///   0 magic "HLJ2" | 4 entries u32 | 8 length u64, header and checksum included | 16 size before u64 | 24 time i64, unix ms
///  32 place in facts.dat u64 | 40 fact bytes u64 | 48 redo blobs u32 | 52 notices u32 | 56 size of the last batch with redo before this one u64
///  64 place of the notices in this record u64 | 72 root after, 32 bytes | 104 consent map root, 32 bytes
/// 136 entries, 256 bytes each | fact lengths, u32 for each entry | facts | (u32 length, redo)* | (u32 length, sealed notices)* | XXH128 of all before
/// </code>
/// The checksum tells a record that was torn, or changed by accident; what must not be forged, the entries, is under the signed root, and what is sealed is authenticated by its envelope
/// (docs/decisions/0028). Records of the first version, "HLJ1", end with a SHA-256 instead and are read too.
/// </summary>
/// <remarks>A view: valid as long as the memory under it.</remarks>
internal sealed class JournalRecord
{
    public const int HeaderSize = 136;

    /// <summary>Bytes of the checksum at the end.</summary>
    public const int ChecksumSize = 16;

    /// <summary>No record is longer; a length beyond it is damage.</summary>
    public const long MaxLength = 1L << 30;

    private static ReadOnlySpan<byte> Magic => "HLJ2"u8;

    private static ReadOnlySpan<byte> FirstMagic => "HLJ1"u8;

    private readonly ReadOnlyMemory<byte> _bytes;

    private JournalRecord(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes.Span;

    public long Length => _bytes.Length;

    public int EntryCount => (int)U32(4);

    public ulong SizeBefore => U64(16);

    public ulong SizeAfter => SizeBefore + U32(4);

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds((long)U64(24));

    public ulong FactsOffset => U64(32);

    public ulong FactsLength => U64(40);

    public int RedoCount => (int)U32(48);

    public int NoticeCount => (int)U32(52);

    /// <summary>The checkpoint size of the last batch with redo bytes before this one; 0 for none.</summary>
    public ulong RedoBefore => U64(56);

    public Hash Root => new(Bytes.Slice(72, Hash.Length));

    public Hash MapRoot => new(Bytes.Slice(104, Hash.Length));

    public ReadOnlySpan<byte> Entries => Bytes.Slice(HeaderSize, EntryCount * LedgerEntry.Size);

    public ReadOnlySpan<byte> Facts => Bytes.Slice(FactsStart, (int)FactsLength);

    public int FactLength(int entry) => (int)U32(HeaderSize + (EntryCount * LedgerEntry.Size) + (entry * sizeof(uint)));

    /// <summary>The redo bytes, in sequence.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Redo => Blobs(FactsStart + (int)FactsLength, RedoCount);

    /// <summary>Envelopes of notices: one for the batch, or one for each append as the first version wrote it.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Notices => Blobs((int)U64(64), NoticeCount);

    private int FactsStart => HeaderSize + (EntryCount * (LedgerEntry.Size + sizeof(uint)));

    /// <summary>The length that a header claims; 0 where it is no header of a record.</summary>
    public static long LengthOf(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderSize || !(header[..4].SequenceEqual(Magic) || header[..4].SequenceEqual(FirstMagic)))
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt64BigEndian(header[8..]);
        return length < (ulong)(HeaderSize + EndOf(header)) || length > (ulong)MaxLength ? 0 : (long)length;
    }

    /// <summary>The checkpoint size that a header claims.</summary>
    public static ulong SizeAfterOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt64BigEndian(header[16..]) + BinaryPrimitives.ReadUInt32BigEndian(header[4..]);

    /// <summary>Reads a whole record; null where it was not written to its end, or not left as it was written.</summary>
    public static JournalRecord? Parse(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (LengthOf(span) != span.Length || !IsWhole(span))
        {
            return null;
        }

        // The checksum is right, so this is what the writer wrote; the checks below keep a record of another version from being misread.
        var record = new JournalRecord(bytes);
        var content = (ulong)(span.Length - EndOf(span));
        var factsEnd = (ulong)HeaderSize + (record.U32(4) * (ulong)(LedgerEntry.Size + sizeof(uint))) + record.FactsLength;
        return record.EntryCount > 0 && factsEnd <= content && record.U64(64) >= factsEnd && record.U64(64) <= content ? record : null;
    }

    /// <summary>Ends a record that is written but for its checksum.</summary>
    internal static JournalRecord Complete(Memory<byte> bytes)
    {
        XxHash128.Hash(bytes.Span[..^ChecksumSize], bytes.Span[^ChecksumSize..]);
        return new JournalRecord(bytes);
    }

    internal static void WriteHeader(
        Span<byte> header, int entries, long length, ulong sizeBefore, DateTimeOffset time, ulong factsOffset, ulong factsLength,
        int redo, int notices, ulong redoBefore, long noticesOffset, in Hash root, in Hash mapRoot)
    {
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)entries);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], (ulong)length);
        BinaryPrimitives.WriteUInt64BigEndian(header[16..], sizeBefore);
        BinaryPrimitives.WriteInt64BigEndian(header[24..], time.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64BigEndian(header[32..], factsOffset);
        BinaryPrimitives.WriteUInt64BigEndian(header[40..], factsLength);
        BinaryPrimitives.WriteUInt32BigEndian(header[48..], (uint)redo);
        BinaryPrimitives.WriteUInt32BigEndian(header[52..], (uint)notices);
        BinaryPrimitives.WriteUInt64BigEndian(header[56..], redoBefore);
        BinaryPrimitives.WriteUInt64BigEndian(header[64..], (ulong)noticesOffset);
        root.CopyTo(header[72..]);
        mapRoot.CopyTo(header[104..]);
    }

    private static bool IsFirst(ReadOnlySpan<byte> record) => record[..4].SequenceEqual(FirstMagic);

    /// <summary>Bytes of what ends a record of its version.</summary>
    private static int EndOf(ReadOnlySpan<byte> record) => IsFirst(record) ? SHA256.HashSizeInBytes : ChecksumSize;

    private static bool IsWhole(ReadOnlySpan<byte> record)
    {
        Span<byte> computed = stackalloc byte[SHA256.HashSizeInBytes];
        var end = EndOf(record);
        _ = IsFirst(record) ? SHA256.HashData(record[..^end], computed) : XxHash128.Hash(record[..^end], computed);
        return computed[..end].SequenceEqual(record[^end..]);
    }

    private uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(Bytes[at..]);

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64BigEndian(Bytes[at..]);

    private ReadOnlyMemory<byte>[] Blobs(int at, int count)
    {
        var blobs = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            var length = (int)U32(at);
            blobs[i] = _bytes.Slice(at + sizeof(uint), length);
            at += sizeof(uint) + length;
        }

        return blobs;
    }
}
