// Design, "Erasure destroys a patient's record key, row key and rows at once"; killed between steps, it completes at the next start. docs/formats/keys.md, "Erasures".
using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

public sealed class ErasingTests : IDisposable
{
    private static readonly ShelfId Gone = ShelfId.ForPatient("gone");
    private static readonly ShelfId Stays = ShelfId.ForPatient("stays");
    private readonly VaultWorld world = VaultWorld.InMemory();

    private MemoryVaultStore Rows => (MemoryVaultStore)world.Store;

    private MemoryKeyStore Keys => (MemoryKeyStore)world.KeyStore;

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Every_row_goes_but_those_that_are_other_patients_too()
    {
        await Fill();
        await world.Write(Put("Appointment", "both", 1, "of both", Gone, Stays));
        var before = Rows.Rows.Count(row => row.Key.Table == VaultTable.Record);
        var prepared = await Erase(complete: true);
        Assert.Equal((3, 4, 1), (prepared.Records, prepared.Versions, prepared.Shared));
        Assert.Equal(KeyValuePair.Create("Organization/1", 1), Assert.Single(prepared.Keepers));
        Assert.Equal(before - 3, Rows.Rows.Count(row => row.Key.Table == VaultTable.Record)); // two versions of a, one of b
        Assert.Null(await world.Vault.OpenShelf(Gone, default));
        Assert.Null(await world.Vault.Locate("Observation", "a", default));
        Assert.Equal(Stays, Assert.Single((await world.Vault.Locate("Appointment", "both", default))!.Value));
        Assert.Equal("of both", await world.Read(new RecordKey("Appointment", "both", 1)));
        Assert.Equal(["stays"], (await world.Vault.Patients.PatientIds(default)).ToArray());
        world.Reopen();
        Assert.Equal("of both", await world.Read(new RecordKey("Appointment", "both", 1)));
        Assert.Equal(["stays"], (await world.Vault.Patients.PatientIds(default)).ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_shared_record_goes_with_the_last_of_its_patients(bool homeFirst)
    {
        await Fill();
        await world.Write(Put("Appointment", "both", 1, "of both", Gone, Stays));
        await world.Write(Put("Appointment", "both", 2, "of both still", Gone, Stays));
        await world.Write(Put("Appointment", "left", 1, "of both", Stays, Gone));
        await Erase(complete: true, homeFirst ? Gone : Stays);
        Assert.Equal("of both still", await world.Read(new RecordKey("Appointment", "both", 2)));
        Assert.Equal("of both", await world.Read(new RecordKey("Appointment", "both", 1)));
        var last = await Erase(complete: true, homeFirst ? Stays : Gone);
        Assert.Equal((0, 0), (last.Shared, last.Keepers.Count));
        Assert.DoesNotContain(Rows.Rows.Keys, place => place.Table is VaultTable.Record or VaultTable.Locator or VaultTable.Head or VaultTable.Segment or VaultTable.Patient);
    }

    [Fact]
    public async Task A_shared_record_goes_too_where_all_its_patients_are_erased_at_the_same_time()
    {
        await Fill();
        await world.Write(Put("Appointment", "both", 1, "of both", Gone, Stays));
        using var begun = await world.Vault.LockToErase(Gone, default);
        var other = Erase(complete: true, Stays);
        using (var prepared = (await world.Vault.PrepareErasure(begun, Gone, DateTimeOffset.UnixEpoch, default))!)
        {
            var append = new AppendRequest { Events = [Event(begun.Current(Gone)!.Chain)], Redo = prepared.Change.Redo, Committed = prepared.Change.Commit };
            Assert.IsType<AppendOutcome.Appended>(await world.Ledger.Append(append, default));
        }

        begun.Dispose();
        Assert.Equal(0, (await other).Shared);
        Assert.Null(await world.Vault.Locate("Appointment", "both", default));
        Assert.DoesNotContain(Rows.Rows.Keys, place => place.Table is VaultTable.Record or VaultTable.Locator or VaultTable.Head or VaultTable.Segment or VaultTable.Patient);
    }

    [Fact]
    public async Task Nothing_is_erased_under_a_lock_that_others_may_erase_beside()
    {
        await Fill();
        using var held = await world.Vault.LockForWrite([Gone], default);
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.PrepareErasure(held, Gone, DateTimeOffset.UnixEpoch, default));
    }

    [Theory]
    [InlineData("abandoned")]
    [InlineData("killed after the journal")]
    [InlineData("killed before the keys are destroyed")]
    [InlineData("done")]
    public async Task Wherever_it_breaks_off_the_next_start_leaves_all_of_it_or_nothing(string end)
    {
        await Fill();
        if (end == "abandoned")
        {
            using var held = await world.Vault.LockToErase(Gone, default);
            using var never = await world.Vault.PrepareErasure(held, Gone, DateTimeOffset.UnixEpoch, default);
        }
        else if (end == "killed after the journal")
        {
            world.Ledger.CrashesAfterJournal = true;
            await Assert.ThrowsAsync<TestLedger.CrashException>(() => Erase(complete: true));
        }
        else
        {
            await Erase(complete: end == "done");
        }

        world.Reopen();
        await world.Vault.ApplyErasures(default);
        if (end == "abandoned")
        {
            Assert.Equal("a2", await world.Read(new RecordKey("Observation", "a", 2)));
            return;
        }

        Assert.Equal(KeyKind.Audit, Assert.Single(Keys.Of(world.Ring.SubjectOf(Gone))).Kind);
        Assert.Null(await world.Vault.OpenShelf(Gone, default));
        Assert.Single(world.Vault.Erasures.Chains);
        Assert.Equal("c", await world.Read(new RecordKey("Observation", "c", 1)));
    }

    [Fact]
    public async Task A_copy_of_the_rows_that_is_put_back_is_emptied_of_the_erased_before_anything_is_served()
    {
        await Fill();
        var copy = Rows.Copy();
        await Erase(complete: true);
        Rows.Rows.Clear();
        foreach (var (place, bytes) in copy)
        {
            Rows.Rows[place] = bytes;
        }

        world.Reopen();
        Assert.Equal(1, await world.Vault.ApplyErasures(default));
        Assert.Null(await world.Vault.Locate("Observation", "a", default));
        Assert.Equal(["stays"], (await world.Vault.Patients.PatientIds(default)).ToArray());
        Assert.DoesNotContain(Rows.Rows.Keys, place => place.Table is VaultTable.Head or VaultTable.Segment && place.Shelf == world.Vault.Erasures.All[0].Shelf);
        Assert.Equal(0, await world.Vault.ApplyErasures(default));
        Assert.Equal("c", await world.Read(new RecordKey("Observation", "c", 1)));
    }

    [Fact]
    public async Task Where_the_keys_could_not_be_destroyed_who_comes_back_gets_new_ones_all_the_same()
    {
        await Fill();
        var old = Keys.Of(world.Ring.SubjectOf(Gone)).Single(key => key.Kind == KeyKind.Data).Sealed.ToArray();
        await Erase(complete: false);
        await world.Write(Put("Observation", "anew", 1, "anew", Gone));
        Assert.NotEqual(old, Keys.Of(world.Ring.SubjectOf(Gone)).Single(key => key.Kind == KeyKind.Data).Sealed.ToArray());
        world.Reopen();
        await world.Vault.ApplyErasures(default);
        Assert.Equal("anew", await world.Read(new RecordKey("Observation", "anew", 1)));
    }

    /// <summary>Every writer destroys what is left to destroy; one that is slow at it must not come to the keys that whoever came back was given meanwhile.</summary>
    [Fact]
    public async Task Keys_of_who_came_back_are_not_destroyed_by_one_who_was_slow_to_destroy_the_old()
    {
        await Fill();
        await Erase(complete: false);
        using var slow = new SemaphoreSlim(0);
        var isBegun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Keys.BeforeDestroy = () =>
        {
            if (isBegun.TrySetResult())
            {
                slow.Wait();
            }
        };
        var first = Task.Run(() => world.Write(Put("Observation", "other", 1, "other", Stays)));
        await isBegun.Task;
        var second = Task.Run(() => world.Write(Put("Observation", "anew", 1, "anew", Gone)));
        await Task.WhenAny(second, Task.Delay(TimeSpan.FromSeconds(1)));
        slow.Release();
        await first;
        await second;
        world.Reopen();
        await world.Vault.ApplyErasures(default);
        Assert.Equal("anew", await world.Read(new RecordKey("Observation", "anew", 1)));
    }

    [Fact]
    public void An_erasure_reads_back_as_written_and_a_damaged_one_does_not()
    {
        var mark = new KeyedName(7);
        var erasure = new Erasure
        {
            Mark = mark, Revision = 3, Subject = new KeyedName(1), Shelf = new KeyedName(2), AuditMark = new KeyedName(3), At = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000),
            Held = true, RequestedBy = "operator-1", RequestedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_001), AuditKeyDestroyed = DateTimeOffset.FromUnixTimeSeconds(1_800_000_002),
        };
        var bytes = erasure.ToBytes();

        // frozen: later versions must read it
        Assert.Equal(
            "0100000003" + "00000000000000000000000000000001" + "00000000000000000000000000000002" + "00000000000000000000000000000003" + "000000006b49d200" + "01" + "000000006b49d201"
            + "000a" + "6f70657261746f722d31" + "000000006b49d202", Convert.ToHexStringLower(bytes));
        Assert.Equal(erasure, Erasure.Read(mark, bytes));
        Assert.Equal(mark, Erasure.ParseId(erasure.Id));
        Assert.Null(Erasure.Read(mark, bytes.AsSpan(..^1)));
        Assert.Null(Erasure.Read(mark, [.. bytes, 0]));
        Assert.Null(Erasure.Read(mark, [2, .. bytes[1..]]));
        Assert.Null(Erasure.ParseId("7"));
    }

    private async Task Fill()
    {
        await world.Write(Put("Observation", "a", 1, "a1", Gone), Put("Observation", "b", 1, "b", Gone));
        await world.Write(Put("Observation", "a", 2, "a2", Gone));
        await world.Write(Put("Observation", "c", 1, "c", Stays));
        _ = await world.Vault.Patients.PatientIds(default);
    }

    private async Task<PreparedErasure> Erase(bool complete, ShelfId? patient = null)
    {
        var erased = patient ?? Gone;
        using var held = await world.Vault.LockToErase(erased, default);
        using var prepared = (await world.Vault.PrepareErasure(held, erased, DateTimeOffset.UnixEpoch, default))!;
        var append = new AppendRequest { Events = [Event(held.Current(erased)!.Chain)], Redo = prepared.Change.Redo, Committed = prepared.Change.Commit };
        Assert.IsType<AppendOutcome.Appended>(await world.Ledger.Append(append, default));
        if (complete)
        {
            world.Vault.Complete();
        }

        return prepared;
    }
}
