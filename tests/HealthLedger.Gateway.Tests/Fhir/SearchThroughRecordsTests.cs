// http://hl7.org/fhir/R4/search.html#chaining, #has, #include, #filter, #errors, #list; http.html#search for compartments and all types. What a search looks through is decided by consent
// before it is matched (docs/threats.md, "Asking through other records").
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class SearchThroughRecordsTests(SmallHospital hospital) : IClassFixture<SmallHospital>, IAsyncLifetime
{
    private readonly TestGateway _gateway = hospital.Gateway;

    async Task IAsyncLifetime.InitializeAsync()
    {
        if ((await _gateway.Get(Hospital, "Encounter/visit")).Status == 200)
        {
            return;
        }

        // One patient whom the clinic may see, and one whom it may not; records of each lead to the other's.
        foreach (var (patient, family) in new[] { ("anna", "Annable"), ("bert", "Bertrand") })
        {
            (await _gateway.Put(Hospital, "Patient/" + patient, Records.Patient(patient, family).With("generalPractitioner", new JsonArray(Records.Reference("Practitioner/doctor"))))).Is(201);
        }

        (await _gateway.Put(Hospital, "Encounter/visit", Records.Encounter("visit", "anna"))).Is(201);
        (await _gateway.Put(Hospital, "Encounter/later", Records.Encounter("later", "anna").With("partOf", Records.Reference("Encounter/visit")))).Is(201);
        (await _gateway.Put(Hospital, "Observation/pulse", Linked("pulse", "anna", 61, "Encounter/later"))).Is(201);
        (await _gateway.Put(Hospital, "Observation/panel", Linked("panel", "anna", 62, "Encounter/visit", "Observation/pulse", "Observation/secret"))).Is(201);
        (await _gateway.Put(Hospital, "Observation/secret", Linked("secret", "bert", 99, "Encounter/visit", "Observation/pulse"))).Is(201);
        (await _gateway.Put(Hospital, "List/watched", Records.List("watched", "anna", "Observation/pulse", "Observation/secret"))).Is(201);
        (await _gateway.Put(Hospital, "Provenance/origin", Records.Provenance("origin", "Patient/anna", "Observation/panel"))).Is(201);
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, "anna", Records.Permit()))).Is(201);
    }

    Task IAsyncLifetime.DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("Observation?subject:Patient.family=Annable", "panel pulse")]
    [InlineData("Observation?subject.family=annable&value-quantity=61", "pulse")]
    [InlineData("Observation?subject:Patient.family=Bertrand", "")]
    [InlineData("Observation?patient.general-practitioner.family=Doctorow&patient=anna", "panel pulse")]
    [InlineData("Observation?encounter:Encounter.part-of:Encounter.status=finished", "pulse")]
    [InlineData("Observation?has-member:Observation.value-quantity=61", "panel")]
    [InlineData("Observation?has-member:Observation.value-quantity=99", "")]
    [InlineData("Encounter?_has:Observation:encounter:value-quantity=62", "visit")]
    [InlineData("Encounter?_has:Observation:encounter:value-quantity=99", "")]
    [InlineData("Patient?_has:Observation:patient:_has:Provenance:target:recorded=ge2026", "anna")]
    [InlineData("Patient?_has:Observation:patient:value-quantity=99", "")]
    [InlineData("Observation?_has:Observation:has-member:status=final", "pulse")]
    [InlineData("Observation?_has:Observation:has-member:_id=secret", "")]
    [InlineData("Practitioner?_has:Patient:general-practitioner:family=Annable", "doctor")]
    [InlineData("Practitioner?_has:Patient:general-practitioner:family=Bertrand", "")]
    [InlineData("Observation?_list=watched", "pulse")]
    [InlineData("Observation?_filter=value-quantity gt 61 and subject:Patient.family sw ann", "panel")]
    [InlineData("Observation?_filter=not (has-member pr true) and patient re Patient/anna", "pulse")]
    [InlineData("Observation?patient=anna&_filter=not (has-member.value-quantity eq 99)", "panel pulse")]
    [InlineData("Observation?patient=anna&_filter=(value-quantity eq 61 or value-quantity eq 99) and code eq http://loinc.org|8867-4", "pulse")]
    [InlineData("Encounter?part-of:below=visit", "later")]
    [InlineData("Patient/anna/Observation", "panel pulse")]
    [InlineData("Patient/anna/Observation?value-quantity=61", "pulse")]
    [InlineData("Patient/bert/Observation", "")]
    [InlineData("Patient/anna/*?_type=Encounter,List", "later visit watched")]
    [InlineData("Encounter/visit/Observation", "panel")]
    [InlineData("Encounter/absent/Observation", "")]
    [InlineData("?_type=Encounter,List&_lastUpdated=ge2026", "later visit watched")]
    [InlineData("?_id=pulse,anna,bert,secret", "anna pulse")]
    [InlineData("Patient?_content=Annable", "anna")]
    [InlineData("Patient?_content=bertrand or annable and not zebedee", "anna")]
    public async Task What_leads_to_hidden_records_or_comes_from_them_finds_as_if_they_were_not_there(string search, string found)
    {
        var answer = (await _gateway.Get(Clinic, search)).Is(200);
        Assert.Equal(found, string.Join(' ', answer.Ids.Order(StringComparer.Ordinal)));
        Assert.Equal(answer.Ids.Length, answer.Total);
        Assert.All(answer.Entries, e => Assert.Equal("match", e["search"]!["mode"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("Observation?_id=panel&_include=Observation:subject", "Patient/anna")]
    [InlineData("Observation?_id=panel&_include=Observation:has-member", "Observation/pulse")]
    [InlineData("Observation?_id=panel&_include=Observation:encounter&_include=Observation:patient", "Encounter/visit Patient/anna")]
    [InlineData("Observation?_id=panel&_include=Observation:has-member&_include:iterate=Observation:encounter", "Encounter/later Encounter/visit Observation/pulse")]
    [InlineData("Observation?_id=panel&_include:iterate=Observation:has-member&_include:iterate=Observation:encounter&_include:iterate=Encounter:part-of", "Encounter/later Encounter/visit Observation/pulse")]
    [InlineData("Observation?_id=panel&_include=Observation:subject:Group", "")]
    [InlineData("Observation?_id=panel&_include=Observation:*", "Encounter/visit Observation/pulse Patient/anna")]
    [InlineData("Observation?_id=pulse&_include=*", "Encounter/later Patient/anna")]
    [InlineData("Observation?_id=pulse&_revinclude=Observation:has-member", "Observation/panel")]
    [InlineData("Observation?_id=panel&_revinclude=Provenance:target", "Provenance/origin")]
    [InlineData("Encounter?_id=visit&_revinclude=Observation:encounter", "Observation/panel")]
    [InlineData("Encounter?_id=visit&_revinclude=Observation:encounter&_revinclude:iterate=Provenance:target", "Observation/panel Provenance/origin")]
    [InlineData("Encounter?_id=visit&_revinclude=*", "Encounter/later Observation/panel")]
    [InlineData("Patient?_id=anna&_revinclude=Encounter:patient&_include=Patient:general-practitioner", "Encounter/later Encounter/visit Practitioner/doctor")]
    [InlineData("Patient?_id=bert&_revinclude=Encounter:patient&_include=*", "")]
    [InlineData("Practitioner?_id=doctor&_revinclude=Patient:general-practitioner", "Patient/anna")]
    public async Task An_include_brings_along_what_the_caller_may_see_each_once(string search, string brought)
    {
        var answer = (await _gateway.Get(Clinic, search)).Is(200);
        Assert.Equal(brought, string.Join(' ', Brought(answer)));
        Assert.Equal(answer.Total, answer.Entries.Count(e => e["search"]!["mode"]!.GetValue<string>() == "match"));
    }

    [Fact]
    public async Task The_ledger_names_what_was_included_and_costs_one_entry_for_each_patient()
    {
        var alone = (await _gateway.Get(Clinic, "Observation?_id=panel")).Is(200);
        var more = (await _gateway.Get(Clinic, "Observation?_id=panel&_include=*&_revinclude=*")).Is(200);
        Assert.Equal(alone.Growth, more.Growth);
        Assert.NotEmpty(Brought(more));
        var none = (await _gateway.Get(Clinic, "Observation?_id=secret&_include=*&_revinclude=*")).Is(200);
        var absent = (await _gateway.Get(Clinic, "Observation?_id=absent&_include=*&_revinclude=*")).Is(200);
        Assert.Equal(absent.Growth, none.Growth);
    }

    [Fact]
    public async Task A_withdrawal_closes_chains_and_includes_with_the_next_request()
    {
        (await _gateway.Put(Hospital, "Patient/carl", Records.Patient("carl", "Carlyle"))).Is(201);
        (await _gateway.Put(Hospital, "Observation/of-carl", Linked("of-carl", "carl", 50, null))).Is(201);
        (await _gateway.Put(Hospital, "Observation/to-carl", Linked("to-carl", "anna", 51, null, "Observation/of-carl"))).Is(201);
        var consent = (await _gateway.Post(Hospital, "Consent", Records.Consent(null, "carl", Records.Permit()))).Is(201).Id;
        foreach (var permitted in new[] { true, false })
        {
            Assert.Equal(permitted ? 1 : 0, (await _gateway.Get(Clinic, "Observation?patient=anna&has-member:Observation.value-quantity=50")).Is(200).Total);
            Assert.Equal(permitted ? ["Observation/of-carl"] : [], Brought((await _gateway.Get(Clinic, "Observation?_id=to-carl&_include=Observation:has-member")).Is(200)));
            if (permitted)
            {
                (await _gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
            }
        }

        (await _gateway.Delete(Hospital, "Observation/to-carl")).Is(204);
    }

    /// <summary>What a patient's records tell of others' is told on that patient's chain, though none of them is shown.</summary>
    [Fact]
    public async Task A_patient_whose_record_made_another_match_gets_an_entry()
    {
        var without = (await _gateway.Get(Clinic, "Practitioner?_id=doctor")).Is(200);
        var through = (await _gateway.Get(Clinic, "Practitioner?_id=doctor&_has:Patient:general-practitioner:family=Annable")).Is(200);
        Assert.Equal(["doctor"], through.Ids);
        Assert.Equal(without.Growth + 1, through.Growth);
    }

    [Fact]
    public async Task A_lenient_search_leaves_out_what_it_does_not_know_and_says_so()
    {
        var strict = await _gateway.Get(Clinic, "Observation?patient=anna&zebedee=1");
        strict.IsFault(400, "not-supported");
        (await _gateway.Get(Clinic, "Observation?patient=anna&zebedee=1", ("Prefer", "handling=strict"))).IsFault(400, "not-supported");
        var answer = (await _gateway.Get(Clinic, "Observation?patient=anna&zebedee=1&_count=1", ("Prefer", "return=minimal, handling=lenient"))).Is(200);
        Assert.DoesNotContain("zebedee", answer.Link("self"), StringComparison.Ordinal);
        Assert.Contains("patient=anna", answer.Link("self"), StringComparison.Ordinal);
        var outcome = answer.Entries.Single(e => e["search"]!["mode"]!.GetValue<string>() == "outcome")["resource"]!;
        Assert.Equal(("warning", "not-supported"), (outcome["issue"]![0]!["severity"]!.GetValue<string>(), outcome["issue"]![0]!["code"]!.GetValue<string>()));
        Assert.Contains("zebedee", outcome["issue"]![0]!["diagnostics"]!.GetValue<string>(), StringComparison.Ordinal);
        (await _gateway.Get(Clinic, answer.Link("next")!)).Is(200);
        (await _gateway.Get(Clinic, "Observation?date=zebedee", ("Prefer", "handling=lenient"))).IsFault(400, "value");
        var several = (await _gateway.Get(Clinic, "?_type=Patient,Observation&family=Annable", ("Prefer", "handling=lenient"))).Is(200);
        Assert.DoesNotContain("family", several.Link("self"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_deleted_between_two_pages_shifts_no_other_out()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Shifted"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        for (var i = 0; i < 9; i++)
        {
            (await _gateway.Post(Hospital, "Observation", Records.Observation(null, patient, value: i, date: $"2026-04-{1 + (i % 3):00}"))).Is(201);
        }

        foreach (var sort in new[] { "", "&_sort=-date", "&_sort=value-quantity,status" })
        {
            var all = (await _gateway.Get(Clinic, $"Observation?patient={patient}{sort}")).Is(200).Ids;
            var first = (await _gateway.Get(Clinic, $"Observation?patient={patient}{sort}&_count=4")).Is(200);
            (await _gateway.Delete(Hospital, "Observation/" + first.Ids[1])).Is(204);
            (await _gateway.Delete(Hospital, "Observation/" + first.Ids[3])).Is(204);
            var second = (await _gateway.Get(Clinic, first.Link("next")!)).Is(200);
            Assert.Equal(all, first.Ids.Concat(second.Ids).Concat(second.Link("next") is { } next ? (await _gateway.Get(Clinic, next)).Is(200).Ids : []));
        }
    }

    [Fact]
    public async Task More_includes_than_a_page_may_bring_are_cut_and_the_answer_says_so()
    {
        var patient = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Manifold"))).Is(201).Id;
        (await _gateway.Post(Hospital, "", Records.Bundle("transaction", [.. Enumerable.Range(0, 1_001).Select(i => Records.Entry("POST", "Observation", Records.Observation(null, patient)))]))).Is(200);
        var answer = (await _gateway.Get(Hospital, $"Patient?_id={patient}&_revinclude=Observation:patient")).Is(200);
        Assert.Equal(1_000, Brought(answer).Count());
        Assert.Equal(1, answer.Total);
        var outcome = Assert.Single(answer.Entries, e => e["search"]!["mode"]!.GetValue<string>() == "outcome");
        Assert.Equal("too-costly", outcome["resource"]!["issue"]![0]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_token_that_does_not_cover_a_type_neither_looks_through_it_nor_includes_it()
    {
        var token = (await _gateway.RequestToken(Clinic, "system/Observation.rs")).Is(200).Json["access_token"]!.GetValue<string>();
        foreach (var (search, lacking) in new[]
        {
            ("Observation?subject:Patient.family=Annable", "searching Patient, which this query looks through"), ("Observation?_has:Provenance:target:recorded=ge2000", "searching Provenance,"),
            ("Observation?_list=watched", "searching List,"), ("Observation?_filter=encounter.status eq finished", "Encounter"),
            ("Observation?_filter=subject:Patient[gender eq female].name co x", "searching Patient,"), ("Observation?subject.name=x", "searching Patient or Location,"),
            ("Patient?family=Annable", "searching Patient."), ("?_type=Observation,Patient", "searching Patient, which _type names"),
        })
        {
            Assert.Contains(lacking, (await GetWith(token, search)).IsFault(403, "forbidden").Text, StringComparison.Ordinal);
        }

        var answer = (await GetWith(token, "Observation?_id=panel&_include=*&_revinclude=*")).Is(200);
        Assert.Equal(["Observation/pulse"], Brought(answer));
        (await GetWith(token, "?_type=Observation,Patient")).IsFault(403, "forbidden");
        (await GetWith(token, "Patient/anna/Encounter")).IsFault(403, "forbidden");
        Assert.Equal(["panel", "pulse"], (await GetWith(token, "Patient/anna/*")).Is(200).Ids.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("_search", "_type=Encounter&status=finished")]
    [InlineData("Patient/anna/Encounter/_search", "status=finished")]
    [InlineData("Patient/anna/*/_search", "_type=Encounter&status=finished")]
    public async Task A_search_of_any_place_can_be_posted(string path, string form)
    {
        var answer = (await _gateway.SendBytes(Clinic, "POST", path, Encoding.ASCII.GetBytes(form), "application/x-www-form-urlencoded")).Is(200);
        Assert.Equal(["later", "visit"], answer.Ids.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Searches_of_all_kinds_stand_in_a_batch()
    {
        var answer = (await _gateway.Post(Clinic, "", Records.Bundle("batch",
            Records.Entry("GET", "Patient/anna/Encounter?_sort=_id"), Records.Entry("GET", "?_type=Encounter&_sort=-_id"), Records.Entry("GET", "Observation?_id=panel&_include=Observation:subject")))).Is(200);
        string[] Ids(int at) => [.. answer.Entries[at]["resource"]!["entry"]!.AsArray().Select(e => e!["resource"]!["id"]!.GetValue<string>())];
        Assert.Equal(["later", "visit"], Ids(0));
        Assert.Equal(["visit", "later"], Ids(1));
        Assert.Equal(["panel", "anna"], Ids(2));
    }

    private Task<Answer> GetWith(string token, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fhir/" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("X-Purpose-Of-Use", "TREAT");
        return _gateway.Send(request);
    }

    private static IEnumerable<string> Brought(Answer answer) => answer.Entries
        .Where(e => e["search"]!["mode"]!.GetValue<string>() == "include")
        .Select(e => $"{e["resource"]!["resourceType"]}/{e["resource"]!["id"]}").Order(StringComparer.Ordinal);

    private static JsonObject Linked(string id, string patient, decimal value, string? encounter, params string[] members)
    {
        var record = Records.Observation(id, patient, value: value);
        if (encounter is not null)
        {
            record["encounter"] = Records.Reference(encounter);
        }

        return members.Length == 0 ? record : record.With("hasMember", new JsonArray([.. members.Select(Records.Reference)]));
    }
}
