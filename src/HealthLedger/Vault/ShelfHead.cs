using System.Buffers.Binary;

namespace HealthLedger.Vault;

/// <summary>
/// The head of a shelf: what its segments must add up to.
/// <code>format u8 = 1 | sequence u64 | slots i32 | version-set root 32 | first segment u64 | next segment u64 | delta bytes i64 | base bytes i64</code>
/// All numbers big-endian.
/// </summary>
/// <param name="Sequence">How many changes the shelf has seen; 0 before the first.</param>
/// <param name="Slots">How many records it has, deleted ones too.</param>
/// <param name="Root">Of the current versions.</param>
/// <param name="FirstSegment">The number of the first segment.</param>
/// <param name="NextSegment">The number after the last.</param>
/// <param name="DeltaBytes">Content bytes of the segments after the base.</param>
/// <param name="BaseBytes">Content bytes of the base.</param>
internal readonly record struct ShelfHead(ulong Sequence, int Slots, Hash256 Root, ulong FirstSegment, ulong NextSegment, long DeltaBytes, long BaseBytes)
{
    private const byte Format = 1;
    private const int Size = 1 + (3 * sizeof(ulong)) + sizeof(int) + Hash256.Size + (2 * sizeof(long));

    internal static ShelfHead Empty => new(0, 0, Hash256.Of([]), 1, 1, 0, 0);

    internal byte[] ToBytes()
    {
        var bytes = new byte[Size];
        bytes[0] = Format;
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1), Sequence);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(9), Slots);
        Root.CopyTo(bytes.AsSpan(13));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(45), FirstSegment);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(53), NextSegment);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(61), DeltaBytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(69), BaseBytes);
        return bytes;
    }

    internal static ShelfHead? Read(ReadOnlySpan<byte> bytes) => bytes.Length != Size || bytes[0] != Format
        ? null
        : new ShelfHead(
            BinaryPrimitives.ReadUInt64BigEndian(bytes[1..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[9..]),
            Hash256.Read(bytes[13..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[45..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[53..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[61..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[69..]));
}
