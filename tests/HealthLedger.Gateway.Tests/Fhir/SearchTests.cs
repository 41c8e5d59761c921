// http://hl7.org/fhir/R4/search.html: paging, totals, summaries, POST _search; page links are sealed, bound to caller, purpose and search, decided anew.
using System.Text;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class SearchTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Theory]
    [InlineData("")]
    [InlineData("&_sort=-date")]
    [InlineData("&_sort=status,_lastUpdated")]
    public async Task Pages_hold_all_records_once_and_in_order(string sort)
    {
        var patient = await Patient(consent: true, observations: 11);
        var search = $"Observation?patient={patient}{sort}";
        var all = (await _gateway.Get(Clinic, search)).Is(200).Ids;
        Assert.Equal(11, all.Length);

        var paged = new List<string>();
        for (string? next = search + "&_count=3"; next is not null;)
        {
            var page = (await _gateway.Get(Clinic, next)).Is(200);
            Assert.Equal(11, page.Total);
            Assert.InRange(page.Ids.Length, 1, 3);
            Assert.NotNull(page.Link("self"));
            paged.AddRange(page.Ids);
            next = page.Link("next");
        }

        Assert.Equal(all, paged);
    }

    // http://hl7.org/fhir/R4/search.html#3.1.1.3
    [Theory]
    [InlineData("Patient?gender=&_id=open")]
    [InlineData("Patient?_id=open&name=&name:exact=&_has:Observation:patient:code=&zebedee=")]
    [InlineData("Patient?_id=open&_sort=&_count=&_include=&_revinclude=&_total=&_summary=&_elements=&_filter=&_list=")]
    [InlineData("?_type=Patient&_id=open&_type=&gender")]
    public async Task Parameters_without_a_value_are_ignored_and_left_out_of_self(string query)
    {
        query = query.Replace("=open", "=" + SmallHospital.Open, StringComparison.Ordinal);
        var answer = (await _gateway.Get(Clinic, query)).Is(200);
        Assert.Equal([SmallHospital.Open], answer.Ids);
        Assert.EndsWith(query[0] == '?' ? $"?_type=Patient&_id={SmallHospital.Open}" : $"Patient?_id={SmallHospital.Open}", answer.Link("self"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_written_after_the_first_page_is_no_part_of_the_search()
    {
        var patient = await Patient(consent: true, observations: 4);
        var first = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=2")).Is(200);
        hospital.Clock.Advance(TimeSpan.FromSeconds(1));
        var late = (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201).Id;
        var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
        Assert.Null(second.Link("next"));
        Assert.Equal(4, first.Ids.Union(second.Ids).Count());
        Assert.DoesNotContain(late, first.Ids.Union(second.Ids));
    }

    [Fact]
    public async Task A_record_changed_between_two_pages_pushes_no_other_out()
    {
        var patient = await Patient(consent: true, observations: 4);
        var first = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=2")).Is(200);
        hospital.Clock.Advance(TimeSpan.FromSeconds(1));
        (await _gateway.Put(Hospital, "Observation/" + first.Ids[0], Records.Observation(first.Ids[0], patient, value: 1))).Is(200);
        var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
        Assert.Equal(4, first.Ids.Union(second.Ids).Count());
        Assert.Equal(4, second.Total);
    }

    [Fact]
    public async Task A_page_link_is_for_its_caller_its_purpose_and_its_search_alone()
    {
        var patient = await Patient(consent: true, observations: 4);
        var next = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=2")).Is(200).Link("next")!;
        (await _gateway.Get(Hospital, next)).IsFault(400, "value");
        (await _gateway.Get(Stranger, next)).IsFault(400, "value");
        (await _gateway.Get(Clinic, next, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "a reason"))).IsFault(400, "value");
        (await _gateway.Get(Clinic, next.Replace("_count=2", "_count=3", StringComparison.Ordinal))).IsFault(400, "value");
        (await _gateway.Get(Clinic, next.Replace("/Observation?", "/Condition?", StringComparison.Ordinal))).IsFault(400, "value");
        (await _gateway.Get(Clinic, next + "&status=final")).IsFault(400, "value");
        (await _gateway.Get(Clinic, next[..^2])).IsFault(400, "value");
        (await _gateway.Get(Clinic, next + "&" + next[next.IndexOf("_cursor", StringComparison.Ordinal)..])).IsFault(400, "value");
        (await _gateway.Get(Clinic, next)).Is(200);
    }

    [Fact]
    public async Task A_page_after_a_withdrawal_shows_nothing_of_the_patient()
    {
        var patient = await Patient(consent: false, observations: 4);
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id;
        var first = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=2")).Is(200);
        Assert.Equal(2, first.Ids.Length);
        (await _gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
        var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
        Assert.Empty(second.Ids);
        Assert.Equal(0, second.Total);
        Assert.Null(second.Link("next"));
    }

    [Fact]
    public async Task Totals_and_summaries_are_as_asked()
    {
        var patient = await Patient(consent: true, observations: 3);
        Assert.Null((await _gateway.Get(Clinic, $"Observation?patient={patient}&_total=none")).Is(200).Total);
        Assert.Equal(3, (await _gateway.Get(Clinic, $"Observation?patient={patient}&_total=accurate&_count=1")).Is(200).Total);
        foreach (var countOnly in new[] { "_summary=count", "_count=0" })
        {
            var answer = (await _gateway.Get(Clinic, $"Observation?patient={patient}&{countOnly}")).Is(200);
            Assert.Equal(3, answer.Total);
            Assert.Empty(answer.Entries);
            Assert.Null(answer.Link("next"));
        }
    }

    [Theory]
    [InlineData("_summary=count&_total=none")]
    [InlineData("_count=0&_total=none")]
    [InlineData("_summary=count&_count=0")]
    [InlineData("_summary=count&_count=2&_total=accurate")]
    [InlineData("_summary=count&_count=0&_total=none&_include=Observation:patient")]
    public async Task Who_asks_for_nothing_but_the_count_gets_the_count(string asked)
    {
        var patient = await Patient(consent: true, observations: 3);
        var answer = (await _gateway.Get(Clinic, $"Observation?patient={patient}&{asked}")).Is(200);
        Assert.Equal(3, answer.Total);
        Assert.Empty(answer.Entries);
        Assert.Null(answer.Link("next"));
    }

    [Theory]
    [InlineData("_format=json", "_format=json")]
    [InlineData("_pretty=true&_format=application/fhir%2Bjson", "_format=application%2Ffhir%2Bjson&_pretty=true")]
    [InlineData("_pretty=false", "_pretty=false")]
    public async Task Links_carry_on_the_form_that_was_asked_for(string form, string carried)
    {
        var patient = await Patient(consent: true, observations: 5);
        foreach (var path in new[] { $"Observation?patient={patient}&_count=2", "Observation/_history?_count=2", $"Patient/{patient}/$everything?_count=2", $"Observation/$lastn?patient={patient}&max=5&_count=2" })
        {
            var first = (await _gateway.Get(Clinic, $"{path}&{form}")).Is(200);
            Assert.EndsWith(carried, first.Link("self"), StringComparison.Ordinal);
            Assert.Contains(carried + "&_cursor=", first.Link("next"), StringComparison.Ordinal);
            var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
            Assert.Equal(first.Link("next"), second.Link("self"));
            Assert.Equal(carried.Contains("_pretty=true", StringComparison.Ordinal), second.Text.Contains("\n", StringComparison.Ordinal));
        }

        var posted = (await _gateway.SendBytes(Clinic, "POST", "Observation/_search", System.Text.Encoding.ASCII.GetBytes($"patient={patient}&_count=2&{form}"), "application/x-www-form-urlencoded")).Is(200);
        Assert.EndsWith(carried, posted.Link("self"), StringComparison.Ordinal);
        Assert.Contains(carried, posted.Link("next"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_page_names_itself()
    {
        var patient = await Patient(consent: true, observations: 5);
        var first = (await _gateway.Get(Clinic, $"Observation?patient={patient}&_count=2")).Is(200);
        Assert.DoesNotContain("_cursor", first.Link("self"), StringComparison.Ordinal);
        var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
        Assert.Equal(first.Link("next"), second.Link("self"));
        Assert.Equal(second.Ids, (await _gateway.Get(Clinic, second.Link("self")!)).Is(200).Ids);
        var third = (await _gateway.Get(Clinic, second.Link("next")!)).Is(200);
        Assert.Equal(second.Link("next"), third.Link("self"));
    }

    [Fact]
    public async Task A_composite_sorts_by_its_parts_and_over_pages()
    {
        var patient = await Patient(consent: true, observations: 0);
        foreach (var value in new[] { 70, 50, 90, 60, 80 })
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: value))).Is(201);
        }

        foreach (var (sort, expected) in new[] { ("code-value-quantity", new[] { 50, 60, 70, 80, 90 }), ("-code-value-quantity", [90, 80, 70, 60, 50]) })
        {
            var values = new List<int>();
            for (string? next = $"Observation?patient={patient}&_sort={sort}&_count=2"; next is not null;)
            {
                var page = (await _gateway.Get(Clinic, next)).Is(200);
                values.AddRange(page.Entries.Select(e => e["resource"]!["valueQuantity"]!["value"]!.GetValue<int>()));
                next = page.Link("next");
            }

            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public async Task A_search_by_form_finds_the_same()
    {
        var patient = await Patient(consent: true, observations: 3);
        var byUrl = (await _gateway.Get(Clinic, $"Observation?patient={patient}&status=final")).Is(200);
        var byForm = (await _gateway.SendBytes(Clinic, "POST", "Observation/_search", Encoding.ASCII.GetBytes($"patient={patient}&status=final"), "application/x-www-form-urlencoded")).Is(200);
        var byBoth = (await _gateway.SendBytes(Clinic, "POST", $"Observation/_search?patient={patient}", "status=final"u8.ToArray(), "application/x-www-form-urlencoded")).Is(200);
        Assert.Equal(byUrl.Body, byForm.Body);
        Assert.Equal(byUrl.Body, byBoth.Body);
        Assert.Equal(3, byForm.Total);
    }

    [Theory]
    [InlineData("family=SEARCHABLE", 1)]
    [InlineData("family=Search", 1)]
    [InlineData("family:exact=Search", 0)]
    [InlineData("name:contains=archab", 1)]
    [InlineData("identifier=urn:mrn|mrn-Searchable", 1)]
    [InlineData("identifier=urn:other|mrn-Searchable", 0)]
    [InlineData("birthdate=1933-02-01&gender=other", 1)]
    [InlineData("birthdate=ge1933&birthdate=lt1934&gender=other", 1)]
    [InlineData("gender=other,unknown", 1)]
    [InlineData("gender:not=other&family=Searchable", 0)]
    [InlineData("_id=searchable", 1)]
    [InlineData("_id=searchable&family=Someoneelse", 0)]
    public async Task A_record_is_found_by_what_it_says(string query, int found)
    {
        await _gateway.Put(Hospital, "Patient/searchable", Records.Patient("searchable", "Searchable", "other", "1933-02-01"));
        var answer = (await _gateway.Get(Hospital, "Patient?" + query)).Is(200);
        Assert.Equal(found, answer.Total);
        Assert.Equal(found, answer.Ids.Length);
    }

    private async Task<string> Patient(bool consent, int observations)
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Paged"))).Is(201).Id;
        for (var i = 0; i < observations; i++)
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: i, date: $"2026-04-{1 + (i * 7 % 28):00}"))).Is(201);
        }

        if (consent)
        {
            (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        }

        return patient;
    }
}
