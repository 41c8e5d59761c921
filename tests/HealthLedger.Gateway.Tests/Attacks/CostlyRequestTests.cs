// docs/surfaces.md, limits: what is larger than a limit is refused with a sentence that names it, never with a fault of ours, and a request that nobody signed for
// leaves nothing in the ledger.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class CostlyRequestTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    public static TheoryData<string> Bodies =>
    [
        "a text of 9 MB", "a text of 15 MB", "30000 codings", "identifiers of 15 MB", "deep extensions", "deep contained", "1000 subjects", "a consent of 900 KB",
        "a consent with 4000 actors",
    ];

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_large_or_deep_resource_is_stored_or_refused_but_breaks_nothing(string what)
    {
        var type = what.StartsWith("a consent", StringComparison.Ordinal) ? "Consent" : what == "1000 subjects" ? "Appointment" : "Observation";
        var answer = await _gateway.SendBytes(Hospital, "POST", type, Encoding.UTF8.GetBytes(Body(what)), "application/fhir+json");
        Assert.True(answer.Status is 201 or (>= 400 and < 500), $"{answer.Status} {answer.Text[..Math.Min(500, answer.Text.Length)]}");
    }

    [Fact]
    public async Task More_to_search_by_than_a_record_may_have_is_refused_and_says_so_and_where()
    {
        JsonObject Heavy(string? id) => Records.Observation(id, SmallHospital.Open).With(
            "identifier", new JsonArray([.. Enumerable.Range(0, 5).Select(i => new JsonObject { ["system"] = "urn:x", ["value"] = i + new string('z', 900_000) })]));

        foreach (var answer in new[] { await _gateway.Post(Hospital, "Observation", Heavy(null)), await _gateway.Put(Hospital, "Observation/heavy", Heavy("heavy")) })
        {
            answer.IsFault(422, "too-long", "zzz");
            Assert.Contains("to search by", answer.Text, StringComparison.Ordinal);
            Assert.Contains("4194304", answer.Text, StringComparison.Ordinal);
            Assert.Equal(["Observation"], answer.Places);
            Assert.Equal(0u, answer.Growth);
        }

        var light = Records.Observation(null, SmallHospital.Open).ToJsonString();
        JsonObject[] entries = [Records.Entry("POST", "Observation", JsonNode.Parse(light)), Records.Entry("POST", "Observation", Heavy(null))];
        var transaction = (await _gateway.Post(Hospital, "", Records.Bundle("transaction", entries))).IsFault(422, "too-long", "zzz");
        Assert.Equal(["Bundle.entry[1].resource"], transaction.Places);
        Assert.Equal(0u, transaction.Growth);

        entries = [Records.Entry("POST", "Observation", JsonNode.Parse(light)), Records.Entry("POST", "Observation", Heavy(null))];
        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", entries))).Is(200);
        Assert.Equal(["201 Created", "422"], batch.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()));
        Assert.Equal("too-long", batch.Entries[1]["response"]!["outcome"]!["issue"]![0]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_page_of_all_records_of_one_patient_fits_its_entry()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Many"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", [.. Enumerable.Range(0, 600).Select(i => Records.Entry("POST", "Observation", Records.Observation(null, patient)))]))).Is(200);
        var page = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=500")).Is(200);
        Assert.Equal(500, page.Ids.Length);
        Assert.Equal(100, (await _gateway.Get(Clinic, page.Link("next")!)).Is(200).Ids.Length);
        Assert.Equal(600, (await _gateway.Get(Clinic, $"Observation?patient={patient}&_summary=count")).Is(200).Total);
    }

    [Theory]
    [InlineData("GET", "/fhir/Patient/x")]
    [InlineData("GET", "/fhir/Patient?name=x")]
    [InlineData("POST", "/fhir/Consent")]
    [InlineData("DELETE", "/fhir/Patient/patient-closed")]
    [InlineData("GET", "/ledger/receipts/AAAA")]
    [InlineData("GET", "/ledger/tile/entries/000")]
    [InlineData("POST", "/auth/token")]
    [InlineData("POST", "/account/sign-in")]
    [InlineData("GET", "/portal")]
    [InlineData("POST", "/cds-services/x")]
    [InlineData("POST", "/admin/clients")]
    public async Task A_request_that_nobody_signed_for_leaves_nothing_in_the_ledger(string method, string path)
    {
        foreach (var authorization in new[] { null, "Bearer x", "Basic eDp5" })
        {
            var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (authorization is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }

            if (method == "POST")
            {
                request.Content = new StringContent("{}", Encoding.UTF8, "application/fhir+json");
            }

            var answer = await _gateway.Send(request);
            Assert.Equal(0UL, answer.Growth);
            Assert.True(answer.Status is >= 300 and < 500, $"{answer.Status}");
        }
    }

    private static string Body(string what)
    {
        var observation = Records.Observation(null, SmallHospital.Open);
        JsonArray Repeat(int count, Func<int, JsonNode> make) => new([.. Enumerable.Range(0, count).Select(make)]);
        switch (what)
        {
            case "a text of 9 MB":
                return observation.With("note", new JsonArray(new JsonObject { ["text"] = new string('x', 9_000_000) })).ToJsonString();
            case "a text of 15 MB":
                return observation.With("note", new JsonArray(new JsonObject { ["text"] = new string('x', 15_000_000) })).ToJsonString();
            case "30000 codings":
                return observation.With("code", new JsonObject { ["coding"] = Repeat(30_000, i => Records.Coding("http://loinc.org", "c" + i)) }).ToJsonString();
            case "identifiers of 15 MB":
                return observation.With("identifier", new JsonArray(new JsonObject { ["system"] = "urn:x", ["value"] = new string('x', 15_000_000) })).ToJsonString();
            case "1000 subjects":
                return Records.Shared(null, "a", "b").With("participant", Repeat(1000, i => new JsonObject { ["actor"] = Records.Reference("Patient/many-" + i), ["status"] = "accepted" })).ToJsonString();
            case "deep contained":
                return observation.ToJsonString()[..^1] + ",\"contained\":[" + string.Concat(Enumerable.Repeat("{\"resourceType\":\"List\",\"contained\":[", 2000)) + string.Concat(Enumerable.Repeat("]}", 2000)) + "]}";
            case "a consent of 900 KB":
                return Records.Consent(null, SmallHospital.Open, Records.Permit().With("code", Repeat(4000, i => Records.Concept("http://snomed.info/sct", i + new string('9', 150))))).ToJsonString();
            case "a consent with 4000 actors":
                return Records.Consent(null, SmallHospital.Open, Records.Permit().With("actor", Repeat(4000, i => new JsonObject
                {
                    ["role"] = Records.Concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"), ["reference"] = Records.Reference("Organization/o" + i),
                }))).ToJsonString();
            default:
                return observation.ToJsonString()[..^1] + ",\"extension\":[" + string.Concat(Enumerable.Repeat("{\"url\":\"u\",\"extension\":[", 2000)) + string.Concat(Enumerable.Repeat("]}", 2000)) + "]}";
        }
    }
}
