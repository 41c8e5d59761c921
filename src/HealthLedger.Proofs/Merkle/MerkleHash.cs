using System.Numerics;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Merkle;

/// <summary>The hashes of a Merkle tree as RFC 6962 section 2.1 defines them, with SHA-256.</summary>
public static class MerkleHash
{
    private const int OnStack = 1024;

    /// <summary>The root of the empty tree: SHA-256 of nothing.</summary>
    public static Hash EmptyRoot { get; } = new(SHA256.HashData(ReadOnlySpan<byte>.Empty));

    /// <summary>SHA-256(0x00 || entry).</summary>
    public static Hash Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Hash.Length];
        if (entry.Length < OnStack)
        {
            Span<byte> input = stackalloc byte[OnStack];
            input[0] = 0;
            entry.CopyTo(input[1..]);
            SHA256.HashData(input[..(entry.Length + 1)], hash);
        }
        else
        {
            using var incremental = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            incremental.AppendData([0]);
            incremental.AppendData(entry);
            incremental.GetHashAndReset(hash);
        }

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
        SHA256.HashData(input, hash);
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
