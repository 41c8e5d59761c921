using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Ledger;

/// <summary>
/// The tree's nodes for making proofs. A tile stores one level of eight; the seven between are computed once and kept while the tile is in use, and the
/// tile on the right edge, which every new entry's proof needs, grows in place. A complete node never changes, so nothing here can be out of date.
/// </summary>
/// <remarks>At most 256 tiles, 16 KiB each. Safe for many threads.</remarks>
internal sealed class TreeNodes(FlatFiles flat, Func<ulong> published)
{
    private const int MaxTiles = 256;
    private readonly Lock _lock = new();
    private readonly Dictionary<(int Level, ulong Index), Grown> _tiles = [];
    private readonly Queue<(int Level, ulong Index)> _oldest = new();

    /// <summary>The node over the 2^level entries from <c>index * 2^level</c>, all of them published.</summary>
    public Hash Read(int level, ulong index)
    {
        var within = level % 8;
        var first = index << within;
        var at = (Level: level / 8, Index: first / TilePath.FullWidth);
        var position = (int)(first % TilePath.FullWidth) >> within;
        var tile = Find(at);
        lock (tile)
        {
            if (tile.Count(within) <= position)
            {
                var widest = TilePath.In(published(), at.Level, at.Index)
                    ?? throw new ArgumentOutOfRangeException(nameof(index), "The published tree has no such node.");
                tile.Grow(flat.ReadTile(widest));
            }

            return tile.At(within, position);
        }
    }

    private Grown Find((int Level, ulong Index) at)
    {
        lock (_lock)
        {
            if (!_tiles.TryGetValue(at, out var tile))
            {
                if (_oldest.Count == MaxTiles)
                {
                    _tiles.Remove(_oldest.Dequeue());
                }

                _tiles.Add(at, tile = new Grown());
                _oldest.Enqueue(at);
            }

            return tile;
        }
    }

    /// <summary>A tile with the complete nodes above its hashes.</summary>
    private sealed class Grown
    {
        private readonly Hash[][] _rows = [.. Enumerable.Range(0, 8).Select(row => new Hash[TilePath.FullWidth >> row])];
        private readonly int[] _counts = new int[8];

        public int Count(int row) => _counts[row];

        public Hash At(int row, int position) =>
            position < _counts[row] ? _rows[row][position] : throw new ArgumentOutOfRangeException(nameof(position), "The published tree has no such node.");

        public void Grow(ReadOnlySpan<byte> hashes)
        {
            for (; _counts[0] < hashes.Length / Hash.Length; _counts[0]++)
            {
                _rows[0][_counts[0]] = Tile.At(hashes, _counts[0]);
            }

            for (var row = 1; row < 8; row++)
            {
                for (; _counts[row] < _counts[row - 1] / 2; _counts[row]++)
                {
                    _rows[row][_counts[row]] = MerkleHash.Node(_rows[row - 1][2 * _counts[row]], _rows[row - 1][(2 * _counts[row]) + 1]);
                }
            }
        }
    }
}
