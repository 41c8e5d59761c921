// docs/operations.md, "Putting one back" with "Witnesses": a restored, older ledger is refused because a witness saw more, whatever the operator accepts, until the witnesses begin
// anew under other keys and the policy names those. The operator's word is the first entry then.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class RestoreWithWitnessesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    private string PolicyFile => Path.Combine(_world.Directory.Root, "policy.txt");

    private string[] Witnessed => [$"--HealthLedger:Witnesses:PolicyFile={PolicyFile}", "--HealthLedger:Witnesses:IntervalMilliseconds=50"];

    [Fact]
    public async Task A_restored_ledger_is_refused_by_what_a_witness_saw_though_its_rollback_is_accepted_until_the_witnesses_begin_anew()
    {
        string vkey;
        await using (var gateway = await _world.Start())
        {
            vkey = gateway.Host.Storage.Ledger.VerifierKey;
        }

        await using var saw = await ChildWitness.Start(_world.Directory, "saw", vkey);
        await NameInPolicy(vkey, saw);
        ulong size;
        await using (var gateway = await _world.Start(Witnessed))
        {
            await gateway.AddPatient("kept");
            size = (await BackedUp.Make(gateway, "data", "before")).Is(200).Json["backup"]!["ledgerSize"]!.GetValue<ulong>();
            await gateway.AddPatient("lost");
            await IsFinal(gateway);
        }

        // The operator's word does not outweigh what the witness saw, and nothing is signed before it was asked.
        _world.PutBackData("before");
        var accept = $"--HealthLedger:AcceptRollback={size}";
        for (var start = 0; start < 2; start++)
        {
            var refused = await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => _world.Start([.. Witnessed, accept]));
            Assert.Matches($"The witness saw.example/w has cosigned [0-9]+ entries of this ledger, and this directory has {size}\\.", refused.Message);
            Assert.Contains("begin anew", refused.Message, StringComparison.Ordinal);
        }

        // A witness under another key has seen nothing. The rollback is to be accepted all the same.
        await using var anew = await ChildWitness.Start(_world.Directory, "anew", vkey);
        await NameInPolicy(vkey, anew);
        Assert.Contains(accept[2..], (await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => _world.Start(Witnessed))).Message, StringComparison.Ordinal);
        await using (var restored = await _world.Start([.. Witnessed, accept, "--HealthLedger:Witnesses:Require=true"]))
        {
            (await restored.Get(Clinic, "Observation/pulse-kept")).Is(200);
            (await restored.Get(Hospital, "Observation/pulse-lost")).Is(404);
            await IsFinal(restored);
            var (ledger, chain) = (restored.Host.Storage.Ledger, restored.Host.Storage.Vault.TenantChain);
            var after = ledger.EventsOf(chain, 0, 10_000).Where(e => e.Index >= size).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value).ToList();
            Assert.Equal("rollback-accepted", after[0][FactField.Reason]);
            Assert.Equal(size, JsonNode.Parse(after[0][FactField.Evidence]!)!["continues"]!["size"]!.GetValue<ulong>());
            Assert.Single(after, fact => fact[FactField.Reason] == "rollback-accepted");
            restored.AssertReplays();
        }

        // To the witness that saw the other one this history stays a fork, however long it grows.
        await NameInPolicy(vkey, saw);
        Assert.Contains("The witness saw.example/w has cosigned ", (await Assert.ThrowsAsync<LedgerRefusesToStartException>(() => _world.Start([.. Witnessed, accept]))).Message, StringComparison.Ordinal);
    }

    private Task NameInPolicy(string vkey, ChildWitness witness) =>
        File.WriteAllTextAsync(PolicyFile, $"log {vkey}\nwitness one {witness.Vkey} {witness.Url}\nquorum one\n");

    /// <summary>Waits until the quorum covers everything that is there.</summary>
    private static async Task IsFinal(TestGateway gateway)
    {
        var ledger = gateway.Host.Storage.Ledger;
        var size = ledger.Published.Size;
        for (var deadline = DateTime.UtcNow + Patience; ledger.Cosignatures!.Final is not { } final || final.Size < size; await Task.Delay(50))
        {
            Assert.True(DateTime.UtcNow < deadline, "The quorum never covered it.");
        }
    }
}
