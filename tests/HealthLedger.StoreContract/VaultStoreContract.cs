using System.Security.Cryptography;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;

namespace HealthLedger.StoreContract;

/// <summary>What every <see cref="IVaultStore"/> must do. A store's test project derives one class from this.</summary>
public abstract class VaultStoreContract : IDisposable
{
    private static readonly KeyedName ShelfA = new(1), ShelfB = new(UInt128.MaxValue);

    /// <summary>Opens the same store again after the one before was disposed.</summary>
    protected abstract IVaultStore Open();

    [Fact]
    public async Task A_row_that_was_put_is_read_back_and_after_reopening_too()
    {
        var place = new RowPlace(VaultTable.Record, ShelfA, new KeyedName(7));
        var bytes = RandomNumberGenerator.GetBytes(3000);
        using (var store = Open())
        {
            Assert.Null(await store.Read(place, default));
            store.Apply(5, [RedoCodec.Encode([new RowChange(place, bytes)])]);
            Assert.Equal(5ul, store.AppliedSize);
            Assert.Equal(bytes, await Bytes(store, place));
        }

        using var again = Open();
        Assert.Equal(5ul, again.AppliedSize);
        Assert.Equal(bytes, await Bytes(again, place));
    }

    [Fact]
    public async Task Tables_shelves_and_rows_do_not_mix()
    {
        using var store = Open();
        var places = (from table in Enum.GetValues<VaultTable>() from shelf in new[] { ShelfA, ShelfB } from row in new UInt128[] { 0, 1, UInt128.MaxValue }
                      select new RowPlace(table, shelf, new KeyedName(row))).ToList();
        store.Apply(1, [RedoCodec.Encode([.. places.Select((place, i) => new RowChange(place, new byte[] { (byte)(i + 1) }))])]);
        for (var i = 0; i < places.Count; i++)
        {
            Assert.Equal([(byte)(i + 1)], await Bytes(store, places[i]));
        }
    }

    [Fact]
    public async Task Several_rows_come_in_the_order_asked_for_with_gaps_where_there_is_none()
    {
        using var store = Open();
        RowPlace Place(KeyedName shelf, uint row) => new(VaultTable.Record, shelf, new KeyedName(row));
        store.Apply(1, [RedoCodec.Encode([new RowChange(Place(ShelfA, 1), new byte[] { 1 }), new RowChange(Place(ShelfA, 2), new byte[] { 2 }), new RowChange(Place(ShelfB, 1), new byte[] { 3 })])]);
        var rows = await store.Read([Place(ShelfB, 1), Place(ShelfB, 2), Place(ShelfA, 2), Place(ShelfA, 1), Place(ShelfA, 2)], default);
        Assert.Equal([3, -1, 2, 1, 2], rows.Select(row => row is null ? -1 : row.Sealed.Span[0]));
        foreach (var row in rows)
        {
            row?.Dispose();
        }

        Assert.Empty(await store.Read([], default));
    }

    [Fact]
    public async Task A_later_put_replaces_and_an_empty_one_deletes()
    {
        using var store = Open();
        var place = new RowPlace(VaultTable.Locator, default, new KeyedName(3));
        store.Apply(1, [RedoCodec.Encode([new RowChange(place, new byte[] { 1 })]), RedoCodec.Encode([new RowChange(place, new byte[] { 2, 2 })])]);
        Assert.Equal([2, 2], await Bytes(store, place));
        store.Apply(2, [RedoCodec.Encode([new RowChange(place, default)])]);
        Assert.Null(await store.Read(place, default));
        store.Apply(3, [RedoCodec.Encode([new RowChange(place, default)])]);
    }

    [Fact]
    public async Task A_batch_that_was_applied_before_changes_nothing()
    {
        using var store = Open();
        var place = new RowPlace(VaultTable.Record, ShelfA, new KeyedName(7));
        store.Apply(4, [RedoCodec.Encode([new RowChange(place, new byte[] { 1 })])]);
        store.Apply(8, [RedoCodec.Encode([new RowChange(place, new byte[] { 2 })])]);
        store.Apply(8, [RedoCodec.Encode([new RowChange(place, new byte[] { 3 })])]);
        store.Apply(4, [RedoCodec.Encode([new RowChange(place, new byte[] { 1 })])]);
        Assert.Equal([2], await Bytes(store, place));
        Assert.Equal(8ul, store.AppliedSize);
    }

    [Fact]
    public async Task A_batch_with_a_damaged_part_is_refused_whole()
    {
        var place = new RowPlace(VaultTable.Record, ShelfA, new KeyedName(7));
        using (var store = Open())
        {
            var good = RedoCodec.Encode([new RowChange(place, new byte[] { 1 })]);
            Assert.Throws<InvalidDataException>(() => store.Apply(4, [good, good[..^1]]));
            Assert.Equal(0ul, store.AppliedSize);
            Assert.Null(await store.Read(place, default));
        }

        using var again = Open();
        Assert.Equal(0ul, again.AppliedSize);
        again.Apply(4, [RedoCodec.Encode([new RowChange(place, new byte[] { 1 })])]);
        Assert.Equal([1], await Bytes(again, place));
    }

    [Fact]
    public async Task Pages_of_a_shelf_come_by_ascending_row_and_cover_it_once()
    {
        using var store = Open();
        var rows = Enumerable.Range(0, 100).Select(_ => KeyedName.Read(RandomNumberGenerator.GetBytes(16))).Append(default).Append(new KeyedName(UInt128.MaxValue)).ToList();
        store.Apply(1, [RedoCodec.Encode([.. rows.Select(row => new RowChange(new RowPlace(VaultTable.Patient, ShelfA, row), row.ToArray()))])]);
        store.Apply(2, [RedoCodec.Encode([new RowChange(new RowPlace(VaultTable.Patient, ShelfB, default), new byte[] { 9 })])]);
        var read = new List<RowChange>();
        KeyedName? after = null;
        while (await store.ReadPage(VaultTable.Patient, ShelfA, after, 7, default) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 7);
            read.AddRange(page);
            after = page[^1].Place.Row;
        }

        Assert.Equal(rows.Order(Comparer<KeyedName>.Create((a, b) => a.Value.CompareTo(b.Value))), read.Select(change => change.Place.Row));
        Assert.All(read, change => Assert.Equal(change.Place.Row.ToArray(), change.Sealed.ToArray()));
    }

    [Fact]
    public async Task Head_and_segments_come_together()
    {
        using var store = Open();
        Assert.Empty(await store.ReadHeadAndSegments(ShelfA, default));
        store.Apply(1, [RedoCodec.Encode(
        [
            new RowChange(new RowPlace(VaultTable.Segment, ShelfA, new KeyedName(300)), new byte[] { 2 }),
            new RowChange(new RowPlace(VaultTable.Segment, ShelfA, new KeyedName(2)), new byte[] { 1 }),
            new RowChange(new RowPlace(VaultTable.Head, ShelfA, default), new byte[] { 0 }),
            new RowChange(new RowPlace(VaultTable.Segment, ShelfB, new KeyedName(1)), new byte[] { 9 }),
        ])]);
        var rows = await store.ReadHeadAndSegments(ShelfA, default);
        Assert.Equal([VaultTable.Head, VaultTable.Segment, VaultTable.Segment], rows.Select(row => row.Place.Table));
        Assert.Equal([0, 1, 2], rows.Select(row => row.Sealed.Span[0]));
    }

    [Fact]
    public async Task Readers_see_all_of_a_batch_or_nothing_of_it()
    {
        using var store = Open();
        using var stop = new CancellationTokenSource();
        var head = new RowPlace(VaultTable.Head, ShelfA, default);
        var segment = new RowPlace(VaultTable.Segment, ShelfA, new KeyedName(1));
        store.Apply(1, [RedoCodec.Encode([new RowChange(head, new byte[] { 1 }), new RowChange(segment, new byte[] { 1 })])]);
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var reads = 0;
            while (!stop.IsCancellationRequested || reads == 0)
            {
                var rows = await store.ReadHeadAndSegments(ShelfA, default);
                Assert.Equal(2, rows.Count);
                Assert.Equal(rows[0].Sealed.ToArray(), rows[1].Sealed.ToArray());
                reads++;
            }
        })).ToArray();
        for (ulong size = 2; size < 200; size++)
        {
            var value = new[] { (byte)size };
            store.Apply(size, [RedoCodec.Encode([new RowChange(head, value)]), RedoCodec.Encode([new RowChange(segment, value)])]);
        }

        stop.Cancel();
        await Task.WhenAll(readers);
    }

    public void Dispose()
    {
        Clean();
        GC.SuppressFinalize(this);
    }

    /// <summary>Removes what the store left.</summary>
    protected abstract void Clean();

    private static async Task<byte[]> Bytes(IVaultStore store, RowPlace place)
    {
        using var row = await store.Read(place, default);
        return Assert.IsType<StoredRow>(row).Sealed.ToArray();
    }
}
