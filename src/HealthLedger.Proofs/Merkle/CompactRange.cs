using System.Numerics;

namespace HealthLedger.Proofs.Merkle;

/// <summary>Called for each complete node that an append creates: level 0 are the leaves, <c>index</c> counts from the left within the level.</summary>
public delegate void NodeVisitor(int level, ulong index, in Hash hash);

/// <summary>The right edge of a growing tree: at most 63 hashes, from which the root follows and to which leaves are appended.</summary>
/// <remarks>Not safe for several threads. The frontier is the list of the largest complete subtrees, left to right, as the one bits of the size name them.</remarks>
public sealed class CompactRange
{
    private readonly Hash[] _frontier = new Hash[64];
    private int _count;

    /// <summary>The empty tree.</summary>
    public CompactRange()
    {
    }

    private CompactRange(ulong size, ReadOnlySpan<Hash> frontier)
    {
        Size = size;
        _count = frontier.Length;
        frontier.CopyTo(_frontier);
    }

    /// <summary>Leaves appended so far.</summary>
    public ulong Size { get; private set; }

    /// <summary>The complete subtrees from left (largest) to right. Valid until the next append.</summary>
    public ReadOnlySpan<Hash> Frontier => _frontier.AsSpan(0, _count);

    /// <summary>The tree's root (RFC 6962 section 2.1).</summary>
    public Hash Root
    {
        get
        {
            if (_count == 0)
            {
                return MerkleHash.EmptyRoot;
            }

            var root = _frontier[_count - 1];
            for (var i = _count - 2; i >= 0; i--)
            {
                root = MerkleHash.Node(_frontier[i], root);
            }

            return root;
        }
    }

    /// <summary>Takes up a frontier that <see cref="Frontier"/> gave for a tree of this size.</summary>
    /// <exception cref="ArgumentException">The number of hashes does not fit the size, or the size is 2^63 or more.</exception>
    public static CompactRange Import(ulong size, ReadOnlySpan<Hash> frontier)
    {
        if (size > long.MaxValue || BitOperations.PopCount(size) != frontier.Length)
        {
            throw new ArgumentException("The frontier does not fit the size.", nameof(frontier));
        }

        return new CompactRange(size, frontier);
    }

    /// <summary>An independent copy, for trying an append.</summary>
    public CompactRange Clone() => new(Size, Frontier);

    /// <summary>Appends a leaf by its hash.</summary>
    /// <param name="leaf">The leaf hash (<see cref="MerkleHash.Leaf"/>), not the entry.</param>
    /// <param name="visitor">Told of every node that this leaf completes, the leaf itself first.</param>
    public void Append(in Hash leaf, NodeVisitor? visitor = null)
    {
        if (Size >= long.MaxValue)
        {
            throw new InvalidOperationException("The tree is full.");
        }

        var hash = leaf;
        var index = Size;
        visitor?.Invoke(0, index, hash);
        for (var level = 1; (index & 1) == 1; level++)
        {
            hash = MerkleHash.Node(_frontier[--_count], hash);
            index >>= 1;
            visitor?.Invoke(level, index, hash);
        }

        _frontier[_count++] = hash;
        Size++;
    }
}
