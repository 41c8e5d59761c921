// SECURITY.md, claim 5, and http://hl7.org/fhir/R4/http.html#vread: of an earlier version nothing is known but its type and id, so a rule that looks at content
// permits it only where it could not have said otherwise.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class EarlierVersionTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Secret = "86406008";
    private const string Plain = "38341003";
    private readonly TestGateway _gateway = hospital.Gateway;

    public static TheoryData<string> Rules => ["code", "label", "dataPeriod", "only that code"];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task What_an_earlier_version_said_is_not_read_around_the_rule_that_denied_it(string rule)
    {
        var patient = await PatientWho(rule switch
        {
            "code" => Records.Permit().Except(Records.Provision("deny").With("code", new JsonArray(Records.Concept("http://snomed.info/sct", Secret)))),
            "label" => Records.Permit().Except(Records.Provision("deny").WithLabel("R")),
            "dataPeriod" => Records.Permit().Except(Records.Provision("deny").With("dataPeriod", new JsonObject { ["start"] = "2015-01-01", ["end"] = "2016-12-31" })),
            _ => Records.Permit().With("code", new JsonArray(Records.Concept("http://snomed.info/sct", Plain))),
        });
        var first = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient, Secret, "R").With("onsetDateTime", "2015-06-01"))).Is(201);
        (await _gateway.Get(Clinic, "Condition/" + first.Id)).Is(404);
        (await _gateway.Put(Hospital, "Condition/" + first.Id, Records.Condition(first.Id, patient, Plain).With("onsetDateTime", "2020-01-02"))).Is(200);

        (await _gateway.Get(Clinic, "Condition/" + first.Id)).Is(200);
        (await _gateway.Get(Clinic, $"Condition/{first.Id}/_history/2")).Is(200);
        (await _gateway.Get(Clinic, $"Condition/{first.Id}/_history/1")).IsFault(404, "not-found");
        (await _gateway.Get(Hospital, $"Condition/{first.Id}/_history/1")).Is(200);
    }

    [Fact]
    public async Task Rules_that_do_not_look_at_content_let_earlier_versions_be_read()
    {
        var patient = await PatientWho(Records.Permit().WithClass("Condition"));
        var first = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient, Plain))).Is(201);
        (await _gateway.Put(Hospital, "Condition/" + first.Id, Records.Condition(first.Id, patient, Secret))).Is(200);
        (await _gateway.Get(Clinic, $"Condition/{first.Id}/_history/1")).Is(200);
        (await _gateway.Get(Stranger, $"Condition/{first.Id}/_history/1")).IsFault(404, "not-found");
    }

    private async Task<string> PatientWho(JsonObject permits)
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Earlier"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, permits))).Is(201);
        return patient;
    }
}
