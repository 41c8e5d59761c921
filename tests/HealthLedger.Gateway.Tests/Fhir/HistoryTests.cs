// http://hl7.org/fhir/R4/http.html#history: versions newest first, deletions without resource; each version decided as if it were read by its number.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class HistoryTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task A_record_shows_its_versions_newest_first_and_its_deletion_without_content()
    {
        var created = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, SmallHospital.Open, value: 70))).Is(201);
        var path = "Observation/" + created.Id;
        var updated = (await _gateway.Put(Hospital, path, Records.Observation(created.Id, SmallHospital.Open, value: 71))).Is(200);
        (await _gateway.Delete(Hospital, path)).Is(204);

        var history = (await _gateway.Get(Hospital, path + "/_history")).Is(200);
        Assert.Equal("history", history.Json["type"]!.GetValue<string>());
        Assert.Equal(3, history.Total);
        Assert.Equal(
            [$"DELETE {path} 204 W/\"3\"", $"PUT {path} 200 W/\"2\"", "POST Observation 201 W/\"1\""],
            history.Entries.Select(e => $"{e["request"]!["method"]} {e["request"]!["url"]} {e["response"]!["status"]} {e["response"]!["etag"]}"));
        Assert.Null(history.Entries[0]["resource"]);
        Assert.True(JsonNode.DeepEquals(updated.Json, history.Entries[1]["resource"]));
        Assert.True(JsonNode.DeepEquals(created.Json, history.Entries[2]["resource"]));
        Assert.All(history.Entries, e => Assert.Equal($"{_gateway.Fhir}/{path}", e["fullUrl"]!.GetValue<string>()));

        // One entry and the STATE, as for a read, permitted or not.
        Assert.Equal(2u, history.Growth);
        Assert.NotNull(history.Receipt);
        var absent = (await _gateway.Get(Hospital, "Observation/absent/_history")).IsFault(404, "not-found");
        Assert.Equal(history.Growth, absent.Growth);
        (await _gateway.Get(Stranger, path + "/_history")).IsFault(404, "not-found");
        (await _gateway.Get(Clinic, path + "/_history")).IsFault(404, "not-found");
    }

    [Fact]
    public async Task A_version_that_may_not_be_read_is_not_there_and_not_counted()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Versions"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit().Except(Records.Provision("deny").WithLabel("R"))))).Is(201);
        var first = (await _gateway.Post(Hospital, "Condition", Records.Condition(null, patient, label: "R"))).Is(201);
        (await _gateway.Get(Clinic, $"Condition/{first.Id}/_history")).IsFault(404, "not-found");
        (await _gateway.Put(Hospital, "Condition/" + first.Id, Records.Condition(first.Id, patient))).Is(200);

        var seen = (await _gateway.Get(Clinic, $"Condition/{first.Id}/_history")).Is(200);
        Assert.Equal((1, 1), (seen.Total, seen.Entries.Length));
        Assert.Equal("W/\"2\"", seen.Entries[0]["response"]!["etag"]!.GetValue<string>());
        Assert.Equal(2, (await _gateway.Get(Hospital, $"Condition/{first.Id}/_history")).Is(200).Total);
        Assert.Equal(1, (await _gateway.Get(Clinic, "Condition/_history")).Is(200).Entries.Count(e => e["resource"]!["id"]!.GetValue<string>() == first.Id));
    }

    [Fact]
    public async Task A_type_and_the_system_show_permitted_patients_only()
    {
        var seen = (await _gateway.Get(Clinic, "Patient/_history")).Is(200);
        Assert.Contains(SmallHospital.Open, seen.Ids);
        Assert.DoesNotContain(SmallHospital.Closed, seen.Ids);
        Assert.Contains(SmallHospital.Closed, (await _gateway.Get(Hospital, "Patient/_history?_count=500")).Is(200).Text, StringComparison.Ordinal);

        var system = (await _gateway.Get(Clinic, "_history?_count=500")).Is(200);
        Assert.Contains("pulse-" + SmallHospital.Open, system.Ids);
        Assert.Contains("doctor", system.Ids);
        Assert.DoesNotContain(SmallHospital.Closed, system.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(system.Entries, e => e["request"]!["url"]!.GetValue<string>().StartsWith("Consent", StringComparison.Ordinal));

        var nothing = (await _gateway.Get(Stranger, "Patient/_history")).Is(200);
        Assert.Equal((0, 2u), (nothing.Total, nothing.Growth));
    }

    [Fact]
    public async Task A_token_for_one_type_sees_that_type_in_the_system_and_no_other_history()
    {
        var token = (await _gateway.RequestToken(Hospital, "system/Observation.rs")).Is(200).Json["access_token"]!.GetValue<string>();
        async Task<Answer> Get(string path)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/fhir/" + path);
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
            return await _gateway.Send(request);
        }

        var system = (await Get("_history?_count=500")).Is(200);
        Assert.NotEqual(0, system.Total);
        Assert.All(system.Entries, e => Assert.Contains("/fhir/Observation/", e["fullUrl"]!.GetValue<string>(), StringComparison.Ordinal));
        (await Get("Practitioner/_history")).IsFault(403, "forbidden");
        (await Get("Practitioner/doctor/_history")).IsFault(403, "forbidden");
    }

    [Fact]
    public async Task A_deleted_record_stays_in_the_history_of_its_type_for_its_keeper()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Shortlived"))).Is(201).Id;
        (await _gateway.Delete(Hospital, "Patient/" + patient)).Is(204);
        var entries = (await _gateway.Get(Hospital, "Patient/_history?_count=500")).Is(200).Entries.Where(e => e["fullUrl"]!.GetValue<string>().EndsWith(patient, StringComparison.Ordinal)).ToList();
        Assert.Equal(["DELETE", "POST"], entries.Select(e => e["request"]!["method"]!.GetValue<string>()));
        Assert.DoesNotContain(patient, (await _gateway.Get(Stranger, "Patient/_history?_count=500")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Since_and_at_choose_by_time_and_pages_stay_as_the_first_one_saw_them()
    {
        await using var gateway = await TestGateway.Start(new TestClock() is var clock ? clock : null);
        (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Paged"))).Is(201);
        var start = clock.GetUtcNow();
        for (var i = 1; i <= 4; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Paged" + i))).Is(200);
        }

        async Task<string> Versions(string query) => string.Join(
            ' ', (await gateway.Get(Hospital, query.StartsWith("http", StringComparison.Ordinal) ? query : "Patient/p/_history" + query)).Is(200).Entries.Select(e => e["resource"]!["meta"]!["versionId"]!.GetValue<string>()));
        string At(int seconds) => start.AddSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        Assert.Equal("5 4 3 2 1", await Versions(""));
        Assert.Equal("5 4", await Versions("?_since=" + At(3)));
        Assert.Equal("3", await Versions("?_at=" + At(2)));
        Assert.Equal("5", await Versions("?_at=" + At(60)));
        Assert.Equal("", await Versions("?_at=" + At(-1)));
        Assert.Equal("5 4 3 2 1", await Versions($"?_at={start:yyyy-MM-dd}"));
        Assert.Equal("5 4", await Versions($"?_since={Uri.EscapeDataString(start.AddSeconds(3).ToOffset(TimeSpan.FromHours(2)).ToString("yyyy-MM-dd'T'HH:mm:sszzz"))}"));

        var empty = (await gateway.Get(Hospital, "Patient/p/_history?_since=2100-01-01")).Is(200);
        Assert.Equal((0, 2u), (empty.Total, empty.Growth));
        var counted = (await gateway.Get(Hospital, "Patient/p/_history?_count=0")).Is(200);
        Assert.Equal((5, 0), (counted.Total, counted.Entries.Length));

        foreach (var path in new[] { "Patient/p/_history", "Patient/_history", "_history" })
        {
            var page = (await gateway.Get(Hospital, path + "?_count=2")).Is(200);
            clock.Advance(TimeSpan.FromSeconds(1));
            (await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Meanwhile"))).Is(200);
            var total = page.Total;
            var seen = page.Entries.Length;
            while (page.Link("next") is { } next)
            {
                page = (await gateway.Get(Hospital, next)).Is(200);
                Assert.Equal(total, page.Total);
                seen += page.Entries.Length;
            }

            Assert.Equal(total, seen);
        }
    }

    [Theory]
    [InlineData("_sort=-_lastUpdated", "not-supported")]
    [InlineData("_list=a", "not-supported")]
    [InlineData("zebedee=1", "not-supported")]
    [InlineData("_since=Zebedee", "value")]
    [InlineData("_at=2026-13-40", "value")]
    [InlineData("_count=-1", "value")]
    [InlineData("_count=1&_count=2", "value")]
    [InlineData("_cursor=AAAA", "value")]
    public async Task What_a_history_does_not_take_is_refused_before_anything_is_looked_at(string query, string code)
    {
        foreach (var path in new[] { "_history", "Patient/_history", $"Patient/{SmallHospital.Open}/_history" })
        {
            var answer = (await _gateway.Get(Hospital, $"{path}?{query}")).IsFault(400, code, "Zebedee");
            Assert.Equal(0u, answer.Growth);
        }
    }

    [Fact]
    public async Task A_withdrawn_consent_empties_the_next_page()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Withdrawing"))).Is(201).Id;
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
        (await _gateway.Put(Hospital, "Patient/" + patient, Records.Patient(patient, "Withdrawing"))).Is(200);
        var page = (await _gateway.Get(Clinic, $"Patient/{patient}/_history?_count=1")).Is(200);
        Assert.Equal(2, page.Total);
        (await _gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
        (await _gateway.Get(Clinic, page.Link("next")!)).IsFault(404, "not-found");
        Assert.DoesNotContain(patient, (await _gateway.Get(Clinic, "Patient/_history?_count=500")).Is(200).Text, StringComparison.Ordinal);
    }
}
