using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Ledger.Storage;

/// <summary>What one batch adds to the tree: the grown right edge and the new hashes of every tile level, computed from the entries' bytes.</summary>
internal sealed class TreeGrowth
{
    private readonly List<Hash>[] _levels = new List<Hash>[FlatFiles.TileLevels];
    private readonly ulong[] _first = new ulong[FlatFiles.TileLevels];

    private TreeGrowth(CompactRange tree, ulong sizeBefore)
    {
        Tree = tree;
        SizeBefore = sizeBefore;
        Root = default;
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
        var growth = new TreeGrowth(before.Clone(), before.Size);
        NodeVisitor visitor = growth.Add;
        for (var at = 0; at < entries.Length; at += LedgerEntry.Size)
        {
            growth.Tree.Append(MerkleHash.Leaf(entries.Slice(at, LedgerEntry.Size)), visitor);
        }

        growth.Root = growth.Tree.Root;
        return growth;
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
