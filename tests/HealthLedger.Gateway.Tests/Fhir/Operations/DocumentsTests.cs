// http://hl7.org/fhir/us/core/OperationDefinition/docref: one patient's documents by care date and type, without dates the current ones.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Operations;

public sealed class DocumentsTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task Documents_are_found_by_patient_care_date_and_type()
    {
        var (old, newer, superseded) = (await Document("2020-01-05", "34133-9"), await Document("2024-01-05", "18842-5"), await Document("2022-01-05", "34133-9", "superseded"));
        await Document("2024-01-05", "34133-9", patient: SmallHospital.Closed);
        Assert.Equal([newer, old], await Ids("patient=" + SmallHospital.Open));
        Assert.Equal([newer, old], await Ids("on-demand=false&patient=Patient/" + SmallHospital.Open));
        Assert.Equal([newer, superseded], await Ids($"patient={SmallHospital.Open}&start=2021"));
        Assert.Equal([superseded, old], await Ids($"patient={SmallHospital.Open}&end=2023-01-01"));
        Assert.Equal([superseded], await Ids($"patient={SmallHospital.Open}&start=2021-06-01&end=2023-01-01"));
        Assert.Equal([old], await Ids($"patient={SmallHospital.Open}&type=http://loinc.org|34133-9"));
        Assert.Empty(await Ids("patient=" + SmallHospital.Closed));
        Assert.Empty(await Ids("patient=absent"));

        var posted = (await _gateway.Post(Clinic, "DocumentReference/$docref", new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(
                new JsonObject { ["name"] = "patient", ["valueId"] = SmallHospital.Open },
                new JsonObject { ["name"] = "type", ["valueCodeableConcept"] = Records.Concept("http://loinc.org", "18842-5") },
                new JsonObject { ["name"] = "on-demand", ["valueBoolean"] = false }),
        })).Is(200);
        Assert.Equal([newer], posted.Ids);
        Assert.Equal("searchset", posted.Json["type"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("", "required")]
    [InlineData("patient=a,b", "value")]
    [InlineData("patient=a&patient=b", "value")]
    [InlineData("patient=a&start=gt2020", "value")]
    [InlineData("patient=a&start=2020,2021", "value")]
    [InlineData("patient=a&start=20x", "value")]
    [InlineData("patient=a&on-demand=true", "not-supported")]
    [InlineData("patient=a&zebedee=1", "not-supported")]
    public async Task What_cannot_be_asked_is_said(string query, string code) => (await _gateway.Get(Clinic, "DocumentReference/$docref?" + query)).IsFault(400, code);

    private async Task<string[]> Ids(string query) => (await _gateway.Get(Clinic, "DocumentReference/$docref?" + query)).Is(200).Ids;

    private async Task<string> Document(string date, string type, string status = "current", string patient = SmallHospital.Open) => (await _gateway.Post(Hospital, "DocumentReference", new JsonObject
    {
        ["resourceType"] = "DocumentReference",
        ["status"] = status,
        ["type"] = Records.Concept("http://loinc.org", type),
        ["subject"] = Records.Reference("Patient/" + patient),
        ["content"] = new JsonArray(new JsonObject { ["attachment"] = new JsonObject { ["contentType"] = "text/plain", ["data"] = "SGVsbG8=" } }),
        ["context"] = new JsonObject { ["period"] = new JsonObject { ["start"] = date, ["end"] = date } },
    })).Is(201).Id;
}
