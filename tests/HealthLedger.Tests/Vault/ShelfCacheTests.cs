using HealthLedger.StoreContract;
using HealthLedger.Vault;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

public sealed class ShelfCacheTests
{
    [Fact]
    public async Task However_many_ask_for_a_shelf_it_is_loaded_once()
    {
        using var world = InMemory();
        await world.Write(Put("Patient", "ann", 1, "Ann", ShelfId.ForPatient("ann")));
        world.Reopen();
        var loads = 0;
        using var open = new ManualResetEventSlim();
        ((MemoryVaultStore)world.Store).BeforeShelf = () =>
        {
            Interlocked.Increment(ref loads);
            open.Wait();
        };
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await world.OpenShelf(ShelfId.ForPatient("ann")))).ToArray();
        open.Set();
        var shelves = await Task.WhenAll(asking);
        Assert.All(shelves, shelf => Assert.Same(shelves[0], shelf));
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task Shelves_beyond_the_capacity_are_dropped_and_come_back_whole()
    {
        using var world = InMemory(new VaultOptions { ShelfCacheBytes = 1 << 20 });
        var loads = 0;
        ((MemoryVaultStore)world.Store).BeforeShelf = () => loads++;
        for (var patient = 0; patient < 60; patient++)
        {
            var shelf = ShelfId.ForPatient("p" + patient);
            await world.Write([.. Enumerable.Range(0, 5).Select(i => Put("Observation", $"o{patient}-{i}", 1, $"{patient} {i}", shelf) with { Annotation = new byte[10_000] })]);
        }

        Assert.InRange(loads, 0, 60);
        for (var round = 0; round < 2; round++)
        {
            for (var patient = 0; patient < 60; patient++)
            {
                Assert.Equal(5, (await world.OpenShelf(ShelfId.ForPatient("p" + patient))).All.Count());
            }
        }

        Assert.True(loads > 60, "capacity holds fewer than all shelves, so a second round loads again");
        await world.Write(Put("Observation", "o3-0", 2, "again", ShelfId.ForPatient("p3")));
        Assert.Equal("again", await world.Read(new("Observation", "o3-0", 2)));
    }

    [Fact]
    public async Task A_shelf_under_a_write_lock_is_not_dropped()
    {
        using var world = InMemory(new VaultOptions { ShelfCacheBytes = 1 << 20 });
        var ann = ShelfId.ForPatient("ann");
        var others = Enumerable.Range(0, 40).Select(i => ShelfId.ForPatient("p" + i)).ToList();
        await world.Write(Put("Observation", "a", 1, "one", ann));
        foreach (var other in others)
        {
            await world.Write(Put("Observation", "o" + other.PatientId, 1, "x", other) with { Annotation = new byte[60_000] });
        }

        using (var held = await world.Vault.LockForWrite([ann], default))
        {
            using var change = await world.Vault.Prepare(held, [Put("Observation", "a", 2, "two", ann)], default);
            foreach (var other in others)
            {
                await world.OpenShelf(other); // more than the capacity holds
            }

            world.Store.Apply(world.Ledger.Size + 1, [change.Redo]);
            change.Commit();
        }

        Assert.Equal(2, (await world.OpenShelf(ann)).Find("Observation", "a")!.Key.Version);
    }
}
