// docs/decisions/0012: an erasure is listed where it can be undone. With backups of a running gateway: what was erased since stays erased, whichever half is put back.
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Admin;
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
