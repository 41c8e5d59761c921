using System.Numerics;
using System.Security.Cryptography;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.Merkle;

/// <summary>The hashes of a Merkle tree as RFC 6962 section 2.1 defines them, with SHA-256.</summary>
public static class MerkleHash
{
    /// <summary>The root of the empty tree: SHA-256 of nothing.</summary>
    public static Hash EmptyRoot { get; } = new(SHA256.HashData(ReadOnlySpan<byte>.Empty));

    /// <summary>SHA-256(0x00 || entry).</summary>
    public static Hash Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Hash.Length];
        Sha256.Hash([0], entry, hash);
        return new Hash(hash);
    }

    /// <summary>SHA-256(0x01 || left || right).</summary>
    public static Hash Node(in Hash left, in Hash right)
    {
        Sha256Rest input = default;
        return Node(left, right, ref input);
    }

    /// <summary>The root over leaf hashes in order; the empty root for none.</summary>
    public static Hash Root(ReadOnlySpan<Hash> leaves)
    {
        if (leaves.IsEmpty)
        {
            return EmptyRoot;
        }

        Sha256Rest input = default;
        return Root(leaves, ref input);
    }

    private static Hash Root(ReadOnlySpan<Hash> leaves, ref Sha256Rest input)
    {
        if (leaves.Length == 1)
        {
            return leaves[0];
        }

        var split = 1 << (31 - BitOperations.LeadingZeroCount((uint)(leaves.Length - 1)));
        return Node(Root(leaves[..split], ref input), Root(leaves[split..], ref input), ref input);
    }

    /// <summary>As the other, in a place that serves for one node after the other. Hashes are public: nothing is wiped.</summary>
    private static Hash Node(in Hash left, in Hash right, ref Sha256Rest input)
    {
        var bytes = input.Bytes;
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Hash.Length)..]);
        Span<byte> hash = stackalloc byte[Hash.Length];
        if (OpenSslSha256.IsThere)
        {
            input.Finish(Sha256Words.Initial, blocks: 0, 1 + (2 * Hash.Length), hash);
        }
        else
        {
            Sha256.Hash(bytes[..(1 + (2 * Hash.Length))], hash);
        }

        return new Hash(hash);
    }
}
