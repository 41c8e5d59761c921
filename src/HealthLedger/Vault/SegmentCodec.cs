using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Vault;

/// <summary>One stored entry: a version of the record at <paramref name="Slot"/>.</summary>
/// <param name="Slot">Where the record stands on the shelf.</param>
/// <param name="Entry">Without its opened terms where it was just read; its annotation may point into the segment's buffer.</param>
/// <param name="Terms">The terms in their stored form; may point into the segment's buffer.</param>
internal readonly record struct StoredEntry(int Slot, ShelfEntry Entry, ReadOnlyMemory<byte> Terms)
{
    /// <summary>This entry as one of the past.</summary>
    internal StoredEntry Superseded() => new(Slot, Entry.Superseded(), default);
}

/// <summary>
/// The content of a segment before it is sealed.
/// <code>
/// format u8 = 1 | count i32 | count times:
///   slot i32 | state u8 | shared u8 | version i32 | last updated i64 (UTC ticks) | row 16 | ciphertext hash 32
///   | type | id | custodian | terms | annotation          each with an i32 length before it
///   | where shared: home shelf 16 | wrapped key with an i32 length before it
/// </code>
/// All numbers big-endian. A slot's entries stand in ascending version; slots are given in the order in which records come to the shelf.
/// </summary>
internal static class SegmentCodec
{
    private const byte Format = 1;
    private const int HeaderSize = 1 + sizeof(uint);
    private const int FixedSize = sizeof(uint) + 2 + sizeof(int) + sizeof(long) + KeyedName.Size + Hash256.Size;

    internal static byte[] Write(IReadOnlyList<StoredEntry> entries)
    {
        var output = new ArrayBufferWriter<byte>(HeaderSize + (entries.Count * 512));
        output.GetSpan(1)[0] = Format;
        output.Advance(1);
        WriteNumber(output, entries.Count);
        foreach (var entry in entries)
        {
            WriteEntry(output, entry);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>About how many bytes <see cref="Write"/> makes of an entry.</summary>
    internal static int SizeOf(StoredEntry stored) =>
        FixedSize + 240 + stored.Entry.Key.Id.Length + stored.Entry.Custodian.Length + stored.Terms.Length + stored.Entry.Annotation.Length;

    /// <summary>Reads a segment; terms and annotations point into <paramref name="segment"/>.</summary>
    /// <exception cref="InvalidDataException">It is not what <see cref="Write"/> makes.</exception>
    internal static List<StoredEntry> Read(ReadOnlyMemory<byte> segment, Func<string, string> share)
    {
        if (segment.Length < HeaderSize || segment.Span[0] != Format)
        {
            throw Damaged();
        }

        var rest = segment[1..];
        var count = ReadNumber(ref rest);
        if (count < 0 || count > rest.Length / FixedSize)
        {
            throw Damaged();
        }

        var entries = new List<StoredEntry>(count);
        for (var i = 0; i < count; i++)
        {
            entries.Add(ReadEntry(ref rest, share));
        }

        return rest.IsEmpty ? entries : throw Damaged();
    }

    private static void WriteEntry(ArrayBufferWriter<byte> output, StoredEntry stored)
    {
        var (slot, entry, terms) = stored;
        var span = output.GetSpan(FixedSize);
        BinaryPrimitives.WriteInt32BigEndian(span, slot);
        span[4] = (byte)entry.State;
        span[5] = entry.Shared is null ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteInt32BigEndian(span[6..], entry.Key.Version);
        BinaryPrimitives.WriteInt64BigEndian(span[10..], entry.LastUpdated.UtcTicks);
        entry.Handle.CopyTo(span[18..]);
        entry.CiphertextHash.CopyTo(span[(18 + KeyedName.Size)..]);
        output.Advance(FixedSize);
        WriteText(output, entry.Key.Type);
        WriteText(output, entry.Key.Id);
        WriteText(output, entry.Custodian);
        WriteBytes(output, terms.Span);
        WriteBytes(output, entry.Annotation.Span);
        if (entry.Shared is { } shared)
        {
            shared.Home.CopyTo(output.GetSpan(KeyedName.Size));
            output.Advance(KeyedName.Size);
            WriteBytes(output, shared.WrappedKey.Span);
        }
    }

    private static StoredEntry ReadEntry(ref ReadOnlyMemory<byte> rest, Func<string, string> share)
    {
        var span = Take(ref rest, FixedSize).Span;
        var slot = BinaryPrimitives.ReadInt32BigEndian(span);
        var state = (EntryState)span[4];
        var isShared = span[5];
        var version = BinaryPrimitives.ReadInt32BigEndian(span[6..]);
        var ticks = BinaryPrimitives.ReadInt64BigEndian(span[10..]);
        if (slot < 0 || version < 1 || state > EntryState.Departed || isShared > 1 || ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks)
        {
            throw Damaged();
        }

        var handle = KeyedName.Read(span[18..]);
        var hash = Hash256.Read(span[(18 + KeyedName.Size)..]);
        var type = share(ReadText(ref rest));
        var id = ReadText(ref rest);
        var custodian = share(ReadText(ref rest));
        var terms = ReadBytes(ref rest);
        var annotation = ReadBytes(ref rest);
        var shared = isShared == 0 ? null : new SharedContent(KeyedName.Read(Take(ref rest, KeyedName.Size).Span), ReadBytes(ref rest).ToArray());
        return new StoredEntry(slot, new ShelfEntry
        {
            Key = new RecordKey(type, id, version),
            LastUpdated = new DateTimeOffset(ticks, TimeSpan.Zero),
            State = state,
            Handle = handle,
            CiphertextHash = hash,
            Custodian = custodian,
            Annotation = annotation,
            Shared = shared,
        }, terms);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> output, int number)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), number);
        output.Advance(sizeof(int));
    }

    private static void WriteBytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        WriteNumber(output, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        WriteNumber(output, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, output);
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, int length)
    {
        if (length < 0 || length > rest.Length)
        {
            throw Damaged();
        }

        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    private static int ReadNumber(ref ReadOnlyMemory<byte> rest) => BinaryPrimitives.ReadInt32BigEndian(Take(ref rest, sizeof(int)).Span);

    private static ReadOnlyMemory<byte> ReadBytes(ref ReadOnlyMemory<byte> rest) => Take(ref rest, ReadNumber(ref rest));

    private static string ReadText(ref ReadOnlyMemory<byte> rest) => Encoding.UTF8.GetString(ReadBytes(ref rest).Span);

    private static InvalidDataException Damaged() => new("A segment is damaged.");
}
