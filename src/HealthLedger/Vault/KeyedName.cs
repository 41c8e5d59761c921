using System.Buffers.Binary;
using System.Text;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Vault;

/// <summary>
/// What a stored row is called instead of its name: the first 16 bytes of an HMAC-SHA-256, which tell nothing without its key. 128 bits keep collisions
/// out of reach at any number of rows a gateway can hold.
/// </summary>
/// <param name="Value">The 16 bytes as a big-endian number.</param>
public readonly record struct KeyedName(UInt128 Value)
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 16;

    private const int MaxOnStack = 512;

    /// <summary>Reads 16 bytes.</summary>
    public static KeyedName Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Writes 16 bytes.</summary>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <summary>The 16 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Nothing of the name: only that there is one.</summary>
    public override string ToString() => "row";

    /// <summary>HMAC over the parts, each ended by a zero byte (no part contains one), and the number in four bytes.</summary>
    internal static KeyedName Of(ReadOnlySpan<byte> key, string first, string second, int number = 0)
    {
        var length = Encoding.UTF8.GetByteCount(first) + Encoding.UTF8.GetByteCount(second) + 2 + sizeof(int);
        Span<byte> message = length <= MaxOnStack ? stackalloc byte[length] : new byte[length];
        message.Clear();
        var at = Encoding.UTF8.GetBytes(first, message) + 1;
        at += Encoding.UTF8.GetBytes(second, message[at..]) + 1;
        BinaryPrimitives.WriteInt32BigEndian(message[at..], number);
        Span<byte> hash = stackalloc byte[Sha256.Size];
        Sha256.Hmac(key, message, hash);
        return Read(hash);
    }
}
