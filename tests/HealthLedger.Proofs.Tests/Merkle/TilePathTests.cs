// c2sp.org/tlog-tiles: paths, widths and bundles.
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Tests.Merkle;

public class TilePathTests
{
    [Theory]
    [InlineData("tile/0/x001/x234/067", 0, 1234067UL, 256)]
    [InlineData("tile/0/000", 0, 0UL, 256)]
    [InlineData("tile/1/x001/067.p/5", 1, 1067UL, 5)]
    [InlineData("tile/entries/999.p/255", -1, 999UL, 255)]
    [InlineData("tile/63/000", 63, 0UL, 256)]
    public void A_path_reads_and_writes_itself(string path, int level, ulong index, int width)
    {
        Assert.Equal(new TilePath(level, index, width), TilePath.Parse(path));
        Assert.Equal(path, new TilePath(level, index, width).ToString());
    }

    [Theory]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/001/067")]
    [InlineData("tile/64/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/")]
    [InlineData("tile/0")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/0/../000")]
    [InlineData("tile/8/0/000")]
    [InlineData("")]
    public void Any_other_spelling_is_refused(string path) => Assert.Null(TilePath.Parse(path));

    [Fact]
    public void A_tree_of_70000_has_the_tiles_that_the_specification_counts()
    {
        Assert.Equal([.. Enumerable.Repeat(256, 273), 112], TilePath.AllAt(0, 70000).Select(tile => tile.Width));
        Assert.Equal([256, 17], TilePath.AllAt(1, 70000).Select(tile => tile.Width));
        Assert.Equal([1], TilePath.AllAt(2, 70000).Select(tile => tile.Width));
        Assert.Empty(TilePath.AllAt(3, 70000));
        Assert.Equal([256], TilePath.AllAt(0, 256).Select(tile => tile.Width));
        Assert.Equal([1], TilePath.AllAt(1, 256).Select(tile => tile.Width));
        Assert.Equal([256, 256, 1], TilePath.Grown(255, 256).Select(tile => tile.Width));
        Assert.Equal(["tile/entries/000.p/3", "tile/0/000.p/3"], TilePath.Grown(2, 3).Select(tile => tile.ToString()));
        Assert.Empty(TilePath.Grown(7, 7));
    }

    [Fact]
    public void A_bundle_reads_what_it_wrote_and_nothing_less_or_more()
    {
        ReadOnlyMemory<byte>[] entries = [new byte[] { 1, 2 }, Array.Empty<byte>(), new byte[EntryBundle.MaxEntry]];
        var bundle = EntryBundle.Encode(entries);
        Assert.Equal(entries.Select(entry => entry.ToArray()), EntryBundle.Parse(bundle, 3).Value.Select(entry => entry.ToArray()));
        Assert.Equal("bundle-trailing", EntryBundle.Parse(bundle, 2).Fault!.Code);
        Assert.Equal("bundle-short", EntryBundle.Parse(bundle, 4).Fault!.Code);
        Assert.Equal("bundle-short", EntryBundle.Parse(bundle.AsMemory(0, bundle.Length - 1), 3).Fault!.Code);
        Assert.Throws<ArgumentException>(() => EntryBundle.Encode([new byte[EntryBundle.MaxEntry + 1]]));
    }

    [Fact]
    public void A_bundle_that_does_not_hash_to_its_tile_is_found()
    {
        ReadOnlyMemory<byte>[] entries = [new byte[] { 1 }, new byte[] { 2 }];
        byte[] tile = [.. MerkleHash.Leaf([1]).Bytes, .. MerkleHash.Leaf([2]).Bytes];
        Assert.True(Tile.MatchesEntries(tile, entries).Holds);
        Assert.Equal("tile-entry", Tile.MatchesEntries(tile, [entries[1], entries[0]]).Fault!.Code);
        Assert.Equal("tile-width", Tile.MatchesEntries(tile, [entries[0]]).Fault!.Code);
    }
}
