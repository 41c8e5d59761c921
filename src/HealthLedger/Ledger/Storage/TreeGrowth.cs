using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Ledger.Storage;

/// <summary>What one batch adds to the tree: the grown right edge and the new hashes of every tile level, computed from the entries' bytes.</summary>
internal sealed class TreeGrowth
{
    private readonly List<Hash>[] _levels = new List<Hash>[FlatFiles.TileLevels];
    private readonly ulong[] _first = new ulong[FlatFiles.TileLevels];

    private TreeGrowth(CompactRange tree, int entries)
    {
        Tree = tree;
        SizeBefore = tree.Size;
        _first[0] = tree.Size;
        _levels[0] = new List<Hash>(entries);
    }

    /// <summary>The tree after the batch.</summary>
    public CompactRange Tree { get; }

    public ulong SizeBefore { get; }

    public Hash Root { get; private set; }

    /// <summary>The new hashes of a tile level, left to right, and the place of the first.</summary>
    public (ulong First, List<Hash>? Hashes) Level(int level) => (_first[level], _levels[level]);

    /// <param name="before">The tree that the batch is appended to; it stays as it is.</param>
    /// <param name="entries">256 bytes for each entry.</param>
    public static TreeGrowth Of(CompactRange before, ReadOnlySpan<byte> entries)
    {
        var growth = new TreeGrowth(before.Clone(), entries.Length / LedgerEntry.Size);
        Append(growth.Tree, entries, growth.Add);
        growth.Root = growth.Tree.Root;
        return growth;
    }

    /// <summary>The root alone, computed anew from the entries' bytes.</summary>
    public static Hash RootOf(CompactRange before, ReadOnlySpan<byte> entries)
    {
        var tree = before.Clone();
        Append(tree, entries, null);
        return tree.Root;
    }

    private static void Append(CompactRange tree, ReadOnlySpan<byte> entries, NodeVisitor? visitor)
    {
        for (var at = 0; at < entries.Length; at += LedgerEntry.Size)
        {
            tree.Append(MerkleHash.Leaf(entries.Slice(at, LedgerEntry.Size)), visitor);
        }
    }

    private void Add(int level, ulong index, in Hash hash)
    {
        if (level % 8 != 0 || level / 8 >= FlatFiles.TileLevels)
        {
            return;
        }

        var hashes = _levels[level / 8];
        if (hashes is null)
        {
            _levels[level / 8] = hashes = [];
            _first[level / 8] = index;
        }

        hashes.Add(hash);
    }
}
