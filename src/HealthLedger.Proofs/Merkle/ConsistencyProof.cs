using System.Numerics;

namespace HealthLedger.Proofs.Merkle;

/// <summary>That a later tree only appended to an earlier one: verification (RFC 6962 section 2.1.2, RFC 9162 section 2.1.4.2).</summary>
public static class ConsistencyProof
{
    /// <summary>Verifies that the tree (<paramref name="newSize"/>, <paramref name="newRoot"/>) begins with the leaves of (<paramref name="oldSize"/>, <paramref name="oldRoot"/>).</summary>
    /// <remarks>
    /// Between equal sizes the proof is empty. From the empty tree to a greater one there is nothing to prove and the answer is a refusal, so that
    /// a forgotten stored size cannot pass for a check (the published vectors ask the same): the caller treats the empty tree apart.
    /// </remarks>
    public static Verdict Verify(ulong oldSize, ulong newSize, ReadOnlySpan<Hash> proof, in Hash oldRoot, in Hash newRoot)
    {
        if (oldSize > newSize)
        {
            return Verdict.Refused("consistency-shrunk", $"Size {newSize} is smaller than {oldSize}.");
        }

        if (oldSize == 0 && (newSize != 0 || oldRoot != MerkleHash.EmptyRoot))
        {
            return Verdict.Refused("consistency-empty", "The old tree is empty: there is nothing to prove, or its root is wrong.");
        }

        if (oldSize == newSize)
        {
            if (proof.Length != 0)
            {
                return Verdict.Refused("consistency-length", "The proof between equal sizes must be empty.");
            }

            return oldRoot == newRoot
                ? Verdict.Valid
                : Verdict.Refused("consistency-fork", "Two trees of the same size have different roots.");
        }

        return VerifyGrowth(oldSize, newSize, proof, oldRoot, newRoot);
    }

    private static Verdict VerifyGrowth(ulong oldSize, ulong newSize, ReadOnlySpan<Hash> proof, in Hash oldRoot, in Hash newRoot)
    {
        // The proof is an inclusion proof of the old tree's last complete subtree, whose hash comes first
        // unless the old tree is that subtree and its root is known.
        var shift = BitOperations.TrailingZeroCount(oldSize);
        var inner = InclusionProof.InnerLength(oldSize - 1, newSize) - shift;
        var border = BitOperations.PopCount((oldSize - 1) >> (inner + shift));
        var seeded = oldSize != 1UL << shift;
        var needed = inner + border + (seeded ? 1 : 0);
        if (proof.Length != needed)
        {
            return Verdict.Refused("consistency-length", $"The proof has {proof.Length} hashes where {needed} are needed.");
        }

        var seed = seeded ? proof[0] : oldRoot;
        var path = seeded ? proof[1..] : proof;
        var position = (oldSize - 1) >> shift;
        var old = seed;
        var grown = seed;
        for (var i = 0; i < path.Length; i++)
        {
            if (i >= inner || ((position >> i) & 1) == 1)
            {
                old = MerkleHash.Node(path[i], old);
                grown = MerkleHash.Node(path[i], grown);
            }
            else
            {
                grown = MerkleHash.Node(grown, path[i]);
            }
        }

        if (old != oldRoot)
        {
            return Verdict.Refused("consistency-old-root", "The proof leads to another old root.");
        }

        return grown == newRoot ? Verdict.Valid : Verdict.Refused("consistency-new-root", "The proof leads to another new root.");
    }
}
