// The vault on its real stores: random histories against a model, readers beside writers, and what can be read from the files.
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Ledger;
using HealthLedger.Sqlite.Vault;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Sqlite.Tests.Vault;

public sealed class VaultOnSqliteTests
{
    [Fact]
    public void Random_histories_with_reopening_end_as_the_model_says() =>
        Prop.ForAll<int>(seed => Task.Run(() => Run(new Random(seed))).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(12));

    [Fact]
    public async Task Readers_see_whole_changes_only_while_writers_write()
    {
        using var world = OnSqlite(new VaultOptions { ShelfCacheBytes = 1 << 20 });
        var shelves = Enumerable.Range(0, 6).Select(i => ShelfId.ForPatient("p" + i)).ToArray();
        foreach (var shelf in shelves)
        {
            await world.Write(Pair(shelf, 1));
        }

        var writers = shelves.Take(3).Select(shelf => Task.Run(async () =>
        {
            for (var version = 2; version <= 40; version++)
            {
                await world.Write(Pair(shelf, version));
            }
        })).ToArray();
        var all = Task.WhenAll(writers);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            do
            {
                foreach (var id in shelves)
                {
                    var shelf = await world.OpenShelf(id);
                    var (left, right) = (shelf.Find("Observation", id.PatientId + "-l")!, shelf.Find("Observation", id.PatientId + "-r")!);
                    Assert.Equal(left.Key.Version, right.Key.Version);
                    var entry = await world.Permit(left.Key, right.Key);
                    using var opened = await world.Vault.Open(entry, shelf, right.Key, default);
                    Assert.Equal("r" + right.Key.Version, Encoding.UTF8.GetString(opened.Memory.Span));
                }
            }
            while (!all.IsCompleted);
        })).ToArray();
        await all;
        await Task.WhenAll(readers);
        world.Reopen();
        var versions = await Task.WhenAll(shelves.Select(async id => (await world.OpenShelf(id)).Find("Observation", id.PatientId + "-l")!.Key.Version));
        Assert.Equal([40, 40, 40, 1, 1, 1], versions);
    }

    [Fact]
    public async Task Writers_of_overlapping_shelves_do_not_wait_for_each_other_for_ever()
    {
        using var world = OnSqlite();
        var shelves = Enumerable.Range(0, 4).Select(i => ShelfId.ForPatient("p" + i)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await world.Write(Put("Observation", $"w{writer}-{i}", 1, "x", shelves[(writer + i) % 4], shelves[(writer + (3 * i) + 1) % 4 == (writer + i) % 4 ? (writer + i + 1) % 4 : (writer + (3 * i) + 1) % 4]));
            }
        })));
        var records = await Task.WhenAll(shelves.Select(async id => (await world.OpenShelf(id)).All.Select(entry => entry.Key.Id).ToList()));
        Assert.Equal(80, records.SelectMany(ids => ids).Distinct().Count());
        Assert.Equal(160, records.Sum(ids => ids.Count));
    }

    [Fact]
    public async Task Nothing_of_a_patient_and_no_key_can_be_read_from_the_stored_files()
    {
        using var world = OnSqlite();
        var ann = ShelfId.ForPatient("patient-ann-0001");
        await world.Write(
            Put("Patient", "patient-ann-0001", 1, "Annabella Quist, 17 Larkspur Lane", ann),
            Put("Condition", "condition-0001", 1, "Condition of Annabella: SNOMED 38341003", ann),
            Put("Organization", "organization-0001", 1, "Harbour Clinic", ShelfId.ForDirectory("Organization")));
        await world.Write(Put("Patient", "patient-ann-0001", 2, "Annabella Quist, 4 Foxglove Road", ann));
        await world.Write(Delete("Condition", "condition-0001", 2, ann));
        File.WriteAllText(Path.Combine(world.Data, "control"), "a planted Foxglove Road");

        string[] words =
        [
            "patient-ann-0001", "Annabella", "Quist,", "Larkspur", "Foxglove", "38341003", "SNOMED", "condition-0001", "organization-0001", "Harbour", "Organization/1", "urn:test",
            "annotation", "security", "Patient/", "Directory",
        ];
        var keys = new List<byte[]>();
        foreach (var label in new[] { "vault/shelf", "vault/locator", "subject", "wrap/1" })
        {
            using var key = world.Ring.Derive(label);
            keys.Add(key.Span.ToArray());
        }

        keys.Add(world.Vault.ChainOf(ann)!.AuditKey.ToArray());
        using (var shelfKeys = world.Ring.Find(ann)!)
        using (var tenant = world.Ring.GetOrCreate("vault/tenant", 32))
        {
            var data = new byte[32];
            world.Ring.Unwrap(shelfKeys.Data, data);
            keys.AddRange([data, shelfKeys.Row.Span.ToArray(), shelfKeys.Terms.Span.ToArray(), tenant.Span.ToArray()]);
        }

        for (var round = 0; round < 2; round++)
        {
            var found = Search(world.Root, [.. words.SelectMany(Spellings), .. keys.SelectMany(KeySpellings)]);
            Assert.Equal(["control: Foxglove"], found);
            world.Reopen();
        }
    }

    private static async Task<bool> Run(Random random)
    {
        using var world = OnSqlite(new VaultOptions { ShelfCacheBytes = 1 << 20, LocatorCacheEntries = 64 });
        var shelves = Enumerable.Range(0, 4).Select(i => i == 3 ? ShelfId.ForDirectory("Organization") : ShelfId.ForPatient("p" + i)).ToArray();
        var model = new Dictionary<string, List<(string? Content, ShelfId[] Shelves)>>();
        for (var step = 0; step < 60; step++)
        {
            if (random.Next(8) == 0)
            {
                world.Reopen();
            }

            world.Ledger.Refuses = random.Next(6) == 0;
            var writes = Enumerable.Range(0, random.Next(1, 4)).Select(_ => "r" + random.Next(12)).Distinct().Select(id =>
            {
                var version = model.TryGetValue(id, out var versions) ? versions.Count + 1 : 1;
                ShelfId[] on = [.. random.GetItems(shelves, random.Next(1, 3)).Distinct()];
                return random.Next(5) == 0 ? Delete("Observation", id, version, on) : Put("Observation", id, version, $"content {step} {id}", on);
            }).ToArray();
            await world.Write(writes);
            foreach (var write in world.Ledger.Refuses ? [] : writes)
            {
                model.TryAdd(write.Key.Id, []);
                model[write.Key.Id].Add((write.Deletes ? null : Encoding.UTF8.GetString(write.Plaintext.Span), [.. write.Shelves]));
            }

            world.Ledger.Refuses = false;
        }

        world.Reopen();
        return await Agrees(world, shelves, model);
    }

    private static async Task<bool> Agrees(VaultWorld world, ShelfId[] shelves, Dictionary<string, List<(string? Content, ShelfId[] Shelves)>> model)
    {
        foreach (var (id, versions) in model)
        {
            var located = await world.Vault.Locate("Observation", id, default);
            Assert.Equal(versions[^1].Shelves.ToHashSet(), located!.Value.ToHashSet());
            for (var version = 1; version <= versions.Count; version++)
            {
                foreach (var on in versions[version - 1].Shelves)
                {
                    var key = new RecordKey("Observation", id, version);
                    var shelf = await world.OpenShelf(on);
                    Assert.Equal(versions[version - 1].Content is null, shelf.Find(key)!.Deleted);
                    if (versions[version - 1].Content is { } content)
                    {
                        using var opened = await world.Vault.Open(await world.Permit(key), shelf, key, default);
                        Assert.Equal(content, Encoding.UTF8.GetString(opened.Memory.Span));
                    }
                }
            }
        }

        foreach (var id in shelves)
        {
            var expected = model.Where(record => record.Value[^1] is { Content: not null } last && last.Shelves.Contains(id)).Select(record => record.Key).Order();
            Assert.Equal(expected, (await world.Vault.OpenShelf(id, default))?.OfType("Observation").Select(entry => entry.Key.Id).Order() ?? Enumerable.Empty<string>());
        }

        return true;
    }

    private static VaultWorld OnSqlite(VaultOptions? options = null) =>
        new((data, keys) => (SqliteVaultStore.Open(data, keys), SqliteKeyStore.Open(keys)), options);

    private static RecordWrite[] Pair(ShelfId shelf, int version) =>
        [Put("Observation", shelf.PatientId + "-l", version, "l" + version, shelf), Put("Observation", shelf.PatientId + "-r", version, "r" + version, shelf)];

    private static IEnumerable<(string Name, byte[] Bytes)> Spellings(string word) =>
        [(word, Encoding.UTF8.GetBytes(word)), (word, Encoding.Unicode.GetBytes(word)), (word, Encoding.UTF8.GetBytes(word.ToUpperInvariant())), (word, Encoding.UTF8.GetBytes(word.ToLowerInvariant()))];

    private static IEnumerable<(string Name, byte[] Bytes)> KeySpellings(byte[] key) =>
        [("key", key[..8]), ("key", key[24..]), ("key", Encoding.ASCII.GetBytes(Convert.ToBase64String(key)[..16])), ("key", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key)[..16]))];

    private static List<string> Search(string root, (string Name, byte[] Bytes)[] needles)
    {
        var found = new SortedSet<string>();
        foreach (var file in Directory.GetFiles(root, "*", SearchOption.AllDirectories))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var content = new MemoryStream();
            stream.CopyTo(content);
            foreach (var (name, bytes) in needles)
            {
                if (content.ToArray().AsSpan().IndexOf(bytes) >= 0)
                {
                    found.Add($"{Path.GetFileName(file)}: {name}");
                }
            }
        }

        return [.. found];
    }
}
