using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Ledger.Promises;

/// <summary>Which journal a file is, and how many slots it has: <c>magic "HLEJ0001" | id 16 | slots u32 | size of a slot u32 | SHA-256 of all before</c>.</summary>
/// <param name="Journal">16 random bytes.</param>
/// <param name="Slots">How many.</param>
internal sealed record PromiseHeader(UInt128 Journal, int Slots)
{
    /// <summary>Where the slots begin.</summary>
    public const int Size = 4096;

    private const int Length = 64;

    private static ReadOnlySpan<byte> Magic => "HLEJ0001"u8;

    /// <summary>Reads it; null where there is none, as in a file whose making was broken off.</summary>
    public static (PromiseHeader? Header, bool IsDamaged) Read(ILedgerFile file)
    {
        var bytes = new byte[Length];
        if (file.Read(bytes, 0) < Length || !bytes.AsSpan().ContainsAnyExcept((byte)0))
        {
            return (null, false);
        }

        var slots = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(24));
        return bytes.AsSpan().StartsWith(Magic) && SHA256.HashData(bytes.AsSpan(0, 32)).AsSpan().SequenceEqual(bytes.AsSpan(32))
            && BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(28)) == PromiseSlot.Size && slots is > 0 and <= PromiseOptions.MaxSlots
            ? (new PromiseHeader(BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(8)), (int)slots), false)
            : (null, true);
    }

    /// <summary>Writes it, durably.</summary>
    public void Write(ILedgerFile file)
    {
        var bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(8), Journal);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), (uint)Slots);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(28), PromiseSlot.Size);
        SHA256.HashData(bytes.AsSpan(0, 32), bytes.AsSpan(32));
        file.Write(bytes, 0);
        file.Flush();
    }
}
