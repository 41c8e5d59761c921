using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Tests.Admin;

/// <summary>What operators do in tests, and patients whom they erase.</summary>
internal static class Operators
{
    public static Task<Answer> Admin(this TestGateway gateway, string path, JsonNode? body = null, string client = TestClients.Operator, string method = "POST") =>
        gateway.SendBytes(client, method, "/admin/" + path, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json");

    public static Task<Answer> Erase(this TestGateway gateway, string patient) =>
        gateway.Admin("erasures", new JsonObject { ["patient"] = patient, ["ground"] = "patient-request" });

    public static string ErasureId(this Answer answer) => answer.Json["erasure"]!["id"]!.GetValue<string>();

    public static string Error(this Answer answer) => answer.Json["error"]!.GetValue<string>();

    /// <summary>The audit of the whole ledger: entries lead to the checkpoint, and the consent map is their replay.</summary>
    public static void AssertReplays(this TestGateway gateway)
    {
        var ledger = gateway.Host.Storage.Ledger;
        var replay = new LedgerReplay(Checkpoint.Parse(SignedNote.Parse(ledger.Published.Note.Span).Value.Text).Value);
        for (ulong i = 0; i < ledger.Published.Size; i++)
        {
            replay.AddEntry(ledger.ReadEntry(i));
        }

        Assert.Empty(replay.Finish());
    }

    /// <summary>What operators did, oldest first, of the tenant's chain or a patient's: act, decision, evidence.</summary>
    public static List<(string Act, string Decision, JsonNode? Detail)> Acts(this TestGateway gateway, string? patient = null)
    {
        var (ledger, vault) = (gateway.Host.Storage.Ledger, gateway.Host.Storage.Vault);
        var chain = patient is null ? vault.TenantChain : vault.ChainOf(ShelfId.ForPatient(patient))!;
        return
        [
            .. ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value)
                .Where(fact => fact[FactField.Event] == "operation")
                .Select(fact => (fact[FactField.Reason]!, fact[FactField.Decision]!, fact[FactField.Evidence] is { } evidence ? JsonNode.Parse(evidence) : null)),
        ];
    }

    /// <summary>A patient with two versions of a pulse and a consent for the clinic, who was read once by the clinic.</summary>
    public static async Task AddPatient(this TestGateway gateway, string id)
    {
        (await gateway.Put(TestClients.Hospital, "Patient/" + id, Records.Patient(id, "Erasmus"))).Is(201);
        (await gateway.Put(TestClients.Hospital, "Observation/pulse-" + id, Records.Observation("pulse-" + id, id))).Is(201);
        (await gateway.Put(TestClients.Hospital, "Observation/pulse-" + id, Records.Observation("pulse-" + id, id, value: 80))).Is(200);
        (await gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, id, Records.Permit()))).Is(201);
        (await gateway.Get(TestClients.Clinic, "Observation/pulse-" + id)).Is(200);
    }
}
