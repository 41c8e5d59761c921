// docs/decisions/0012: an erasure is listed where it can be undone. With backups of a running gateway: what was erased since stays erased, whichever half is put back.
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Vault;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class RestoreAfterErasureTests : IDisposable
{
    private static readonly ShelfId Gone = ShelfId.ForPatient("gone");
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task An_older_backup_of_the_data_with_the_current_keys_opens_nothing_of_the_erased()
    {
        await BackUpThenErase();
        _world.PutBackData("before");
        var refused = await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => _world.Start());
        var accept = System.Text.RegularExpressions.Regex.Match(refused.Message, "HealthLedger:AcceptRollback=[0-9]+").Value;

        // What remains in such a copy for who has the current keys too (docs/threats.md): that there was this patient, under this id. No content.
        var options = new GatewayOptions { Data = _world.Directory.Data, Keys = _world.Directory.Keys, PassphraseFile = Path.Combine(_world.Directory.Root, "passphrase"), AcceptRollback = ulong.Parse(accept.Split('=')[1], null) };
        using (var passphrase = Startup.ReadPassphrase(options))
        {
            await using var storage = Storage.Open(options, passphrase, TimeProvider.System);
            Assert.Contains("gone", (await storage.Vault.Patients.PatientIds(default)).ToArray());
            Assert.Contains(Gone, (await storage.Vault.Locate("Observation", "pulse-gone", default))!.Value);
            Assert.Null(storage.Vault.ChainOf(Gone));
            var keys = 0;
            storage.Keys.ExposeToLeakSearch(Gone, _ => keys++);
            Assert.Equal(1, keys); // the audit key
        }

        await using var gateway = await _world.Start("--" + accept);
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
        (await gateway.Get(Hospital, "Observation/pulse-gone")).Is(404);
        Assert.DoesNotContain("pulse-gone", (await gateway.Get(Hospital, "Observation?code=8867-4")).Is(200).Ids);
        (await gateway.Get(Hospital, "Observation/pulse-stays")).Is(200);
        Assert.DoesNotContain("gone", (await gateway.Host.Storage.Vault.Patients.PatientIds(default)).ToArray());
        gateway.AssertReplays();
    }

    [Fact]
    public async Task An_older_backup_of_the_keys_beside_the_current_data_has_its_erasures_applied_before_anything_is_served()
    {
        await BackUpThenErase();
        _world.PutBackKeys("before");
        await using var gateway = await _world.Start();
        var left = 0;
        gateway.Host.Storage.Keys.ExposeToLeakSearch(Gone, _ => left++);
        Assert.Equal(1, left); // the audit key
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
        (await gateway.Get(Hospital, "Observation/pulse-stays")).Is(200);
        (await gateway.Get(Clinic, "Observation/pulse-stays")).Is(200);
    }

    [Fact]
    public async Task A_patient_who_is_erased_while_a_backup_of_the_data_is_copied_stays_erased_when_it_is_put_back()
    {
        await using (var gateway = await _world.Start())
        {
            await gateway.AddPatient("gone");
            await gateway.AddPatient("stays");
            var copied = BackedUp.Make(gateway, "data", "meanwhile");
            (await gateway.Erase("gone")).Is(200);
            (await copied).Is(200);
            (await gateway.Post(Hospital, "Observation", Records.Observation(null, "stays"))).Is(201);
        }

        _world.PutBackData("meanwhile");
        var refused = await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => _world.Start());
        await using var back = await _world.Start("--" + System.Text.RegularExpressions.Regex.Match(refused.Message, "HealthLedger:AcceptRollback=[0-9]+").Value);
        (await back.Get(Hospital, "Patient/gone")).Is(404);
        (await back.Get(Hospital, "Observation/pulse-stays")).Is(200);
        Assert.DoesNotContain("gone", (await back.Host.Storage.Vault.Patients.PatientIds(default)).ToArray());
        back.AssertReplays();
    }

    [Fact]
    public async Task Keys_that_are_older_than_the_data_refuse_to_write_over_what_they_do_not_open_until_the_right_ones_are_back()
    {
        await using (var gateway = await _world.Start())
        {
            await gateway.AddPatient("stays");
            (await BackedUp.Make(gateway, "keys", "before")).Is(200);
            await gateway.AddPatient("late");
            (await BackedUp.Make(gateway, "keys", "after")).Is(200);
        }

        _world.PutBackKeys("before");
        await using (var older = await _world.Start())
        {
            (await older.Get(Hospital, "Patient/late")).Is(404);
            for (var i = 0; i < 2; i++)
            {
                (await older.Post(Hospital, "Observation", Records.Observation(null, "late"))).IsFault(503, "transient");
                (await older.Get(Hospital, "Observation?code=8867-4")).Is(200);
            }

            var check = (await older.Admin("vault/check", new System.Text.Json.Nodes.JsonObject { ["from"] = "" })).Is(200);
            Assert.Equal("the keys of a shelf are missing", Assert.Single(check.Json["findings"]!.AsArray())!["finding"]!.GetValue<string>());
            (await older.Post(Hospital, "Observation", Records.Observation(null, "stays"))).Is(201);
        }

        _world.PutBackKeys("after");
        await using var right = await _world.Start();
        (await right.Get(Hospital, "Observation/pulse-late")).Is(200);
        (await right.Post(Hospital, "Observation", Records.Observation(null, "late"))).Is(201);
    }

    private async Task BackUpThenErase()
    {
        await using var gateway = await _world.Start();
        await gateway.AddPatient("gone");
        await gateway.AddPatient("stays");
        (await BackedUp.Make(gateway, "data", "before")).Is(200);
        (await BackedUp.Make(gateway, "keys", "before")).Is(200);
        (await gateway.Erase("gone")).Is(200);
    }
}
