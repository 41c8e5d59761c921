using System.Globalization;
using System.Text;

namespace HealthLedger.Proofs.Merkle;

/// <summary>The place of a tile: up to 256 hashes of one level, or up to 256 entries (c2sp.org/tlog-tiles, "Merkle tree" and "Log entries").</summary>
/// <param name="Level">0 to 63 for hash tiles, <see cref="EntriesLevel"/> for entry bundles.</param>
/// <param name="Index">Counts full tiles from the left.</param>
/// <param name="Width">1 to 256; below 256 the tile is partial and its path ends in <c>.p/W</c>.</param>
public readonly record struct TilePath(int Level, ulong Index, int Width)
{
    /// <summary>Hashes or entries in a full tile.</summary>
    public const int FullWidth = 256;

    /// <summary>The level that stands for entry bundles.</summary>
    public const int EntriesLevel = -1;

    /// <summary>True for a bundle of entries.</summary>
    public bool IsEntries => Level == EntriesLevel;

    /// <summary>True for fewer than 256 hashes or entries.</summary>
    public bool IsPartial => Width != FullWidth;

    /// <summary>The full tile at the same place.</summary>
    public TilePath Full => this with { Width = FullWidth };

    /// <summary>Hashes that a level has in a tree of this size: one for each complete subtree of <c>256^level</c> leaves.</summary>
    public static ulong HashesAt(int level, ulong size) => level >= 8 ? 0 : size >> (8 * Math.Max(level, 0));

    /// <summary>The widest tile at this place in a tree of this size; null where there is none.</summary>
    public static TilePath? In(ulong size, int level, ulong index)
    {
        var hashes = HashesAt(level, size);
        var full = hashes / FullWidth;
        if (index < full)
        {
            return new TilePath(level, index, FullWidth);
        }

        var rest = (int)(hashes % FullWidth);
        return index == full && rest > 0 ? new TilePath(level, index, rest) : null;
    }

    /// <summary>True where a tree of this size has the tile; a partial tile need not be the widest, but a full one's partials count too.</summary>
    public bool ExistsIn(ulong size) => In(size, Level, Index) is { } widest && Width <= widest.Width;

    /// <summary>The widest tiles of a level, left to right.</summary>
    public static IEnumerable<TilePath> AllAt(int level, ulong size)
    {
        for (ulong index = 0; In(size, level, index) is { } tile; index++)
        {
            yield return tile;
        }
    }

    /// <summary>The tiles that a tree grown from <paramref name="oldSize"/> to <paramref name="newSize"/> has to write, on every level and for entries.</summary>
    public static IEnumerable<TilePath> Grown(ulong oldSize, ulong newSize)
    {
        for (var level = EntriesLevel; level < 8; level++)
        {
            var before = HashesAt(level, oldSize);
            if (HashesAt(level, newSize) == before)
            {
                continue;
            }

            for (var index = before / FullWidth; In(newSize, level, index) is { } tile; index++)
            {
                yield return tile;
            }
        }
    }

    /// <summary>The path, such as <c>tile/0/x001/067.p/5</c> or <c>tile/entries/000</c>, without a leading slash.</summary>
    public override string ToString()
    {
        var path = new StringBuilder("tile/");
        path.Append(IsEntries ? "entries" : Level.ToString(CultureInfo.InvariantCulture)).Append('/');
        var digits = Index.ToString(CultureInfo.InvariantCulture);
        digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
        for (var i = 0; i < digits.Length; i += 3)
        {
            path.Append(i + 3 < digits.Length ? "x" : "").Append(digits, i, 3).Append(i + 3 < digits.Length ? "/" : "");
        }

        return IsPartial ? path.Append(".p/").Append(Width.ToString(CultureInfo.InvariantCulture)).ToString() : path.ToString();
    }

    /// <summary>Reads a path in its one canonical spelling; anything else is null.</summary>
    public static TilePath? Parse(string path)
    {
        if (path is null || path.Length > 64 || !path.StartsWith("tile/", StringComparison.Ordinal))
        {
            return null;
        }

        var rest = path.AsSpan(5);
        var slash = rest.IndexOf('/');
        if (slash < 1)
        {
            return null;
        }

        var level = EntriesLevel;
        if (rest[..slash] is not "entries"
            && !(int.TryParse(rest[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out level) && level < 64))
        {
            return null;
        }

        rest = rest[(slash + 1)..];
        var width = FullWidth;
        var partial = rest.IndexOf(".p/");
        if (partial >= 0)
        {
            if (!int.TryParse(rest[(partial + 3)..], NumberStyles.None, CultureInfo.InvariantCulture, out width) || width is < 1 or >= FullWidth)
            {
                return null;
            }

            rest = rest[..partial];
        }

        var digits = new string(rest).Replace("x", "", StringComparison.Ordinal).Replace("/", "", StringComparison.Ordinal);
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return null;
        }

        // Formatting is the definition of the canonical spelling: what does not come back the same was not it.
        var tile = new TilePath(level, index, width);
        return tile.ToString() == path ? tile : null;
    }
}
