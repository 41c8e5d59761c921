using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Cli.Verify;

/// <summary>Builds the tree again from the leaf hashes, and keeps what the tiles above should hold: one hash in 256.</summary>
internal sealed class TreeRecomputation(IReadOnlyCollection<ulong> earlierSizes)
{
    private const int LevelsPerTile = 8;

    private readonly CompactRange range = new();
    private readonly List<Hash>[] rows = [.. Enumerable.Range(0, LevelsPerTile).Select(_ => new List<Hash>())];

    /// <summary>The root over all hashes so far.</summary>
    public Hash Root => range.Root;

    private readonly Dictionary<ulong, Hash> earlierRoots = new() { [0] = MerkleHash.EmptyRoot };

    /// <summary>The root that the tree had at an earlier size that was asked for; null where so many hashes were not added.</summary>
    public Hash? RootAt(ulong size) => earlierRoots.TryGetValue(size, out var root) ? root : null;

    /// <summary>Hashes of full tiles of level <paramref name="tileLevel"/> - 1, left to right.</summary>
    public IReadOnlyList<Hash> Row(int tileLevel) => rows[tileLevel];

    /// <summary>Adds the next tile of level 0.</summary>
    public void Add(ReadOnlySpan<byte> tile)
    {
        for (var i = 0; i < tile.Length / Hash.Length; i++)
        {
            range.Append(Tile.At(tile, i), Keep);
            if (earlierSizes.Contains(range.Size))
            {
                earlierRoots[range.Size] = range.Root;
            }
        }
    }

    private void Keep(int level, ulong index, in Hash hash)
    {
        if (level > 0 && level % LevelsPerTile == 0 && level / LevelsPerTile < rows.Length)
        {
            rows[level / LevelsPerTile].Add(hash);
        }
    }
}
