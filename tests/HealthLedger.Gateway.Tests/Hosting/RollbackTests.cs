// Restore (issue: "a restore from an old copy is refused unless the operator says so explicitly, which is itself an entry").
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class RollbackTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();

    public void Dispose()
    {
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task An_older_copy_of_the_data_does_not_start_until_the_operator_names_it_and_that_is_an_entry()
    {
        ulong size;
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Kept"))).Is(201);
            size = gateway.LedgerSize;
        }

        var old = _directory.Data + ".old";
        Copy(_directory.Data, old);
        await using (var gateway = await TestGateway.Start(_directory, _clients))
        {
            (await gateway.Put(Hospital, "Patient/q", Records.Patient("q", "Lost"))).Is(201);
        }

        Directory.Delete(_directory.Data, recursive: true);
        Copy(old, _directory.Data);
        Assert.Contains($"AcceptRollback={size}", Assert.Throws<LedgerRefusesToStartException>(() => Open(null)).Message, StringComparison.Ordinal);
        Assert.Throws<LedgerRefusesToStartException>(() => Open(size + 1));

        // Said once; the word may stay in the settings.
        for (var start = 0; start < 2; start++)
        {
            await using var restored = await TestGateway.Start(_directory, _clients, $"--HealthLedger:AcceptRollback={size}");
            (await restored.Get(Hospital, "Patient/p")).Is(200);
            var (ledger, chain) = (restored.Host.Storage.Ledger, restored.Host.Storage.Vault.TenantChain);
            var reasons = ledger.EventsOf(chain, 0, 10_000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value[FactField.Reason]).ToList();
            Assert.Single(reasons, reason => reason == "rollback-accepted");
        }
    }

    private Storage Open(ulong? acceptRollback) =>
        Storage.Open(new GatewayOptions { Data = _directory.Data, Keys = _directory.Keys, ScryptLogN = 15, AcceptRollback = acceptRollback }, null, TimeProvider.System);

    private static void Copy(string source, string target)
    {
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
