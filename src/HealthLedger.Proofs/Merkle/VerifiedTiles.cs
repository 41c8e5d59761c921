namespace HealthLedger.Proofs.Merkle;

/// <summary>Reads hash tiles that somebody else stores, and hands out only those that hash to a known root.</summary>
/// <remarks>
/// The tiles on the right edge are checked together against the root; every other tile is full and is checked against its hash in the
/// tile above. Tiles above level 0 stay in memory (1/256 of the tree). Not safe for several threads.
/// </remarks>
public sealed class VerifiedTiles
{
    private readonly Func<TilePath, ReadOnlyMemory<byte>> _read;
    private readonly ulong _size;
    private readonly Dictionary<TilePath, ReadOnlyMemory<byte>> _known = [];

    private VerifiedTiles(ulong size, Func<TilePath, ReadOnlyMemory<byte>> read) => (_size, _read) = (size, read);

    /// <summary>Reads the right edge and checks it against the root.</summary>
    /// <param name="size">Leaves in the tree.</param>
    /// <param name="root">The root from a checkpoint that was verified.</param>
    /// <param name="read">Gives the untrusted bytes of a tile. What it throws goes through.</param>
    public static Parsed<VerifiedTiles> Open(ulong size, in Hash root, Func<TilePath, ReadOnlyMemory<byte>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var tiles = new VerifiedTiles(size, read);
        for (var level = 0; TilePath.HashesAt(level, size) > 0; level++)
        {
            // The frontier takes hashes from the last tile of each level, partial or full.
            var last = (TilePath.HashesAt(level, size) - 1) / TilePath.FullWidth;
            var path = TilePath.In(size, level, last)!.Value;
            var bytes = read(path);
            if (Tile.CheckLength(path, bytes.Span) is { Holds: false } wrong)
            {
                return wrong.Fault!;
            }

            tiles._known[path] = bytes;
        }

        // Frontier nodes lie in partial tiles; a level with only full tiles passes them up to the level above.
        // A full last tile is on the edge of its own level but its content is vouched for by the tile above only.
        var computed = ProofConstruction.Root(size, Tile.Nodes(size, path => tiles._known[path]));
        if (computed != root)
        {
            return new Fault("tiles-root", "The tiles on the right edge hash to another root than the checkpoint's.");
        }

        foreach (var (path, bytes) in tiles._known.Where(tile => !tile.Key.IsPartial).ToList())
        {
            if (tiles.CheckAgainstAbove(path, bytes) is { Holds: false } wrong)
            {
                return wrong.Fault!;
            }
        }

        return tiles;
    }

    /// <summary>The bytes of a hash tile that lead to the root, or why they do not.</summary>
    /// <exception cref="ArgumentException">The path is not the widest tile of its place in this tree.</exception>
    public Parsed<ReadOnlyMemory<byte>> Get(TilePath path)
    {
        if (path.IsEntries || TilePath.In(_size, path.Level, path.Index) != path)
        {
            throw new ArgumentException($"{path} is not a tile of a tree of size {_size}.", nameof(path));
        }

        if (_known.TryGetValue(path, out var known))
        {
            return known;
        }

        var bytes = _read(path);
        if (Tile.CheckLength(path, bytes.Span) is { Holds: false } length)
        {
            return length.Fault!;
        }

        if (CheckAgainstAbove(path, bytes) is { Holds: false } wrong)
        {
            return wrong.Fault!;
        }

        if (path.Level > 0)
        {
            _known[path] = bytes;
        }

        return bytes;
    }

    private Verdict CheckAgainstAbove(TilePath path, ReadOnlyMemory<byte> bytes)
    {
        var above = TilePath.In(_size, path.Level + 1, path.Index / TilePath.FullWidth)!.Value;
        if (!Get(above).TryGet(out var parent, out var fault))
        {
            return fault;
        }

        return Tile.RootOf(bytes.Span) == Tile.At(parent.Span, (int)(path.Index % TilePath.FullWidth))
            ? Verdict.Valid
            : Verdict.Refused("tile-hash", $"{path} does not hash to its place in {above}.");
    }
}
