using System.Buffers;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Facts;

/// <summary>Salts and leaves of a fact (docs/formats/fact.md).</summary>
internal static class FactHash
{
    private const int Prefix = Hash.Length + 1;

    /// <summary>HMAC-SHA-256 under r of the field's label.</summary>
    public static Hash Salt(in HmacKey r, FactField field)
    {
        Span<byte> salt = stackalloc byte[Hash.Length];
        r.Mac(FactFields.SaltLabels[(int)field], salt);
        return new Hash(salt);
    }

    /// <summary>SHA-256(0x00 || salt || presence || value): the salt has a fixed length, so that the parts cannot be shifted.</summary>
    public static Hash Leaf(in Hash salt, bool present, ReadOnlySpan<byte> value)
    {
        byte[]? rented = null;
        Span<byte> content = value.Length <= 512 - Prefix
            ? stackalloc byte[512]
            : (rented = ArrayPool<byte>.Shared.Rent(Prefix + value.Length));
        salt.CopyTo(content);
        content[Hash.Length] = present ? (byte)1 : (byte)0;
        value.CopyTo(content[Prefix..]);
        var leaf = MerkleHash.Leaf(content[..(Prefix + value.Length)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }

        return leaf;
    }
}
