// R4 http.html#ops (Prefer: return=OperationOutcome) and docs/consent.md: what is not understood permits nothing, and whoever signs is told.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class ConsentRemarkTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private TestGateway Gateway => hospital.Gateway;

    [Fact]
    public async Task A_consent_in_which_something_is_not_understood_is_stored_with_a_warning_that_says_where()
    {
        var strange = Records.Permit().With("code", new JsonArray(new JsonObject { ["text"] = "only the nice things" }));
        var answer = (await Gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, SmallHospital.Open, strange), ("Prefer", "return=OperationOutcome"))).Is(201);
        var issue = answer.Json["issue"]![0]!;
        Assert.Equal("warning", issue["severity"]!.GetValue<string>());
        Assert.Contains(answer.Places, p => p.StartsWith("Consent.provision", StringComparison.Ordinal));
        Assert.DoesNotContain("nice things", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consent_that_is_understood_says_so()
    {
        var answer = (await Gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, SmallHospital.Open, Records.Permit()), ("Prefer", "return=OperationOutcome"))).Is(201);
        Assert.Equal("information", answer.Json["issue"]![0]!["severity"]!.GetValue<string>());
    }

    [Fact]
    public async Task References_by_this_servers_own_address_count_as_its_own()
    {
        var patient = "absolute";
        (await Gateway.Put(TestClients.Hospital, "Patient/" + patient, Records.Patient(patient, "Absolutely"))).Is(201);
        var consent = Records.Consent(null, patient, Records.Permit());
        consent["patient"] = Records.Reference($"{Gateway.Fhir}/Patient/{patient}");
        consent["provision"]!["actor"]![0]!["reference"] = Records.Reference($"{Gateway.Fhir}/Organization/riverside");
        var stored = (await Gateway.Post(TestClients.Hospital, "Consent", consent)).Is(201);
        Assert.Equal("Patient/" + patient, stored.Json["patient"]!["reference"]!.GetValue<string>());
        (await Gateway.Get(TestClients.Clinic, "Patient/" + patient)).Is(200);
        (await Gateway.Get(TestClients.Stranger, "Patient/" + patient)).Is(404);
    }
}
