// Design, "Erasure ... restore applies erasures first"; reference/cryptography, test 8: erase, rewrap epoch, then the old backup with passphrase and all key files: nothing opens,
// the audit passes, the insider's retained facts still open to the auditor.
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class RestoredCopyTests : IDisposable
{
    private static readonly ShelfId Gone = ShelfId.ForPatient("gone");
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_an_erasure_the_old_data_with_the_passphrase_and_the_current_keys_opens_nothing_of_the_patient(bool rotated)
    {
        await EraseAndPutBack(rotated, data: true, keys: false);

        // The copy ends before the erasure, and the gateway knows that it has shown more.
        var refused = await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => TestGateway.Start(_directory, _clients));
        var size = System.Text.RegularExpressions.Regex.Match(refused.Message, "AcceptRollback=[0-9]+").Value;
        await using var gateway = await TestGateway.Start(_directory, _clients, "--HealthLedger:" + size);
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
        (await gateway.Get(Hospital, "Observation/pulse-gone")).Is(404);
        Assert.DoesNotContain("pulse-gone", (await gateway.Get(Hospital, "Observation?code=8867-4")).Is(200).Ids);
        (await gateway.Get(Hospital, "Observation/pulse-stays")).Is(200);
        var vault = gateway.Host.Storage.Vault;
        Assert.DoesNotContain("gone", (await vault.Patients.PatientIds(default)).ToArray());
        Assert.Null(await vault.Locate("Observation", "pulse-gone", default));

        // The evidence is there still: what the clinic did before the copy was made.
        gateway.AssertReplays();
        var chain = Assert.Single(vault.Erasures.Chains);
        var ledger = gateway.Host.Storage.Ledger;
        Assert.Contains(
            ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)).Value), fact => fact[FactField.Event] == "access" && fact[FactField.Client] == Clinic);
    }

    [Fact]
    public async Task Old_keys_beside_the_current_data_are_destroyed_again_before_anything_is_served()
    {
        await EraseAndPutBack(rotated: false, data: false, keys: true);
        await using var gateway = await TestGateway.Start(_directory, _clients);
        var left = 0;
        gateway.Host.Storage.Keys.ExposeToLeakSearch(Gone, _ => left++);
        Assert.Equal(1, left); // the audit key
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
    }

    [Fact]
    public async Task After_a_rotation_of_the_wrapping_key_an_old_copy_of_the_wrapped_keys_opens_nothing_at_all()
    {
        await EraseAndPutBack(rotated: true, data: false, keys: false);
        foreach (var file in Directory.GetFiles(Copy("keys"), "keys.db*"))
        {
            File.Copy(file, Path.Combine(_directory.Keys, Path.GetFileName(file)), overwrite: true);
        }

        await Assert.ThrowsAsync<DamagedKeysException>(() => GatewayHost.Build(Line(), TextWriter.Null));
    }

    [Fact]
    public async Task A_patient_who_came_back_after_the_erasure_is_not_erased_again_by_a_start()
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("gone");
            (await gateway.Erase("gone")).Is(200);
            await gateway.AddPatient("gone");
        }

        await using var again = await TestGateway.Start(_directory, _clients);
        (await again.Get(Hospital, "Patient/gone")).Is(200);
        (await again.Get(Clinic, "Observation/pulse-gone")).Is(200);
    }

    private async Task EraseAndPutBack(bool rotated, bool data, bool keys)
    {
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            await gateway.AddPatient("gone");
            await gateway.AddPatient("stays");
        }

        CopyAll(_directory.Data, Copy("data"));
        CopyAll(_directory.Keys, Copy("keys"));
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            (await gateway.Erase("gone")).Is(200);
            if (rotated)
            {
                Assert.Equal(2, (await gateway.Admin("keys/wrapping")).Is(200).Json["wrappingEpoch"]!.GetValue<int>());
            }
        }

        foreach (var (put, name, place) in new[] { (data, "data", _directory.Data), (keys, "keys", _directory.Keys) })
        {
            if (put)
            {
                Directory.Delete(place, recursive: true);
                CopyAll(Copy(name), place);
            }
        }
    }

    private CommandLine Line() =>
        CommandLine.Parse(["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={_directory.Data}", $"--HealthLedger:Keys={_directory.Keys}"], out _)!;

    private string Copy(string name) => Path.Combine(_directory.Root, "copy-of-" + name);

    private static void CopyAll(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
