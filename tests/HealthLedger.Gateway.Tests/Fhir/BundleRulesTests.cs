// http://hl7.org/fhir/R4/http.html#transaction, #trules and #delete, http://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request: what an entry asks for is done or refused, never passed over.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class BundleRulesTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private const string Pulse = "pulse-" + SmallHospital.Open;

    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("batch")]
    [InlineData("transaction")]
    public async Task An_update_only_where_there_is_none_makes_a_record_once(string bundle)
    {
        var id = "once-" + bundle;
        JsonObject Once() => Records.Bundle(bundle, Asking(Records.Entry("PUT", "Observation/" + id, Records.Observation(id, SmallHospital.Open)), "ifNoneMatch", "*"));
        Assert.Equal(["201"], Statuses((await _gateway.Post(Hospital, "", Once())).Is(200)));

        var again = await _gateway.Post(Hospital, "", Once());
        if (bundle == "batch")
        {
            Assert.Equal(["412"], Statuses(again.Is(200)));
        }
        else
        {
            Assert.Equal(["Bundle.entry[0]"], again.IsFault(412, "conflict").Places);
        }

        (await _gateway.Get(Hospital, $"Observation/{id}/_history/2")).Is(404);
    }

    [Theory]
    [InlineData("POST", "Observation", "ifMatch", "W/\"1\"")]
    [InlineData("POST", "Observation", "ifNoneMatch", "*")]
    [InlineData("PUT", "Observation/" + Pulse, "ifNoneExist", "identifier=a")]
    [InlineData("PUT", "Observation/" + Pulse, "ifNoneMatch", "W/\"1\"")]
    [InlineData("PUT", "Observation?_id=" + Pulse, "ifNoneMatch", "*")]
    [InlineData("DELETE", "Observation/" + Pulse, "ifNoneMatch", "*")]
    [InlineData("DELETE", "Observation/" + Pulse, "ifNoneExist", "identifier=a")]
    public async Task A_condition_that_says_nothing_of_the_change_is_refused(string method, string url, string condition, string value)
    {
        JsonObject Entry() => Asking(Records.Entry(method, url, method == "DELETE" ? null : Records.Observation(method == "POST" ? null : Pulse, SmallHospital.Open)), condition, value);
        var before = (await _gateway.Get(Hospital, "Observation/" + Pulse)).Is(200).Headers["ETag"];

        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Entry(), Records.Entry("GET", "Observation/" + Pulse)))).Is(200);
        Assert.Equal(["400", "200"], Statuses(batch));
        var transaction = (await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("GET", "Observation/" + Pulse), Entry()))).IsFault(400, "value");
        Assert.Equal(["Bundle.entry[1]"], transaction.Places);
        Assert.Contains(condition == "ifNoneMatch" && method == "PUT" ? "None" : condition, transaction.Text, StringComparison.Ordinal);
        Assert.Equal(0u, transaction.Growth);
        Assert.Equal(before, (await _gateway.Get(Hospital, "Observation/" + Pulse)).Is(200).Headers["ETag"]);
    }

    [Fact]
    public async Task A_delete_of_what_is_absent_or_hidden_does_not_fail_a_transaction_and_is_recorded()
    {
        (await _gateway.Put(Hospital, "Observation/already", Records.Observation("already", SmallHospital.Open))).Is(201);
        (await _gateway.Delete(Hospital, "Observation/already")).Is(204);
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction",
            Records.Entry("DELETE", "Observation/never"),
            Records.Entry("DELETE", "Observation/already"),
            Records.Entry("POST", "Patient", Records.Patient(null, "Beside")),
            Records.Entry("DELETE", "Consent/never")))).Is(200);
        Assert.Equal(["204", "204", "201", "204"], Statuses(answer));
        Assert.Equal(1u + 4, answer.Growth); // the entry of the commit, and one for each change or attempt

        Answer[] alike =
        [
            await _gateway.Post(Stranger, "", Records.Bundle("transaction", Records.Entry("DELETE", "Observation/pulse-" + SmallHospital.Closed))),
            await _gateway.Post(Stranger, "", Records.Bundle("transaction", Records.Entry("DELETE", "Observation/never"))),
        ];
        Assert.All(alike, a => Assert.Equal(["204"], Statuses(a.Is(200))));
        Assert.Equal(alike[0].Text, alike[1].Text);
        Assert.All(alike, a => Assert.Equal(2u, a.Growth));
        foreach (var told in alike)
        {
            (await _gateway.Get(Stranger, new Uri(told.Receipt!).PathAndQuery)).Is(200);
        }

        (await _gateway.Get(Hospital, "Observation/pulse-" + SmallHospital.Closed)).Is(200);
    }

    [Fact]
    public async Task A_delete_of_what_another_organization_keeps_fails_a_transaction()
    {
        var answer = await _gateway.Post(Clinic, "", Records.Bundle("transaction", Records.Entry("DELETE", "Observation/never"), Records.Entry("DELETE", "Observation/" + Pulse)));
        Assert.Equal(["Bundle.entry[1]"], answer.IsFault(403, "forbidden").Places);
        (await _gateway.Get(Hospital, "Observation/" + Pulse)).Is(200);
    }

    [Theory]
    [InlineData("Patient?bogus=1")]
    [InlineData("Patient?_cursor=bogus")]
    [InlineData("Patient/_history?_since=bogus")]
    [InlineData("_history?_cursor=bogus")]
    [InlineData("Patient/" + SmallHospital.Open + "?_summary=bogus")]
    public async Task A_read_that_cannot_be_understood_fails_a_transaction_before_its_changes(string url)
    {
        var family = "Unmade" + Guid.NewGuid().ToString("N");
        var answer = await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("POST", "Patient", Records.Patient(null, family)), Records.Entry("GET", url)));
        answer.Is(400);
        Assert.All(answer.Places, p => Assert.StartsWith("Bundle.entry[1].request", p, StringComparison.Ordinal));
        Assert.NotEmpty(answer.Places);
        Assert.Equal(0u, answer.Growth);
        Assert.Equal(0, (await _gateway.Get(Hospital, "Patient?family=" + family)).Is(200).Total);
    }

    /// <summary>http://hl7.org/fhir/R4/http.html#transaction-response: each entry of a transaction results in 2xx or 3xx, or all are rejected.</summary>
    [Theory]
    [InlineData(Hospital, "Patient/absent", 404)]
    [InlineData(Hospital, "Patient/absent/_history", 404)]
    [InlineData(Hospital, "Observation/" + Pulse + "/_history/7", 404)]
    [InlineData(Clinic, "Patient/" + SmallHospital.Closed, 404)]
    public async Task A_read_by_id_that_finds_nothing_fails_a_transaction_before_its_changes(string client, string url, int status)
    {
        var family = "Unread" + Guid.NewGuid().ToString("N");
        var answer = await _gateway.Post(client, "", Records.Bundle("transaction", Records.Entry("POST", "Practitioner", Records.Practitioner(null, family)), Records.Entry("GET", url)));
        answer.IsFault(status, "not-found");
        Assert.Equal(["Bundle.entry[1]"], answer.Places);
        Assert.Equal((await _gateway.Get(client, url)).Is(status).Growth, answer.Growth);
        Assert.NotNull(answer.Receipt);
        Assert.Equal(0, (await _gateway.Get(Hospital, "Practitioner?family=" + family)).Is(200).Total);
    }

    [Fact]
    public async Task A_transaction_that_reads_what_it_deletes_is_refused_and_one_that_reads_an_earlier_version_is_not()
    {
        (await _gateway.Put(Hospital, "Observation/tx-gone", Records.Observation("tx-gone", SmallHospital.Open))).Is(201);
        var refused = await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("GET", "Observation/tx-gone"), Records.Entry("DELETE", "Observation/tx-gone")));
        refused.IsFault(400, "conflict");
        Assert.Equal(0u, refused.Growth);
        (await _gateway.Get(Hospital, "Observation/tx-gone")).Is(200);
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", Records.Entry("GET", "Observation/tx-gone/_history/1"), Records.Entry("DELETE", "Observation/tx-gone")))).Is(200);
        Assert.Equal(["200", "204"], Statuses(answer));
    }

    /// <summary>#trules: reads come last. What a condition found is known after the changes only, so that the record is read again.</summary>
    [Fact]
    public async Task A_read_shows_what_a_conditional_update_of_its_transaction_made_of_the_record()
    {
        (await _gateway.Put(Hospital, "Patient/tx-found", Records.Patient("tx-found", "Txfound"))).Is(201);
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "transaction", Records.Entry("GET", "Patient/tx-found"), Records.Entry("PUT", "Patient?family=Txfound", Records.Patient("tx-found", "Txchanged"))))).Is(200);
        Assert.Equal(["200", "200"], Statuses(answer));
        Assert.Equal("Txchanged", answer.Entries[0]["resource"]!["name"]![0]!["family"]!.GetValue<string>());
        Assert.Equal("W/\"2\"", answer.Entries[0]["response"]!["etag"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("batch")]
    [InlineData("transaction")]
    public async Task A_search_by_POST_is_served_with_the_query_of_its_url(string bundle)
    {
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            bundle, Records.Entry("POST", "Observation/_search?_id=" + Pulse), Records.Entry("POST", "_search?_type=Observation&_id=" + Pulse)))).Is(200);
        Assert.Equal(["200", "200"], Statuses(answer));
        Assert.All(answer.Entries, e => Assert.Equal(Pulse, e["resource"]!["entry"]![0]!["resource"]!["id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task What_is_no_entry_of_a_Bundle_is_refused_and_says_what_to_do()
    {
        var answer = (await _gateway.Post(Hospital, "", Records.Bundle(
            "batch",
            Records.Entry("POST", "Patient/_search?gender=female", new JsonObject { ["resourceType"] = "Parameters" }),
            Records.Entry("GET", "Patient/_search?gender=female"),
            Records.Entry("GET", "metadata")))).Is(200);
        Assert.Equal(["400", "405", "400"], Statuses(answer));
        Assert.Contains("url", Told(0), StringComparison.Ordinal);
        Assert.Contains("GET metadata on its own", Told(2), StringComparison.Ordinal);
        Assert.Equal(["403"], Statuses((await _gateway.Post(Narrow, "", Records.Bundle("batch", Records.Entry("POST", "Patient/_search?gender=female")))).Is(200)));

        string Told(int at) => answer.Entries[at]["response"]!["outcome"]!.ToJsonString();
    }

    [Fact]
    public async Task A_fault_in_a_resource_of_a_transaction_is_told_at_a_path_that_leads_there()
    {
        var observation = Records.Observation(null, SmallHospital.Open).With("performer", new JsonArray(Records.Reference("Practitioner?identifier=nobody")));
        var answer = await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("GET", "Observation/" + Pulse), Records.Entry("POST", "Observation", observation)));
        Assert.All(answer.IsFault(422, "not-found").Places, p => Assert.StartsWith("Bundle.entry[1].resource.performer", p, StringComparison.Ordinal));
        Assert.NotEmpty(answer.Places);
    }

    [Fact]
    public async Task Outside_a_transaction_a_reference_to_another_entry_is_refused_as_such()
    {
        JsonObject Observation() => Records.Observation(null, "x").With("subject", Records.Reference("urn:uuid:6d2a3ea5-f2b2-4a83-9c3e-6a3c1f4cf0aa"));
        Assert.Contains("outside a transaction", (await _gateway.Post(Hospital, "Observation", Observation())).IsFault(422, "not-found").Text, StringComparison.Ordinal);
        var batch = (await _gateway.Post(Hospital, "", Records.Bundle("batch", Records.Entry("POST", "Observation", Observation())))).Is(200);
        Assert.Contains("outside a transaction", batch.Text, StringComparison.Ordinal);
        var transaction = await _gateway.Post(Hospital, "", Records.Bundle("transaction", Records.Entry("POST", "Observation", Observation())));
        Assert.DoesNotContain("outside", transaction.IsFault(422, "not-found").Text, StringComparison.Ordinal);
    }

    private static JsonObject Asking(JsonObject entry, string condition, string value)
    {
        entry["request"]![condition] = value;
        return entry;
    }

    private static IEnumerable<string> Statuses(Answer answer) => answer.Entries.Select(e => e["response"]!["status"]!.GetValue<string>()[..3]);
}
