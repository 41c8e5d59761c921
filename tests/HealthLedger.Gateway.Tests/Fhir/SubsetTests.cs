// http://hl7.org/fhir/R4/search.html#summary, http://hl7.org/fhir/R4/search.html#elements
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class SubsetTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Pulse = "Observation/pulse-" + SmallHospital.Open;

    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("_summary=true", "code effectiveDateTime id meta resourceType status subject valueQuantity")]
    [InlineData("_summary=text", "code id meta resourceType status")]
    [InlineData("_summary=data", "code effectiveDateTime id meta resourceType status subject valueQuantity")]
    [InlineData("_elements=subject,value", "code id meta resourceType status subject valueQuantity")]
    [InlineData("_elements=id", "code id meta resourceType status")]
    public async Task A_part_is_shown_alike_by_reads_searches_histories_and_batches(string query, string expected)
    {
        var batch = (await _gateway.Post(Clinic, "", Records.Bundle(
            "batch", Records.Entry("GET", $"{Pulse}?{query}"), Records.Entry("GET", $"Observation?patient={SmallHospital.Open}&{query}"), Records.Entry("GET", $"{Pulse}/_history?{query}")))).Is(200);
        JsonNode[] shown =
        [
            (await _gateway.Get(Clinic, $"{Pulse}?{query}")).Is(200).Json,
            (await _gateway.Get(Clinic, $"{Pulse}/_history/1?{query}")).Is(200).Json,
            (await _gateway.Get(Clinic, $"Observation?patient={SmallHospital.Open}&{query}")).Is(200).Entries.Single()["resource"]!,
            (await _gateway.Get(Clinic, $"{Pulse}/_history?{query}")).Is(200).Entries.Single()["resource"]!,
            (await _gateway.SendBytes(Clinic, "POST", "Observation/_search", System.Text.Encoding.ASCII.GetBytes($"patient={SmallHospital.Open}&{query}"), "application/x-www-form-urlencoded")).Is(200).Entries.Single()["resource"]!,
            JsonNode.Parse(XmlResource.Read((await _gateway.Get(Clinic, $"{Pulse}?_format=xml&{query}")).Is(200).Body).Json.Span)!,
            batch.Entries[0]["resource"]!,
            batch.Entries[1]["resource"]!["entry"]![0]!["resource"]!,
            batch.Entries[2]["resource"]!["entry"]![0]!["resource"]!,
        ];
        Assert.All(shown, s =>
        {
            Assert.Equal(expected, string.Join(' ', s.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal)));
            Assert.True(JsonNode.DeepEquals(shown[0], s), s.ToJsonString());
            Assert.Equal("SUBSETTED", s["meta"]!["tag"]![0]!["code"]!.GetValue<string>());
            Assert.Equal("1", s["meta"]!["versionId"]!.GetValue<string>());
            Assert.True(ResourceValidator.Validate(System.Text.Encoding.UTF8.GetBytes(s.ToJsonString())).IsValid);
        });
    }

    // http://hl7.org/fhir/R4/search.html#summary: a subset is tagged so that nobody stores it in the place of the whole.
    [Fact]
    public async Task A_subset_does_not_take_the_place_of_the_whole()
    {
        var path = "Patient/" + SmallHospital.Open;
        var whole = (await _gateway.Get(Hospital, path)).Is(200);
        var subset = (await _gateway.Get(Hospital, path + "?_elements=gender")).Is(200).Json;
        (await _gateway.Put(Hospital, path, subset)).IsFault(422, "business-rule");
        (await _gateway.Post(Hospital, "Patient", subset)).IsFault(422, "business-rule");
        (await _gateway.SendBytes(Hospital, "PATCH", path, """[{"op":"add","path":"/meta/tag","value":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}]"""u8.ToArray(), "application/json-patch+json")).IsFault(422, "business-rule");
        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Records.Entry("PUT", path, subset), Records.Entry("GET", path)))).Is(200);
        Assert.Equal(["422", "200"], batch.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]));
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("PUT", path, subset.DeepClone())))).IsFault(422, "business-rule");
        Assert.Equal(whole.Body, (await _gateway.Get(Hospital, path)).Is(200).Body);
    }

    [Fact]
    public async Task Count_shows_no_record_and_false_all_of_it()
    {
        foreach (var path in new[] { "Observation", Pulse + "/_history" })
        {
            var count = (await _gateway.Get(Clinic, path + "?_summary=count")).Is(200);
            Assert.Equal((1, 0), (count.Total, count.Entries.Length));
            var whole = (await _gateway.Get(Clinic, path + "?_summary=false")).Is(200);
            Assert.Null(whole.Entries.Single()["resource"]!["meta"]!["tag"]);
        }

        Assert.Equal((await _gateway.Get(Clinic, Pulse)).Body, (await _gateway.Get(Clinic, Pulse + "?_summary=false")).Body);
    }

    [Fact]
    public async Task A_part_is_asked_for_on_every_page_and_a_deletion_has_none()
    {
        (await _gateway.Put(Hospital, "Practitioner/paged", Records.Practitioner("paged", "Paged"))).Is(201);
        var first = (await _gateway.Get(Hospital, "Practitioner?_count=1&_elements=name")).Is(200);
        var second = (await _gateway.Get(Hospital, first.Link("next")!)).Is(200);
        Assert.All(first.Entries.Concat(second.Entries), e => Assert.Equal(["resourceType", "id", "meta", "name"], e["resource"]!.AsObject().Select(p => p.Key)));

        (await _gateway.Delete(Hospital, "Practitioner/paged")).Is(204);
        var history = (await _gateway.Get(Hospital, "Practitioner/paged/_history?_summary=true")).Is(200);
        Assert.Equal([false, true], history.Entries.Select(e => e["resource"] is not null));
    }
}
