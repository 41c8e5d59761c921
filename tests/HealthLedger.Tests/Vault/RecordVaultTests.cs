using System.Text;
using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

public sealed class RecordVaultTests : IDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob"), Clinics = ShelfId.ForDirectory("Organization");
    private readonly VaultWorld world = InMemory();

    [Fact]
    public async Task A_record_is_read_back_by_the_entry_that_permits_it_and_after_reopening_too()
    {
        await world.Write(Put("Patient", "ann", 1, "Ann", Ann), Put("Observation", "o1", 1, "72 kg", Ann), Put("Organization", "c", 1, "Clinic", Clinics));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("Ann", await world.Read(new RecordKey("Patient", "ann", 1)));
            Assert.Equal("72 kg", await world.Read(new RecordKey("Observation", "o1", 1)));
            Assert.Equal("Clinic", await world.Read(new RecordKey("Organization", "c", 1)));
            world.Reopen();
        }
    }

    [Fact]
    public async Task Nothing_opens_that_the_entry_does_not_permit()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann), Put("Observation", "o2", 1, "73 kg", Ann));
        var entry = await world.Permit(new RecordKey("Observation", "o1", 1));
        var shelf = await world.OpenShelf(Ann);
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.Open(entry, shelf, new RecordKey("Observation", "o2", 1), default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.Open(entry, shelf, new RecordKey("Observation", "o1", 2), default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.Open(entry, new RecordKey("Observation", "o2", 1), default));
        var refusal = await world.Permit();
        await Assert.ThrowsAsync<ArgumentException>(async () => await world.Vault.Open(refusal, shelf, new RecordKey("Observation", "o1", 1), default));
    }

    [Fact]
    public async Task Many_records_of_several_shelves_open_together_in_the_order_asked_for()
    {
        const int Each = 70;
        await world.Write([.. Enumerable.Range(0, Each).SelectMany(i => new[] { Put("Observation", "a" + i, 1, "Ann " + i, Ann), Put("Observation", "b" + i, 1, "Bob " + i, Bob) }), Put("Observation", "both", 1, "shared", Ann, Bob)]);
        world.Reopen();
        var (ann, bob) = (await world.OpenShelf(Ann), await world.OpenShelf(Bob));
        List<(Shelf, RecordKey)> wanted = [.. Enumerable.Range(0, Each).SelectMany(i => new[] { (bob, new RecordKey("Observation", "b" + i, 1)), (ann, new RecordKey("Observation", "a" + i, 1)) }), (ann, new RecordKey("Observation", "both", 1)), (bob, new RecordKey("Observation", "both", 1))];
        var entry = await world.Permit([.. wanted.Select(w => w.Item2).Distinct()]);
        var opened = (await world.Vault.Open(entry, wanted, default)).Select(Assert.IsType<OpenedBytes>).ToList();
        Assert.Equal(
            [.. Enumerable.Range(0, Each).SelectMany(i => new[] { "Bob " + i, "Ann " + i }), "shared", "shared"],
            opened.Select(record => Encoding.UTF8.GetString(record.Memory.Span)));
        foreach (var record in opened)
        {
            record.Dispose();
        }

        Assert.Empty(await world.Vault.Open(entry, [], default));
    }

    [Fact]
    public async Task None_of_many_opens_where_the_entry_does_not_permit_one()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann), Put("Observation", "o2", 1, "73 kg", Ann), Delete("Observation", "o3", 1, Ann));
        var shelf = await world.OpenShelf(Ann);
        var entry = await world.Permit(new RecordKey("Observation", "o1", 1), new RecordKey("Observation", "o3", 1));
        var reads = ((MemoryVaultStore)world.Store).Reads;
        foreach (var other in new[] { "o2", "o3" })
        {
            await Assert.ThrowsAsync<ArgumentException>(async () =>
                await world.Vault.Open(entry, [(shelf, new RecordKey("Observation", "o1", 1)), (shelf, new RecordKey("Observation", other, 1))], default));
        }

        Assert.Equal(reads, ((MemoryVaultStore)world.Store).Reads);
    }

    [Fact]
    public async Task Every_version_stays_readable_and_only_the_current_one_keeps_terms()
    {
        for (var version = 1; version <= 5; version++)
        {
            await world.Write(Put("Observation", "o1", version, "weight " + version, Ann));
        }

        for (var i = 0; i < 2; i++)
        {
            var current = (await world.OpenShelf(Ann)).Find("Observation", "o1")!;
            Assert.Equal(5, current.Key.Version);
            Assert.Equal("weight 5", ContentOf(current.Terms!));
            Assert.Equal("annotation of weight 5", Encoding.UTF8.GetString(current.Annotation.Span));
            Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(5), current.LastUpdated);
            Assert.Equal("Organization/1", current.Custodian);
            for (var entry = current.Previous; entry is not null; entry = entry.Previous)
            {
                Assert.True(entry.Terms is null && entry.Annotation.IsEmpty);
                Assert.Equal("weight " + entry.Key.Version, await world.Read(entry.Key));
            }

            world.Reopen();
        }
    }

    [Fact]
    public async Task A_deleted_record_is_found_as_deleted_and_its_versions_stay()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann), Put("Observation", "o2", 1, "73 kg", Ann));
        await world.Write(Delete("Observation", "o1", 2, Ann));
        for (var i = 0; i < 2; i++)
        {
            var shelf = await world.OpenShelf(Ann);
            Assert.True(shelf.Find("Observation", "o1")!.Deleted);
            Assert.Equal(["o2"], shelf.OfType("Observation").Select(entry => entry.Key.Id));
            Assert.Equal("72 kg", await world.Read(new RecordKey("Observation", "o1", 1)));
            await Assert.ThrowsAsync<ArgumentException>(() => world.Read(new RecordKey("Observation", "o1", 2)));
            Assert.Equal(new[] { Ann }, (await world.Vault.Locate("Observation", "o1", default))!.Value.ToArray());
            world.Reopen();
        }

        await world.Write(Put("Observation", "o1", 3, "74 kg", Ann));
        Assert.Equal("74 kg", await world.Read(new RecordKey("Observation", "o1", 3)));
    }

    [Fact]
    public async Task A_record_of_several_patients_opens_from_each_shelf()
    {
        await world.Write(Put("Patient", "ann", 1, "Ann", Ann), Put("Patient", "bob", 1, "Bob", Bob));
        var changes = await world.Write(Put("Observation", "both", 1, "shared", Bob, Ann));
        Assert.Equal([Ann, Bob], changes.Select(change => change.Shelf).OrderBy(shelf => shelf.Value));
        for (var i = 0; i < 2; i++)
        {
            var entry = await world.Permit(new RecordKey("Observation", "both", 1));
            foreach (var id in new[] { Ann, Bob })
            {
                using var opened = await world.Vault.Open(entry, await world.OpenShelf(id), new RecordKey("Observation", "both", 1), default);
                Assert.Equal("shared"u8.ToArray(), opened.Memory.ToArray());
            }

            world.Reopen();
        }
    }

    [Fact]
    public async Task A_record_that_moves_to_another_patient_leaves_the_shelf_but_not_its_history_there()
    {
        await world.Write(Put("Observation", "o1", 1, "Ann's", Ann));
        await world.Write(Put("Observation", "o1", 2, "Bob's", Bob));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(new[] { Bob }, (await world.Vault.Locate("Observation", "o1", default))!.Value.ToArray());
            var left = (await world.OpenShelf(Ann)).Find("Observation", "o1")!;
            Assert.Equal(EntryState.Departed, left.State);
            Assert.Empty((await world.OpenShelf(Ann)).All);
            Assert.Equal(1, left.Previous!.Key.Version);
            Assert.Equal("Bob's", await world.Read(new RecordKey("Observation", "o1", 2)));
            world.Reopen();
        }

        await world.Write(Put("Observation", "o1", 3, "Ann's again", Ann));
        Assert.Equal("Ann's again", await world.Read(new RecordKey("Observation", "o1", 3)));
        Assert.Equal(EntryState.Departed, (await world.OpenShelf(Bob)).Find("Observation", "o1")!.State);
    }

    [Fact]
    public async Task What_is_absent_is_null_and_makes_no_keys()
    {
        var keys = ((MemoryKeyStore)world.KeyStore).Keys.Count;
        Assert.Null(await world.Vault.OpenShelf(Ann, default));
        Assert.Null(await world.Vault.Locate("Observation", "o1", default));
        Assert.Null(await world.Vault.Locate("Observation", "no/id", default));
        Assert.Null(world.Vault.ChainOf(Ann));
        Assert.Same(world.Vault.TenantChain, world.Vault.ChainOf(Clinics));
        Assert.Equal(keys, ((MemoryKeyStore)world.KeyStore).Keys.Count);
        Assert.Equal(0, (await world.Vault.Patients.PatientIds(default)).Length);
    }

    [Fact]
    public async Task A_lock_alone_makes_no_keys_and_a_prepared_change_makes_each_new_shelf_its_own()
    {
        var keys = ((MemoryKeyStore)world.KeyStore).Keys;
        var before = keys.Count;
        using (await world.Vault.LockForWrite([Ann, Bob], default))
        {
            Assert.Null(world.Vault.ChainOf(Ann));
        }

        Assert.Equal(before, keys.Count);
        using (var held = await world.Vault.LockForWrite([Ann, Bob], default))
        using (var change = await world.Vault.Prepare(held, [Put("Observation", "o1", 1, "a", Ann)], default))
        {
            Assert.Equal("Patient/ann", Assert.Single(change.Shelves).Chain.Id);
        }

        Assert.Equal(before + 4, keys.Count);
        await world.Write(Put("Observation", "o1", 1, "both", Ann, Bob));
        Assert.Equal(before + 8, keys.Count);
        Assert.Equal("both", await world.Read(new RecordKey("Observation", "o1", 1)));
        world.Reopen();
        Assert.Equal("both", await world.Read(new RecordKey("Observation", "o1", 1)));
    }

    [Fact]
    public async Task Locating_reads_one_row_whether_the_record_is_there_or_not()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        world.Reopen();
        var store = (MemoryVaultStore)world.Store;
        foreach (var id in new[] { "o1", "absent", "o1", "absent" }.Select((id, i) => (id, fresh: i < 2)))
        {
            var before = store.Reads;
            await world.Vault.Locate("Observation", id.id, default);
            Assert.Equal(id.fresh ? 1 : 0, store.Reads - before);
        }
    }

    [Fact]
    public async Task A_record_that_was_looked_for_before_it_came_is_found_afterwards()
    {
        Assert.Null(await world.Vault.Locate("Observation", "o1", default));
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        Assert.Equal(new[] { Ann }, (await world.Vault.Locate("Observation", "o1", default))!.Value.ToArray());
    }

    [Fact]
    public async Task A_snapshot_stays_as_it_was()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        var before = await world.OpenShelf(Ann);
        await world.Write(Put("Observation", "o1", 2, "73 kg", Ann), Put("Observation", "o2", 1, "new", Ann), Put("Condition", "c1", 1, "new", Ann));
        Assert.Equal(1, before.Find("Observation", "o1")!.Key.Version);
        Assert.Null(before.Find("Observation", "o2"));
        Assert.Single(before.OfType("Observation"));
        Assert.Empty(before.OfType("Condition"));
        Assert.Equal((1, 1ul), (before.Count, before.Sequence));
        var after = await world.OpenShelf(Ann);
        Assert.Equal((3, 2ul), (after.Count, after.Sequence));
        Assert.NotEqual(before.Root, after.Root);
    }

    [Fact]
    public async Task Patients_are_listed_once_each_before_and_after_reopening_and_directory_shelves_are_none()
    {
        await world.Write(Put("Patient", "ann", 1, "Ann", Ann));
        Assert.Equal(["ann"], (await world.Vault.Patients.PatientIds(default)).ToArray());
        await world.Write(Put("Patient", "bob", 1, "Bob", Bob), Put("Organization", "c", 1, "Clinic", Clinics));
        await world.Write(Put("Patient", "ann", 2, "Anne", Ann));
        Assert.Equal(["ann", "bob"], (await world.Vault.Patients.PatientIds(default)).ToArray().Order());
        world.Reopen();
        Assert.Equal(["ann", "bob"], (await world.Vault.Patients.PatientIds(default)).ToArray().Order());
    }

    [Fact]
    public async Task The_chain_of_a_shelf_is_the_same_key_for_ever()
    {
        var chain = (await world.Write(Put("Patient", "ann", 1, "Ann", Ann)))[0].Chain;
        var key = chain.AuditKey.ToArray();
        Assert.Equal("Patient/ann", chain.Id);
        Assert.Equal(key, world.Vault.ChainOf(Ann)!.AuditKey.ToArray());
        world.Reopen();
        Assert.Equal(key, world.Vault.ChainOf(Ann)!.AuditKey.ToArray());
        Assert.Equal(key, (await world.OpenShelf(Ann)).Chain.AuditKey.ToArray());
        Assert.NotEqual(key, world.Vault.TenantChain.AuditKey.ToArray());
    }

    [Fact]
    public async Task A_change_commits_to_its_records_and_to_the_whole_shelf()
    {
        var first = (await world.Write(Put("Observation", "o1", 1, "72 kg", Ann), Put("Observation", "o2", 1, "73 kg", Ann)))[0];
        Assert.Equal(1ul, first.Sequence);
        Assert.Equal(first.Root, first.ChangeRoot); // the first change is the whole shelf
        var second = (await world.Write(Put("Observation", "o1", 2, "74 kg", Ann)))[0];
        Assert.Equal(VersionSet.Leaf(second.Records[0]), second.ChangeRoot);
        var shelf = await world.OpenShelf(Ann);
        Assert.Equal(VersionSet.RootOf([.. shelf.All.Select(VersionSet.Leaf)]), second.Root);
        Assert.Equal(second.Root, shelf.Root);
        Assert.Equal(2ul, second.Sequence);
        Assert.Equal($"2/{Convert.ToHexStringLower(second.ChangeRoot.ToArray())}/{Convert.ToHexStringLower(shelf.Root.ToArray())}", second.Evidence);
    }

    [Fact]
    public async Task A_change_that_the_ledger_did_not_take_leaves_nothing()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        world.Ledger.Refuses = true;
        await world.Write(Put("Observation", "o1", 2, "73 kg", Ann), Put("Patient", "bob", 1, "Bob", Bob));
        world.Ledger.Refuses = false;
        Assert.Equal(1, (await world.OpenShelf(Ann)).Find("Observation", "o1")!.Key.Version);
        Assert.Null(await world.Vault.OpenShelf(Bob, default));
        Assert.Null(await world.Vault.Locate("Patient", "bob", default));
        Assert.Equal(["ann"], (await world.Vault.Patients.PatientIds(default)).ToArray());
        await world.Write(Put("Observation", "o1", 2, "74 kg", Ann));
        Assert.Equal("74 kg", await world.Read(new RecordKey("Observation", "o1", 2)));
    }

    [Fact]
    public async Task A_crash_between_journal_and_storage_loses_nothing()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        world.Ledger.CrashesAfterJournal = true;
        await Assert.ThrowsAsync<TestLedger.CrashException>(() => world.Write(Put("Observation", "o1", 2, "73 kg", Ann), Put("Patient", "bob", 1, "Bob", Bob)));
        world.Reopen();
        Assert.Equal("73 kg", await world.Read(new RecordKey("Observation", "o1", 2)));
        Assert.Equal("Bob", await world.Read(new RecordKey("Patient", "bob", 1)));
        world.Reopen();
        await world.Write(Put("Observation", "o1", 3, "74 kg", Ann));
        Assert.Equal("74 kg", await world.Read(new RecordKey("Observation", "o1", 3)));
    }

    [Fact]
    public async Task Many_changes_are_merged_and_nothing_is_lost()
    {
        for (var i = 1; i <= 300; i++)
        {
            await world.Write(Put("Observation", "o" + (i % 7), ((i - 1) / 7) + 1, "value " + i, Ann));
        }

        var rows = ((MemoryVaultStore)world.Store).Rows.Keys.Count(place => place.Table == HealthLedger.Vault.Storage.VaultTable.Segment);
        Assert.InRange(rows, 1, 150);
        world.Reopen();
        var shelf = await world.OpenShelf(Ann);
        Assert.Equal((7, 300ul), (shelf.Count, shelf.Sequence));
        Assert.Equal(300, shelf.All.Sum(entry => entry.Key.Version));
        foreach (var entry in shelf.All)
        {
            Assert.Equal(await world.Read(entry.Key), ContentOf(entry.Terms!));
            Assert.True(await world.Read(new RecordKey("Observation", entry.Key.Id, 1)) is { Length: > 0 });
        }
    }

    [Fact]
    public async Task A_change_larger_than_a_segment_takes_several()
    {
        var text = new string('x', 400_000);
        await world.Write([.. Enumerable.Range(0, 6).Select(i => Put("Observation", "o" + i, 1, text + i, Ann) with { Annotation = default, Terms = TermsOf("Observation", "o", new string('y', 300_000)) })]);
        world.Reopen();
        Assert.Equal(6, (await world.OpenShelf(Ann)).All.Count());
        Assert.Equal(text + 5, await world.Read(new RecordKey("Observation", "o5", 1)));
    }

    [Fact]
    public async Task Callers_bugs_throw_and_change_nothing()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        RecordWrite[][] bugs =
        [
            [],
            [Put("Observation", "o1", 1, "again", Ann)],
            [Put("Observation", "o1", 3, "gap", Ann)],
            [Put("Observation", "o2", 0, "zero", Ann)],
            [Put("Observation", "o2", 1, "x", Ann), Put("Observation", "o2", 2, "y", Ann)],
            [Put("Observation", "o2", 1, "no shelf")],
            [Put("Observation", "o2", 1, "twice", Ann, Ann)],
            [Put("Observation", "o2", 1, "", Ann)],
            [Put("Observation", "o1", 2, "content", Ann) with { Deletes = true }],
            [Put("Observation", "o/2", 1, "id", Ann)],
            [Put("Obs1", "o2", 1, "type", Ann)],
            [Put("Observation", "o2", 1, "x", Ann) with { Annotation = new byte[VaultOptions.MaxAnnotationBytes + 1] }],
            [Put("Observation", "o2", 1, "x", Ann) with { Plaintext = new byte[(16 << 20) + 1] }],
            [Put("Observation", "o2", 1, "x", Ann) with { Terms = TermsOf("Observation", "o2", new string('x', 4 << 20)) }],
            [Put("Observation", "o2", 1, "x", Ann) with { Custodian = new string('x', 600) }],
            [Put("Observation", "o1", 2, "not held", Bob)],
        ];
        using (var held = await world.Vault.LockForWrite([Ann], default))
        {
            foreach (var bug in bugs)
            {
                await Assert.ThrowsAnyAsync<ArgumentException>(async () => await world.Vault.Prepare(held, bug, default));
            }

            using var pending = await world.Vault.Prepare(held, [Put("Observation", "o2", 1, "x", Ann)], default);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await world.Vault.Prepare(held, [Put("Observation", "o3", 1, "x", Ann)], default));
            Assert.Throws<ArgumentException>(() => held.Current(Bob));
        }

        using (var released = await world.Vault.LockForWrite([Ann], default))
        {
            released.Dispose();
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await world.Vault.Prepare(released, [Put("Observation", "o3", 1, "x", Ann)], default));
        }

        Assert.Single((await world.OpenShelf(Ann)).All);
    }

    [Fact]
    public void Shelves_are_named_by_FHIR_ids_and_types_only()
    {
        Assert.Throws<ArgumentException>(() => ShelfId.ForPatient(""));
        Assert.Throws<ArgumentException>(() => ShelfId.ForPatient(new string('a', 65)));
        Assert.Throws<ArgumentException>(() => ShelfId.ForPatient("a/b"));
        Assert.Throws<ArgumentException>(() => ShelfId.ForDirectory("Prac titioner"));
        Assert.Equal(Ann, ShelfId.Parse("Patient/ann"));
        Assert.Equal(Clinics, ShelfId.Parse(Clinics.Value));
        Assert.Null(ShelfId.Parse("Patient/"));
        Assert.Null(ShelfId.Parse("Tenant"));
        Assert.Equal("ann", Ann.PatientId);
        Assert.Null(Clinics.PatientId);
        Assert.Throws<InvalidOperationException>(() => default(ShelfId).Value);
    }

    [Fact]
    public async Task Opened_bytes_are_zeroed_when_given_back()
    {
        await world.Write(Put("Observation", "o1", 1, "72 kg", Ann));
        var opened = await world.Vault.Open(await world.Permit(new RecordKey("Observation", "o1", 1)), new RecordKey("Observation", "o1", 1), default);
        var memory = opened.Memory;
        Assert.Equal("72 kg"u8.ToArray(), memory.ToArray());
        opened.Dispose();
        Assert.Equal(new byte[5], memory.ToArray());
        Assert.Throws<ObjectDisposedException>(() => opened.Memory);
        opened.Dispose();
    }

    public void Dispose() => world.Dispose();
}
