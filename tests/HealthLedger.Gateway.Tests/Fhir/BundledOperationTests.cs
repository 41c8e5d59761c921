// http://hl7.org/fhir/R4/http.html#transaction: operations are entries of batches and transactions too; each is answered and recorded as on its own.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BundledOperationTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Gender = "http://hl7.org/fhir/ValueSet/administrative-gender";
    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("batch")]
    [InlineData("transaction")]
    public async Task An_operation_is_answered_as_on_its_own(string type)
    {
        var everything = (await _gateway.Get(Clinic, $"Patient/{SmallHospital.Open}/$everything?_type=Observation")).Is(200);
        var parameters = new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = new JsonArray(
            new JsonObject { ["name"] = "url", ["valueUri"] = Gender }, new JsonObject { ["name"] = "filter", ["valueString"] = "fem" }) };
        var answer = (await _gateway.Post(Clinic, "", Records.Bundle(
            type,
            Records.Entry("GET", $"Patient/{SmallHospital.Open}/$everything?_type=Observation"),
            Records.Entry("POST", $"Patient/{SmallHospital.Open}/$everything"),
            Records.Entry("GET", "ValueSet/$expand?filter=fem&url=" + Gender),
            Records.Entry("POST", "ValueSet/$expand", parameters),
            Records.Entry("POST", "Patient/$validate", Records.Patient(null, "Valid")),
            Records.Entry("GET", $"Observation/$lastn?patient={SmallHospital.Open}"),
            Records.Entry("GET", $"{_gateway.Fhir}/Patient/{SmallHospital.Open}/$meta"),
            Records.Entry("HEAD", $"Patient/{SmallHospital.Open}/$meta"),
            Records.Entry("GET", $"Patient/{SmallHospital.Closed}/$everything"),
            Records.Entry("GET", "Patient/absent/$everything")))).Is(200);
        Assert.Equal(["200", "200", "200", "200", "200", "200", "200", "200", "404", "404"], Statuses(answer));
        Assert.Equal(everything.Ids, answer.Entries[0]["resource"]!["entry"]!.AsArray().Select(e => e!["resource"]!["id"]!.GetValue<string>()));
        Assert.Equal("searchset", answer.Entries[1]["resource"]!["type"]!.GetValue<string>());
        Assert.Equal("female", answer.Entries[2]["resource"]!["expansion"]!["contains"]![0]!["code"]!.GetValue<string>());
        Assert.Equal("female", answer.Entries[3]["resource"]!["expansion"]!["contains"]![0]!["code"]!.GetValue<string>());
        Assert.Equal("OperationOutcome", answer.Entries[4]["resource"]!["resourceType"]!.GetValue<string>());
        Assert.Equal("Parameters", answer.Entries[6]["resource"]!["resourceType"]!.GetValue<string>());
        Assert.Null(answer.Entries[7]["resource"]);
        Assert.Equal(answer.Entries[9]["response"]!.ToJsonString(), answer.Entries[8]["response"]!.ToJsonString());
        Assert.NotNull(answer.Receipt);
        (await _gateway.Get(Clinic, answer.Receipt)).Is(200);
    }

    [Fact]
    public async Task What_cannot_be_an_entry_says_why()
    {
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch",
            Records.Entry("GET", "$export"),
            Records.Entry("GET", "Patient/$export"),
            Records.Entry("POST", "$graphql"),
            Records.Entry("GET", "Patient/x/$zebedee"),
            Records.Entry("GET", "Zebedee/$validate"),
            Records.Entry("GET", "Patient/a b/$everything"),
            Records.Entry("DELETE", "Patient/x/$everything"),
            Records.Entry("GET", $"Patient/{SmallHospital.Open}/$meta-add"),
            Records.Entry("GET", $"Patient/{SmallHospital.Open}")))).Is(200);
        Assert.Equal(["400", "400", "400", "404", "404", "400", "405", "405", "200"], Statuses(answer));
        Assert.All(answer.Entries[..3], e => Assert.Equal("not-supported", e["response"]!["outcome"]!["issue"]![0]!["code"]!.GetValue<string>()));
        Assert.Contains("on its own", answer.Entries[0]["response"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_meta_is_made_in_a_batch_and_refused_in_a_transaction()
    {
        var made = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Tagged"))).Is(201).Id;
        JsonObject Entry(string? ifMatch = null) => Records.Entry("POST", $"Patient/{made}/$meta-add", JsonNode.Parse("""
            {"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"urn:tags","code":"t"}]}}]}
            """), ifMatch: ifMatch);
        var refused = (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("DELETE", "Patient/" + made), Entry()))).IsFault(400, "not-supported");
        Assert.Contains("Bundle.entry[1]", refused.Places);
        Assert.Equal(0u, refused.Growth);
        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Entry("W/\"7\""), Entry("W/\"1\"")))).Is(200);
        Assert.Equal(["412", "200"], Statuses(batch));
        Assert.Equal("W/\"2\"", batch.Entries[1]["response"]!["etag"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_is_wrong_with_a_resource_is_the_answer_to_who_asks_that()
    {
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch",
            Records.Entry("POST", "Observation/$validate", new JsonObject { ["resourceType"] = "Observation" }),
            Records.Entry("POST", "Observation", new JsonObject { ["resourceType"] = "Observation" })))).Is(200);
        Assert.Equal(["200", "400"], Statuses(answer));
        Assert.Equal("error", answer.Entries[0]["resource"]!["issue"]![0]!["severity"]!.GetValue<string>());
    }

    // "servers SHALL either accept all actions or reject all": what the request alone tells to be wrong is told before anything is changed.
    [Theory]
    [InlineData("GET", "Patient/patient-open/$everything?zebedee=1", 400)]
    [InlineData("GET", "Patient/patient-open/$everything?_count=many", 400)]
    [InlineData("POST", "Observation/$lastn", 400)]
    [InlineData("GET", "Observation/$lastn?patient=patient-open&max=0", 400)]
    [InlineData("GET", "DocumentReference/$docref?patient=a%20b", 400)]
    [InlineData("GET", "Patient/patient-open/$meta?zebedee=1", 400)]
    [InlineData("GET", "Patient/patient-open/$validate?mode=zebedee", 400)]
    [InlineData("GET", "ValueSet/$expand?filter=a", 400)]
    [InlineData("GET", "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&count=many", 400)]
    [InlineData("GET", "ValueSet/$validate-code?code=a", 400)]
    [InlineData("GET", "CodeSystem/$lookup?code=a", 400)]
    [InlineData("GET", "CodeSystem/$subsumes?codeA=a&codeB=b", 400)]
    [InlineData("GET", "CodeSystem/$validate-code?code=a", 400)]
    [InlineData("GET", "ConceptMap/$translate?system=urn:a&code=a", 400)]
    public async Task A_wrong_call_of_an_operation_refuses_the_transaction_before_anything_is_changed(string method, string url, int status)
    {
        var family = "Before" + Guid.NewGuid().ToString("N");
        var bundle = Records.Bundle("transaction", Records.Entry("POST", "Patient", Records.Patient(null, family)), Records.Entry(method, url));
        var refused = await _gateway.Post(Hospital, "", bundle);
        Assert.Equal(status, refused.Status);
        Assert.All(refused.Places, p => Assert.StartsWith("Bundle.entry[1]", p, StringComparison.Ordinal));
        Assert.Equal(0u, refused.Growth);
        Assert.Equal(0, (await _gateway.Get(Hospital, "Patient?family=" + family)).Is(200).Total);

        // In a batch it is told at its entry.
        Assert.Equal(["201", status.ToString(System.Globalization.CultureInfo.InvariantCulture)], Statuses((await _gateway.Post(Hospital, "", Records.Bundle("batch", Records.Entry("POST", "Patient", Records.Patient(null, family)), Records.Entry(method, url)))).Is(200)));
    }

    [Fact]
    public async Task Operations_count_as_searches()
    {
        JsonObject Of(int count) => Records.Bundle("batch", [.. Enumerable.Range(0, count).Select(_ => Records.Entry("GET", "ValueSet/$expand?count=1&url=" + Gender))]);
        (await _gateway.Post(Hospital, "", Of(100))).Is(200);
        (await _gateway.Post(Hospital, "", Of(101))).IsFault(400, "too-costly");
    }

    [Fact]
    public async Task The_answer_to_a_Bundle_has_a_limit_of_bytes()
    {
        var big = (await _gateway.Post(Hospital, "Binary", new JsonObject { ["resourceType"] = "Binary", ["contentType"] = "text/plain", ["data"] = Convert.ToBase64String(new byte[9 * 1024 * 1024]) })).Is(201).Id;
        foreach (var type in new[] { "batch", "transaction" })
        {
            var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
                type,
                Records.Entry("GET", "Binary/" + big),
                Records.Entry("GET", "Binary/" + big),
                Records.Entry("GET", "Binary/" + big),
                Records.Entry("POST", "Patient", Records.Patient(null, "Beside" + type)),
                Records.Entry("GET", "Patient/" + SmallHospital.Open)))).Is(200);
            Assert.Equal(["200", "200", "422", "201", "422"], Statuses(answer));
            Assert.InRange(answer.Body.Length, 24 * 1024 * 1024, 33 * 1024 * 1024);
            Assert.Equal("too-costly", answer.Entries[2]["response"]!["outcome"]!["issue"]![0]!["code"]!.GetValue<string>());
            Assert.Equal(1, (await _gateway.Get(Hospital, "Patient?family=Beside" + type)).Total);

            // What is opened counts, though HEAD does not show it.
            var unseen = (await _gateway.Post(Hospital, "", Records.Bundle(type, [.. Enumerable.Range(0, 3).Select(_ => Records.Entry("HEAD", "Binary/" + big))]))).Is(200);
            Assert.Equal(["200", "200", "422"], Statuses(unseen));
        }
    }

    private static IEnumerable<string> Statuses(Answer answer) => answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]);
}
