using System.Numerics;

namespace HealthLedger.Proofs.Merkle;

/// <summary>That one leaf is in a tree: verification (RFC 6962 section 2.1.1, RFC 9162 section 2.1.3.2).</summary>
public static class InclusionProof
{
    /// <summary>Verifies that the leaf stands at <paramref name="index"/> in the tree of this size and root.</summary>
    /// <param name="leaf">The leaf hash.</param>
    /// <param name="index">0 up to and without <paramref name="size"/>.</param>
    /// <param name="size">Leaves in the tree.</param>
    /// <param name="proof">Sibling hashes, the leaf's own sibling first; exactly as many as needed.</param>
    /// <param name="root">The root to reach.</param>
    public static Verdict Verify(in Hash leaf, ulong index, ulong size, ReadOnlySpan<Hash> proof, in Hash root)
    {
        if (index >= size)
        {
            return Verdict.Refused("inclusion-index", $"Index {index} is not in a tree of size {size}.");
        }

        var inner = InnerLength(index, size);
        var border = BitOperations.PopCount(inner == 64 ? 0 : index >> inner);
        if (proof.Length != inner + border)
        {
            return Verdict.Refused("inclusion-length", $"The proof has {proof.Length} hashes where {inner + border} are needed.");
        }

        var hash = leaf;
        for (var i = 0; i < inner; i++)
        {
            hash = ((index >> i) & 1) == 0 ? MerkleHash.Node(hash, proof[i]) : MerkleHash.Node(proof[i], hash);
        }

        for (var i = inner; i < proof.Length; i++)
        {
            hash = MerkleHash.Node(proof[i], hash);
        }

        return hash == root ? Verdict.Valid : Verdict.Refused("inclusion-root", "The proof leads to another root.");
    }

    /// <summary>Levels on which the path of the leaf differs from the path of the last leaf: there siblings stand on both sides.</summary>
    internal static int InnerLength(ulong index, ulong size) => 64 - BitOperations.LeadingZeroCount(index ^ (size - 1));
}
