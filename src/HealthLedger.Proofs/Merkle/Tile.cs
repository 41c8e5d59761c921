using System.Numerics;

namespace HealthLedger.Proofs.Merkle;

/// <summary>The bytes of a hash tile: 1 to 256 hashes of 32 bytes, nothing else (c2sp.org/tlog-tiles).</summary>
public static class Tile
{
    /// <summary>Reads one hash of a tile.</summary>
    public static Hash At(ReadOnlySpan<byte> tile, int position) => new(tile.Slice(position * Hash.Length, Hash.Length));

    /// <summary>Checks that a tile has exactly the hashes that its path says.</summary>
    public static Verdict CheckLength(in TilePath path, ReadOnlySpan<byte> tile) =>
        !path.IsEntries && tile.Length == path.Width * Hash.Length
            ? Verdict.Valid
            : Verdict.Refused("tile-length", $"{path} has {tile.Length} bytes where {path.Width * Hash.Length} are needed.");

    /// <summary>The hash of a full tile: its one hash on the level above.</summary>
    /// <exception cref="ArgumentException">The tile is partial; a partial tile has no hash above.</exception>
    public static Hash RootOf(ReadOnlySpan<byte> tile)
    {
        if (tile.Length != TilePath.FullWidth * Hash.Length)
        {
            throw new ArgumentException("Only a full tile has a hash on the level above.", nameof(tile));
        }

        return Node(tile, 8, 0);
    }

    /// <summary>The node over <c>2^level</c> hashes of the tile, the <paramref name="index"/>-th from the left. Level 0 to 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tile does not hold the node.</exception>
    public static Hash Node(ReadOnlySpan<byte> tile, int level, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)level, 8u);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(((long)index + 1) << level, tile.Length / Hash.Length);
        if (level == 0)
        {
            return At(tile, index);
        }

        Span<Hash> row = new Hash[1 << level];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = At(tile, (index << level) + i);
        }

        return MerkleHash.Root(row);
    }

    /// <summary>Checks that the leaf hashes of a bundle's entries are the hashes of the level-0 tile at the same place.</summary>
    public static Verdict MatchesEntries(ReadOnlySpan<byte> tile, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (tile.Length != entries.Count * Hash.Length)
        {
            return Verdict.Refused("tile-width", $"The tile has {tile.Length / Hash.Length} hashes, the bundle {entries.Count} entries.");
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if (MerkleHash.Leaf(entries[i].Span) != At(tile, i))
            {
                return Verdict.Refused("tile-entry", $"Entry {i} of the bundle does not hash to its place in the tile.");
            }
        }

        return Verdict.Valid;
    }

    /// <summary>A reader of nodes on every level over stored tiles, for <see cref="ProofConstruction"/>. Trusts the tiles: see <see cref="VerifiedTiles"/>.</summary>
    /// <param name="size">The size of the tree; the widest tile of that size is asked for.</param>
    /// <param name="read">Gives the bytes of a hash tile.</param>
    public static NodeReader Nodes(ulong size, Func<TilePath, ReadOnlyMemory<byte>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return (level, index) =>
        {
            // Level 8k is stored in tiles of level k, so that the row of level 8k+j is computed from 2^j hashes.
            var tileLevel = level / 8;
            var inTile = level % 8;
            var first = index << inTile;
            var path = TilePath.In(size, tileLevel, first / TilePath.FullWidth)
                ?? throw new ArgumentOutOfRangeException(nameof(index), "The node is not in the tree.");
            return Node(read(path).Span, inTile, (int)(first % TilePath.FullWidth) >> inTile);
        };
    }
}
