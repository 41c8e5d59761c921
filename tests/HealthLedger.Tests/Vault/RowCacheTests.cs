// docs/formats/vault.md: a row is opened only where it is the one that was committed; one that was found so may be kept in memory.
using HealthLedger.Ledger;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Tests.Vault;

public sealed class RowCacheTests
{
    private const int RowBytes = 2_000;

    [Fact]
    public void A_kept_row_is_found_by_its_name_and_hash_and_by_no_other()
    {
        var cache = new RowCache(1 << 20);
        var version = Version(1, 1);
        cache.Keep(version, Row(1));
        using var found = cache.Find(version);
        Assert.Equal(Row(1), found!.Sealed.ToArray());
        Assert.Null(cache.Find(Version(2, 1)));
        Assert.Null(cache.Find(Version(1, 2)));
    }

    [Fact]
    public void What_is_given_out_stays_whole_when_another_gives_its_row_back_or_all_is_forgotten()
    {
        var cache = new RowCache(1 << 20);
        var version = Version(1, 1);
        cache.Keep(version, Row(1));
        using var first = cache.Find(version);
        cache.Find(version)!.Dispose();
        using (var other = StoredRow.CopyOf(Row(9)))
        {
            Assert.Equal(Row(1), first!.Sealed.ToArray());
        }

        cache.Clear();
        Assert.Equal(Row(1), first.Sealed.ToArray());
        Assert.Null(cache.Find(version));
    }

    [Fact]
    public void No_more_is_kept_than_there_is_room_for_and_what_is_read_again_stays_longest()
    {
        var cache = new RowCache(4 << 20);
        for (var i = 0; i < 20_000; i++)
        {
            cache.Keep(Version(i, i), Row(i));
            cache.Find(Version(5, 5))?.Dispose();
        }

        var kept = Enumerable.Range(0, 20_000).Count(i => cache.Find(Version(i, i)) is not null);
        Assert.InRange(kept, 1_000, (4 << 20) / RowBytes);
        Assert.NotNull(cache.Find(Version(5, 5)));
    }

    [Fact]
    public void Nothing_is_kept_without_room_and_no_great_row_drives_the_others_out()
    {
        var none = new RowCache(0);
        none.Keep(Version(1, 1), Row(1));
        Assert.Null(none.Find(Version(1, 1)));

        var cache = new RowCache(1 << 20);
        cache.Keep(Version(1, 1), Row(1));
        cache.Keep(Version(2, 2), new byte[1 << 20]);
        Assert.NotNull(cache.Find(Version(1, 1)));
        Assert.Null(cache.Find(Version(2, 2)));
    }

    [Fact]
    public async Task Readers_and_keepers_at_once_find_rows_whole_or_not_at_all()
    {
        var cache = new RowCache(256 << 10);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 20_000; i++)
            {
                var number = random.Next(500);
                if (cache.Find(Version(number, number)) is { } found)
                {
                    Assert.Equal((byte)number, found.Sealed.Span[0]);
                    Assert.Equal((byte)number, found.Sealed.Span[^1]);
                    found.Dispose();
                }
                else
                {
                    cache.Keep(Version(number, number), Row(number));
                }
            }
        })));
    }

    private static byte[] Row(int number) => [.. Enumerable.Repeat((byte)number, RowBytes)];

    private static ShelfEntry Version(int name, int hash) => new()
    {
        Key = new RecordKey("Observation", "o", 1), LastUpdated = DateTimeOffset.UnixEpoch, State = EntryState.Live, Handle = new KeyedName((UInt128)name),
        CiphertextHash = new Hash256((UInt128)hash, 0), Custodian = "Organization/1",
    };
}
