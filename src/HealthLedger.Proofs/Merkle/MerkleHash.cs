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
        Span<byte> input = stackalloc byte[1 + (2 * Hash.Length)];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Hash.Length)..]);
        Span<byte> hash = stackalloc byte[Hash.Length];
        Sha256.Hash(input, hash);
        return new Hash(hash);
    }

    /// <summary>The root over leaf hashes in order; the empty root for none.</summary>
    public static Hash Root(ReadOnlySpan<Hash> leaves)
    {
        switch (leaves.Length)
        {
            case 0:
                return EmptyRoot;
            case 1:
                return leaves[0];
            default:
                var split = 1 << (31 - BitOperations.LeadingZeroCount((uint)(leaves.Length - 1)));
                return Node(Root(leaves[..split]), Root(leaves[split..]));
        }
    }
}
