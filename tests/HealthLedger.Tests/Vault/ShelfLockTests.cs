using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

public sealed class ShelfLockTests : IDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob");
    private static readonly (string Type, string Id) Record = ("Observation", "o1");
    private readonly VaultWorld world = InMemory();

    [Fact]
    public async Task A_writer_waits_for_the_one_before_and_can_stop_waiting()
    {
        using var stop = new CancellationTokenSource();
        var first = await world.Vault.LockForWrite([Ann], default);
        var impatient = world.Vault.LockForWrite([Ann, Bob], stop.Token).AsTask();
        var patient = world.Vault.LockForWrite([Ann], default).AsTask();
        Assert.False(impatient.IsCompleted || patient.IsCompleted);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        first.Dispose();
        (await patient).Dispose();
    }

    [Fact]
    public async Task A_record_brings_the_shelves_it_lives_on()
    {
        await world.Write(Put(Record.Type, Record.Id, 1, "x", Ann, Bob));
        using var held = await world.Vault.LockForWrite([], [Record], default);
        Assert.Equal(new HashSet<ShelfId> { Ann, Bob }, held.Shelves.ToHashSet());
        Assert.Equal(1, held.Current(Bob)!.Find(Record.Type, Record.Id)!.Key.Version);
    }

    [Fact]
    public async Task A_record_that_moves_while_a_writer_waits_is_followed()
    {
        await world.Write(Put(Record.Type, Record.Id, 1, "x", Ann));
        var mover = await world.Vault.LockForWrite([Bob], [Record], default);
        var waiting = world.Vault.LockForWrite([], [Record], default).AsTask();
        using (var change = await world.Vault.Prepare(mover, [Put(Record.Type, Record.Id, 2, "x", Bob)], default))
        {
            await world.Ledger.Append(new AppendRequest { Events = [Event(world.Vault.TenantChain)], Redo = change.Redo, Committed = change.Commit }, default);
        }

        Assert.False(waiting.IsCompleted);
        mover.Dispose();
        using var held = await waiting;
        Assert.Contains(Bob, held.Shelves);
    }

    [Fact]
    public async Task Of_two_who_create_the_same_id_on_different_shelves_the_second_sees_the_first()
    {
        var first = await world.Vault.LockForWrite([Ann], [Record], default);
        var second = world.Vault.LockForWrite([Bob], [Record], default).AsTask();
        using (var change = await world.Vault.Prepare(first, [Put(Record.Type, Record.Id, 1, "x", Ann)], default))
        {
            await world.Ledger.Append(new AppendRequest { Events = [Event(world.Vault.TenantChain)], Redo = change.Redo, Committed = change.Commit }, default);
        }

        Assert.False(second.IsCompleted);
        first.Dispose();
        using var held = await second;
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.Prepare(held, [Put(Record.Type, Record.Id, 1, "y", Bob)], default));
        Assert.Equal(1, held.Current(Ann)!.Find(Record.Type, Record.Id)!.Key.Version);
    }

    [Fact]
    public async Task A_shelf_that_was_locked_and_never_written_is_as_absent_as_before()
    {
        (await world.Vault.LockForWrite([Ann], default)).Dispose();
        Assert.Null(await world.Vault.OpenShelf(Ann, default));
        Assert.Equal(0, (await world.Vault.Patients.PatientIds(default)).Length);
        await world.Write(Put(Record.Type, Record.Id, 1, "x", Ann));
        Assert.Equal("x", await world.Read(new RecordKey(Record.Type, Record.Id, 1)));
    }

    public void Dispose() => world.Dispose();
}
