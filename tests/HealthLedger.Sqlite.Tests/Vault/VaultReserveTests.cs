// On a full disk a batch must find its place after the ledger's point of no return, or not get there (docs/decisions/0014-room-taken-ahead.md): what the store says it has room for it
// applies, whatever else takes the disk. Where nothing can be mounted, the test says so.
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Sqlite.Vault;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;
using Xunit.Abstractions;

namespace HealthLedger.Sqlite.Tests.Vault;

public sealed class VaultReserveTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void A_full_disk_takes_every_batch_that_the_store_said_it_has_room_for_and_refuses_the_next(string kind)
    {
        using var place = new Place();
        var data = Path.Combine(place.Data, "small");
        using var disk = SmallDisk.Mount(kind, data, 96);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a small disk is not permitted here.");
            return;
        }

        var size = 0ul;
        var random = new Random(7);
        byte[] Redo(ulong number, int bytes)
        {
            var content = new byte[bytes];
            random.NextBytes(content);
            return RedoCodec.Encode([.. Enum.GetValues<VaultTable>().Select(table => new RowChange(new RowPlace(table, new KeyedName(number % 5), new KeyedName(number)), content))]);
        }

        using (var store = SqliteVaultStore.Open(data, place.Keys))
        {
            for (; size < 50; size++)
            {
                store.Apply(size + 1, [Redo(size, 3000)]);
            }

            Assert.True(store.Reserve(4 << 20));
            disk.Fill();
            Assert.Equal(0, disk.Free);

            // Small and large ones in turn, so that pages are split, and long rows take pages of their own.
            for (var fits = true; fits; size += fits ? 1ul : 0)
            {
                var redo = Redo(size, size % 7 == 0 ? 200_000 : 3000);
                fits = store.HasRoom([redo]);
                if (fits)
                {
                    store.Apply(size + 1, [redo]);
                }

                Assert.True(size < 100_000, "The reserve has no end.");
            }

            Assert.True(size > 150, $"only {size} batches found room");
            Assert.Equal(size, store.AppliedSize);
            Assert.False(store.Reserve(512 << 20));

            disk.Clear();
            var next = Redo(size, 3000);
            Assert.True(store.HasRoom([next]));
            Assert.Equal(size, store.AppliedSize);
            store.Apply(++size, [next]);
        }

        using var again = SqliteVaultStore.Open(data, place.Keys);
        Assert.Equal(size, again.AppliedSize);
    }
}
