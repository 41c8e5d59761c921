using System.Numerics;

namespace HealthLedger.Proofs.Merkle;

/// <summary>Reads a complete node: the hash over the leaves <c>index * 2^level</c> up to and without <c>(index + 1) * 2^level</c>.</summary>
/// <remarks>Never asked for a node beyond the tree that a proof is made for.</remarks>
public delegate Hash NodeReader(int level, ulong index);

/// <summary>Makes inclusion and consistency proofs from stored nodes (RFC 6962 sections 2.1.1 and 2.1.2).</summary>
public static class ProofConstruction
{
    /// <summary>The root of the tree of this size.</summary>
    public static Hash Root(ulong size, NodeReader read) => size == 0 ? MerkleHash.EmptyRoot : Range(0, size, read);

    /// <summary>The sibling hashes of the leaf, its own sibling first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not in a tree of this size.</exception>
    public static Hash[] Inclusion(ulong index, ulong size, NodeReader read)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        ArgumentNullException.ThrowIfNull(read);
        var proof = new List<Hash>(64);
        Path(index, 0, size, read, proof);
        return [.. proof];
    }

    /// <summary>The hashes that lead from the tree of the old size to that of the new one; empty for equal sizes and from size 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The old size is greater than the new one.</exception>
    public static Hash[] Consistency(ulong oldSize, ulong newSize, NodeReader read)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        ArgumentNullException.ThrowIfNull(read);
        if (oldSize == 0 || oldSize == newSize)
        {
            return [];
        }

        var proof = new List<Hash>(64);
        Subproof(oldSize, 0, newSize, true, read, proof);
        return [.. proof];
    }

    private static void Path(ulong index, ulong start, ulong end, NodeReader read, List<Hash> proof)
    {
        if (end - start == 1)
        {
            return;
        }

        var middle = start + Split(end - start);
        if (index < middle)
        {
            Path(index, start, middle, read, proof);
            proof.Add(Range(middle, end, read));
        }
        else
        {
            Path(index, middle, end, read, proof);
            proof.Add(Range(start, middle, read));
        }
    }

    private static void Subproof(ulong oldSize, ulong start, ulong end, bool known, NodeReader read, List<Hash> proof)
    {
        if (oldSize == end - start)
        {
            if (!known)
            {
                proof.Add(Range(start, end, read));
            }

            return;
        }

        var split = Split(end - start);
        if (oldSize <= split)
        {
            Subproof(oldSize, start, start + split, known, read, proof);
            proof.Add(Range(start + split, end, read));
        }
        else
        {
            Subproof(oldSize - split, start + split, end, false, read, proof);
            proof.Add(Range(start, start + split, read));
        }
    }

    /// <summary>The hash over a range that begins where a subtree of its largest complete part begins.</summary>
    private static Hash Range(ulong start, ulong end, NodeReader read)
    {
        var count = end - start;
        if (BitOperations.IsPow2(count))
        {
            var level = BitOperations.TrailingZeroCount(count);
            return read(level, start >> level);
        }

        var middle = start + Split(count);
        return MerkleHash.Node(Range(start, middle, read), Range(middle, end, read));
    }

    /// <summary>The largest power of two smaller than <paramref name="count"/>, which is at least 2.</summary>
    private static ulong Split(ulong count) => 1UL << (63 - BitOperations.LeadingZeroCount(count - 1));
}
