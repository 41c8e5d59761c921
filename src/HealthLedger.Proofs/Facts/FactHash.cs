using System.Runtime.InteropServices;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Facts;

/// <summary>Salts, leaves and commitment of a fact (docs/formats/fact.md).</summary>
internal static class FactHash
{
    /// <summary>Of a leaf's input: 0x00, salt and presence.</summary>
    private const int Prefix = 1 + Hash.Length + 1;

    /// <summary>HMAC-SHA-256 under r of the field's label.</summary>
    public static Hash Salt(ReadOnlySpan<byte> r, FactField field)
    {
        using var key = new HmacKey(r);
        Span<byte> salt = stackalloc byte[Hash.Length];
        key.Mac(FactFields.SaltLabels[(int)field], salt);
        return new Hash(salt);
    }

    /// <summary>SHA-256(0x00 || salt || presence || value): the salt has a fixed length, so that the parts cannot be shifted.</summary>
    public static Hash Leaf(in Hash salt, bool present, ReadOnlySpan<byte> value)
    {
        Sha256Rest input = default;
        salt.CopyTo(input.Bytes[1..]);
        var leaf = Leaf(present, value, ref input);
        input.Wipe();
        return leaf;
    }

    /// <summary>The root over the leaves of all fields.</summary>
    /// <param name="r">The fact's random bytes.</param>
    /// <param name="fact">The fact.</param>
    public static Hash Commit(ReadOnlySpan<byte> r, Fact fact)
    {
        using var key = new HmacKey(r);
        Sha256Rest input = default;
        Span<Hash> leaves = stackalloc Hash[FactFields.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            // The salt is written where the leaf's input has it, and is wiped with the last.
            key.Mac(FactFields.SaltLabels[i], input.Bytes.Slice(1, Hash.Length));
            leaves[i] = Leaf(fact.Has((FactField)i), fact.Utf8((FactField)i), ref input);
        }

        input.Wipe();
        return MerkleHash.Root(leaves);
    }

    /// <summary>The leaf of a field whose salt stands in its place.</summary>
    private static Hash Leaf(bool present, ReadOnlySpan<byte> value, ref Sha256Rest input)
    {
        var bytes = input.Bytes;
        bytes[0] = 0;
        bytes[Prefix - 1] = present ? (byte)1 : (byte)0;
        Hash leaf = default;
        var hash = MemoryMarshal.AsBytes(new Span<Hash>(ref leaf));
        if (OpenSslSha256.IsThere && Prefix + value.Length <= Sha256Rest.Size)
        {
            value.CopyTo(bytes[Prefix..]);
            input.Finish(Sha256Words.Initial, blocks: 0, Prefix + value.Length, hash);
        }
        else
        {
            Sha256.Hash(bytes[..Prefix], value, hash);
        }

        return leaf;
    }
}
