// docs/operations.md, "Backups": a backup of a running gateway is whole, as of one checkpoint, or is not there.
using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class OnlineBackupTests : IDisposable
{
    private const int Backups = 4;
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task From_a_backup_made_under_load_every_receipt_from_before_verifies_and_what_was_written_is_read()
    {
        var written = new ConcurrentDictionary<string, byte[]>();
        var receipts = new ConcurrentBag<string>();
        var before = new List<(string Name, Dictionary<string, byte[]> Written, string[] Receipts)>();
        string verifierKey;
        await using (var gateway = await _world.Start())
        {
            verifierKey = gateway.Host.Storage.Ledger.VerifierKey;
            await gateway.AddPatient("one");
            using var done = new CancellationTokenSource();
            var load = Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
            {
                while (!done.IsCancellationRequested)
                {
                    var answer = (await gateway.Post(Hospital, "Observation", Records.Observation(null, "one", value: n))).Is(201);
                    written[answer.Id] = answer.Body;
                    receipts.Add(new Uri(answer.Receipt!).PathAndQuery);
                    receipts.Add(new Uri((await gateway.Get(Hospital, "Patient/one")).Is(200).Receipt!).PathAndQuery);
                }
            })));
            for (var i = 0; i < Backups; i++)
            {
                await Task.Delay(100);
                before.Add(($"backup-{i}", new Dictionary<string, byte[]>(written), [.. receipts]));
                (await BackedUp.Make(gateway, "data", $"backup-{i}")).Is(200);
            }

            await done.CancelAsync();
            await load;
            (await BackedUp.Make(gateway, "keys", "after")).Is(200);
        }

        Assert.NotEmpty(before[0].Receipts);
        Assert.True(before[^1].Written.Count < written.Count, "Nothing was written while the last backup was made.");
        Assert.True(NoteVerifier.Parse(verifierKey).TryGet(out var key, out _));
        foreach (var (name, records, paths) in before)
        {
            var size = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_world.DataPlace, name, "backup.json")))!["ledger"]!["size"]!.GetValue<ulong>();
            _world.PutBackData(name);
            _world.PutBackKeys("after");
            await using var restored = await _world.Start($"--HealthLedger:AcceptRollback={size}");
            foreach (var (id, body) in records)
            {
                Assert.Equal(body, (await restored.Get(Hospital, "Observation/" + id)).Is(200).Body);
            }

            foreach (var path in paths)
            {
                Assert.True(Receipt.Parse((await restored.Get(Hospital, path)).Is(200).Body).TryGet(out var receipt, out _));
                Assert.True(receipt.Verify(LogPolicy.ForLog(key)).Holds);
            }

            // It goes on from there: consents stand, entries come, and the whole of it is what its checkpoint says.
            (await restored.Get(Clinic, "Observation/pulse-one")).Is(200);
            (await restored.Post(Hospital, "Observation", Records.Observation(null, "one"))).Is(201);
            restored.AssertReplays();
        }
    }

    [Fact]
    public async Task A_backup_is_an_entry_and_so_is_a_look_at_the_list_and_one_that_was_refused()
    {
        await using var gateway = await _world.Start();
        (await BackedUp.Make(gateway, "data", "first")).Is(200);
        (await BackedUp.Make(gateway, "keys", "first")).Is(200);
        Assert.Equal(("exists", 2UL), (await BackedUp.Make(gateway, "data", "first")).Is(409) is var refused ? (refused.Error(), refused.Growth) : default);
        var listed = (await gateway.Admin("backups", method: "GET")).Is(200);
        Assert.Equal(["data", "keys"], listed.Json["backups"]!.AsArray().Select(b => b!["kind"]!.GetValue<string>()));

        var (ledger, chain) = (gateway.Host.Storage.Ledger, gateway.Host.Storage.Vault.TenantChain);
        var acts = ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value).ToList();
        Assert.Equal(["data-backed-up", "keys-backed-up", "data-backed-up", "backups-listed"], acts.Select(f => f[FactField.Reason]).Where(r => r!.Contains("back", StringComparison.Ordinal)));
        Assert.Contains(acts, fact => fact[FactField.Client] == Operator && fact[FactField.Evidence] == """{"name":"first"}""");
    }

    [Fact]
    public async Task One_is_made_at_a_time_and_whoever_asks_meanwhile_is_told_so_and_makes_nothing()
    {
        await using var gateway = await _world.Start();
        using var goOn = new ManualResetEventSlim();
        Task<Answer> first;
        var elsewhere = Directory.CreateDirectory(Path.Combine(_world.Directory.Root, "elsewhere")).FullName;
        var holding = Task.Run(() => gateway.Host.Storage.Keys.Copy(elsewhere, () => goOn.Wait())); // a backup of the keys waits for it
        try
        {
            while (Directory.GetFiles(elsewhere).Length == 0)
            {
                Assert.False(holding.IsCompleted);
                await Task.Delay(5);
            }

            first = BackedUp.Make(gateway, "keys", "first");
            while (Directory.GetDirectories(_world.KeysPlace, ".*-first.partial").Length == 0)
            {
                Assert.False(first.IsCompleted);
                await Task.Delay(5);
            }

            foreach (var (kind, name) in new[] { ("data", "second"), ("keys", "second"), ("keys", "first") })
            {
                var busy = (await BackedUp.Make(gateway, kind, name)).Is(409);
                Assert.Equal(("busy", 2UL), (busy.Error(), busy.Growth));
            }

            Assert.False(first.IsCompleted);
            Assert.Empty(Directory.GetFileSystemEntries(_world.DataPlace));
            Assert.Single(Directory.GetFileSystemEntries(_world.KeysPlace));
        }
        finally
        {
            goOn.Set();
            await holding;
        }

        (await first).Is(200);
        (await BackedUp.Make(gateway, "data", "second")).Is(200);
    }

    [Fact]
    public async Task A_name_that_is_none_makes_nothing()
    {
        await using var gateway = await _world.Start();
        foreach (var name in new[] { "", "..", ".", "a/b", "../x", "-x", "Upper", "a b", "a.b", "ü", new string('x', 65), "a\0" })
        {
            foreach (var kind in new[] { "data", "keys" })
            {
                var refused = (await BackedUp.Make(gateway, kind, name)).Is(400);
                Assert.Equal(("invalid", 0UL), (refused.Error(), refused.Growth));
            }
        }

        (await gateway.Admin("backups/data", new JsonObject { ["name"] = "x", ["directory"] = "/tmp" })).Is(400);
        (await BackedUp.Make(gateway, "data", new string('x', 64))).Is(200);
        Assert.Equal([new string('x', 64)], Directory.GetFileSystemEntries(_world.DataPlace).Select(Path.GetFileName));
        Assert.Empty(Directory.GetFileSystemEntries(_world.KeysPlace));
    }

    [Theory]
    [InlineData(Hospital)]
    [InlineData(Auditor)]
    public async Task Nobody_but_an_operator_makes_or_sees_backups(string client)
    {
        await using var gateway = await _world.Start();
        foreach (var (method, path) in new[] { ("GET", "backups"), ("POST", "backups/data"), ("POST", "backups/keys") })
        {
            var refused = (await gateway.Admin(path, method == "GET" ? null : new JsonObject { ["name"] = "x" }, client, method)).Is(403);
            Assert.Equal(("forbidden", 0UL), (refused.Error(), refused.Growth));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_world.DataPlace));
    }

    [Fact]
    public async Task Without_places_no_backup_is_made_and_the_answer_says_what_to_set()
    {
        await using var gateway = await TestGateway.Start();
        foreach (var kind in new[] { "data", "keys" })
        {
            var refused = (await BackedUp.Make(gateway, kind, "x")).Is(409);
            Assert.Equal("not-configured", refused.Error());
            Assert.Contains("HealthLedger:Backups:Data", refused.Text, StringComparison.Ordinal);
        }

        Assert.Empty((await gateway.Admin("backups", method: "GET")).Is(200).Json["backups"]!.AsArray());
    }

    [Fact]
    public async Task No_key_and_no_passphrase_is_in_a_backup_of_the_data_and_the_keys_are_sealed_in_theirs()
    {
        await using var gateway = await TestGateway.Start(_world.Directory, _world.Clients, _world.Settings[..2]); // so that a passphrase lies with the keys
        await gateway.AddPatient("one");
        (await BackedUp.Make(gateway, "data", "copy")).Is(200);
        (await BackedUp.Make(gateway, "keys", "copy")).Is(200);
        var secrets = new List<byte[]> { await File.ReadAllBytesAsync(Path.Combine(_world.Directory.Keys, "passphrase")) };
        gateway.Host.Storage.Keys.ExposeToLeakSearch(Vault.ShelfId.ForPatient("one"), key => secrets.Add(key.ToArray()));
        Assert.Equal(5, secrets.Count);
        foreach (var place in new[] { _world.DataPlace, _world.KeysPlace })
        {
            foreach (var file in Directory.GetFiles(place, "*", SearchOption.AllDirectories))
            {
                var bytes = await File.ReadAllBytesAsync(file);
                Assert.DoesNotContain(secrets, secret => bytes.AsSpan().IndexOf(secret) >= 0);
                if (!OperatingSystem.IsWindows())
                {
                    Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
                }
            }
        }

        Assert.Equal(
            ["keys.db", "master.json", "wrapping-1.json"],
            Directory.GetFiles(Path.Combine(_world.KeysPlace, "copy", "keys")).Select(f => Path.GetFileName(f)!).Where(f => f != "seen-checkpoint").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_commands_make_list_and_check_backups_and_their_exit_code_says_whether()
    {
        await using var gateway = await _world.Start();
        await gateway.AddPatient("one");
        var credentials = Path.Combine(_world.Directory.Root, "credentials.json");
        await File.WriteAllTextAsync(credentials, new JsonObject
        {
            ["baseUrl"] = gateway.Host.Url,
            ["fhir"] = gateway.Fhir,
            ["clients"] = new JsonArray(new JsonObject { ["clientId"] = Operator, ["kind"] = "backend", ["jwk"] = _world.Clients.Key(Operator).PrivateJwk() }),
        }.ToJsonString());

        async Task<string> Run(int code, params string[] command)
        {
            string[] who = command[1] == "verify" ? [] : ["--credentials", credentials, "--client", Operator];
            var (exit, output) = await Verifier.Run([.. command, .. who]);
            Assert.True(exit == code, $"{string.Join(' ', command)}: {exit} {output}");
            return output;
        }

        Assert.StartsWith("The data up to entry", await Run(0, "backup", "data", "--to", "night"), StringComparison.Ordinal);
        Assert.Contains("deleteAfter", await Run(0, "backup", "keys", "--to", "night"), StringComparison.Ordinal);
        Assert.Contains("exists", await Run(1, "backup", "data", "--to", "night"), StringComparison.Ordinal);
        Assert.Contains("invalid", await Run(1, "backup", "data", "--to", "../night"), StringComparison.Ordinal);
        await Run(2, "backup", "data");
        Assert.Contains("due: no", await Run(0, "backup", "list"), StringComparison.Ordinal);

        foreach (var place in new[] { _world.DataPlace, _world.KeysPlace })
        {
            Assert.StartsWith("whole: ", await Run(0, "backup", "verify", Path.Combine(place, "night")), StringComparison.Ordinal);
        }

        // The ledger in it is verified as any: with the pinned key, without the gateway.
        var ledger = Path.Combine(_world.DataPlace, "night", "data", "ledger");
        Assert.Equal(0, (await Verifier.Run(["verify", ledger, "--vkey", gateway.Host.Storage.Ledger.VerifierKey])).ExitCode);
        await File.AppendAllTextAsync(Path.Combine(ledger, "entries.dat"), "x");
        Assert.Contains("data/ledger/entries.dat: not as it was written", await Run(1, "backup", "verify", Path.Combine(_world.DataPlace, "night")), StringComparison.Ordinal);
        await Run(4, "backup", "verify", Path.Combine(_world.DataPlace, "absent"));
    }
}
