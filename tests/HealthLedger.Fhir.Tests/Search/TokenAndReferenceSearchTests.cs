// R4 search: http://hl7.org/fhir/R4/search.html#token, #reference, #modifiers, #missing, #escaping
using System.Text.Json;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class TokenAndReferenceSearchTests
{
    private const string Observation = """
        {"resourceType":"Observation","id":"o1","status":"final",
         "code":{"coding":[{"system":"http://loinc.org","code":"8302-2"},{"code":"local,1"}],"text":"Height"},
         "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
         "identifier":[{"system":"urn:x","value":"A|1"},{"value":"bare"}],
         "subject":{"reference":"Patient/p1","identifier":{"system":"urn:mrn","value":"77"}},
         "encounter":{"reference":"http://localhost:5080/fhir/Encounter/e1/_history/3"},
         "performer":[{"reference":"Practitioner/d1"},{"reference":"https://other.example/fhir/Organization/9"},{"reference":"#c"},{"display":"nobody"}]}
        """;

    [Theory]
    [InlineData("code=8302-2", true)]
    [InlineData("code=http://loinc.org|8302-2", true)]
    [InlineData("code=http://snomed.info/sct|8302-2", false)]
    [InlineData("code=|8302-2", false)]
    [InlineData("code=http://loinc.org|", true)]
    [InlineData("code=http://snomed.info/sct|", false)]
    [InlineData(@"code=|local\,1", true)]
    [InlineData("code=local,1", false)]
    [InlineData("code=9,8302-2", true)]
    [InlineData("code=9,10", false)]
    [InlineData("code=8302-2&code=http://loinc.org|", true)]
    [InlineData("code=8302-2&code=9", false)]
    [InlineData("category=VITAL-SIGNS", true)]
    [InlineData(@"identifier=urn:x|A\|1", true)]
    [InlineData("identifier=|bare", true)]
    [InlineData("identifier=urn:x|bare", false)]
    [InlineData("code:not=8302-2", false)]
    [InlineData("code:not=9", true)]
    [InlineData("code:not=9,8302-2", false)]
    [InlineData("method:not=9", true)]
    public void A_token_matches_by_its_code_its_system_or_both(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Observation));

    [Theory]
    [InlineData("status=final", true)]
    [InlineData("status=http://hl7.org/fhir/observation-status|final", true)]
    [InlineData("status=|final", true)]
    [InlineData("status=http://x|final", false)]
    public void A_bare_code_has_the_system_of_its_binding(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Observation));

    [Theory]
    [InlineData("subject=Patient/p1", true)]
    [InlineData("subject=p1", true)]
    [InlineData("subject:Patient=p1", true)]
    [InlineData("subject:Group=p1", false)]
    [InlineData("subject=Group/p1", false)]
    [InlineData("patient=p1", true)]
    [InlineData("patient=Patient/p2,Patient/p1", true)]
    [InlineData("subject=http://localhost:5080/fhir/Patient/p1", true)]
    [InlineData("subject=http://other.example/fhir/Patient/p1", false)]
    [InlineData("encounter=Encounter/e1", true)]
    [InlineData("encounter=Encounter/e1/_history/9", true)]
    [InlineData("performer=https://other.example/fhir/Organization/9", true)]
    [InlineData("performer=Organization/9", false)]
    [InlineData("performer=9", false)]
    [InlineData("performer=c", false)]
    [InlineData("subject:identifier=urn:mrn|77", true)]
    [InlineData("subject:identifier=urn:mrn|78", false)]
    [InlineData("performer:identifier=77", false)]
    public void A_reference_matches_by_id_type_and_id_or_address(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Observation));

    [Theory]
    [InlineData("Patient/p1", true)]
    [InlineData("Patient/p1/_history/2", true)]
    [InlineData("Patient/p1#x", true)]
    [InlineData("http://localhost:5080/fhir/Patient/p1", true)]
    [InlineData("http://localhost:5080/fhir/Patient/p1/_history/2", true)]
    [InlineData("/Patient/p1", false)]
    [InlineData("x/Patient/p1", false)]
    [InlineData("Patient/p1/", false)]
    [InlineData("Patient/p1/_history/", false)]
    [InlineData("Patient/p1/_history/a_b", false)]
    [InlineData("http://localhost:5080/fhir/Patient/p1/_history/", false)]
    [InlineData("http://localhost:5080/fhir/x/Patient/p1", false)]
    [InlineData("https://localhost:5080/fhir/Patient/p1", false)]
    [InlineData("ftp://localhost:5080/fhir/Patient/p1", false)]
    [InlineData("Patient?id=Patient/p1", false)]
    [InlineData("urn:uuid:Patient/p1", false)]
    [InlineData("#Patient/p1", false)]
    public void A_local_patient_is_named_by_the_same_texts_in_a_record_and_in_a_query(string reference, bool expected)
    {
        var observation = JsonSerializer.Serialize(new { resourceType = "Observation", id = "o1", subject = new { reference } });
        Assert.Equal(expected, Samples.Matches("subject=Patient/p1", observation));
        var query = SearchQuery.Parse("Observation", [KeyValuePair.Create("subject", reference)], Samples.Options).Query;
        Assert.Equal(expected, query?.PatientIds()?.Contains("p1") == true);
    }

    [Theory]
    [InlineData("device:missing=true", true)]
    [InlineData("device:missing=false", false)]
    [InlineData("subject:missing=false", true)]
    [InlineData("date:missing=true", true)]
    [InlineData("value-quantity:missing=false", false)]
    public void Missing_asks_whether_there_is_any_value(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Observation));

    [Fact]
    public void A_canonical_without_a_version_finds_all_versions()
    {
        const string Plan = """{"resourceType":"CarePlan","status":"active","intent":"plan","subject":{"reference":"Patient/p"},"instantiatesCanonical":["http://x.example/PlanDefinition/a|2"]}""";

        Assert.True(Samples.Matches("instantiates-canonical=http://x.example/PlanDefinition/a", Plan));
        Assert.True(Samples.Matches("instantiates-canonical=http://x.example/PlanDefinition/a|2", Plan));
        Assert.False(Samples.Matches("instantiates-canonical=http://x.example/PlanDefinition/a|1", Plan));
        Assert.False(Samples.Matches("instantiates-canonical=http://x.example/PlanDefinition/", Plan));
    }

    [Theory]
    [InlineData("""{"resourceType":"Patient"}""", "false")]
    [InlineData("""{"resourceType":"Patient","deceasedBoolean":false}""", "false")]
    [InlineData("""{"resourceType":"Patient","deceasedBoolean":true}""", "true")]
    [InlineData("""{"resourceType":"Patient","deceasedDateTime":"2020-01-01"}""", "true")]
    public void Deceased_is_computed_as_its_expression_says(string patient, string expected)
    {
        Assert.True(Samples.Matches("deceased=" + expected, patient));
        Assert.True(Samples.Matches("deceased:not=" + (expected == "true" ? "false" : "true"), patient));
    }

    [Fact]
    public void Telecom_parameters_see_only_their_system()
    {
        const string Patient = """{"resourceType":"Patient","telecom":[{"system":"phone","value":"555-1"},{"system":"email","value":"a@x.example"}]}""";

        Assert.True(Samples.Matches("phone=555-1", Patient));
        Assert.False(Samples.Matches("email=555-1", Patient));
        Assert.True(Samples.Matches("telecom=555-1&telecom=a@x.example", Patient));
    }

    [Fact]
    public void Ids_and_times_of_change_come_from_the_keeper_of_the_record()
    {
        var terms = Samples.Terms(Observation);
        var changed = new SearchCandidate(terms, "o1", new DateTimeOffset(2025, 5, 5, 12, 0, 0, 250, TimeSpan.Zero));

        Assert.True(Samples.Query("Observation", "_id=o1").Matches(changed));
        Assert.True(Samples.Query("Observation", "_id=zz,o1").Matches(changed));
        Assert.False(Samples.Query("Observation", "_id=O1").Matches(changed));
        Assert.True(Samples.Query("Observation", "_lastUpdated=2025-05-05").Matches(changed));
        Assert.True(Samples.Query("Observation", "_lastUpdated=gt2025-05-05T12:00:00Z&_lastUpdated=le2025-05-05T14:00:01+02:00").Matches(changed) is false);
        Assert.True(Samples.Query("Observation", "_lastUpdated=ge2025-05-05T12:00:00.250Z").Matches(changed));
        Assert.False(Samples.Query("Observation", "_lastUpdated=lt2025-05-05").Matches(changed));
    }

    [Fact]
    public void Another_type_never_matches() =>
        Assert.False(Samples.Query("Condition", "code=8302-2").Matches(new SearchCandidate(Samples.Terms(Observation), "o1", Samples.Now)));

    [Fact]
    public void On_synthea_a_code_finds_what_a_plain_walk_over_the_json_finds()
    {
        var records = Samples.Synthea("set-2021", 3).Where(r => r.Resource.GetProperty("resourceType").GetString() == "Observation").ToList();
        var query = Samples.Query("Observation", "code=http://loinc.org|8302-2,http://loinc.org|29463-7&status=final");
        var pool = new TermPool();

        foreach (var (_, resource) in records)
        {
            var expected = resource.GetProperty("code").GetProperty("coding").EnumerateArray().Any(c =>
                c.GetProperty("system").GetString() == "http://loinc.org" && c.GetProperty("code").GetString() is "8302-2" or "29463-7") && resource.GetProperty("status").GetString() == "final";
            Assert.Equal(expected, query.Matches(new SearchCandidate(SearchTermExtractor.Extract(resource, pool)!, "x", Samples.Now)));
        }
        if (records.Count > 0) Assert.Contains(records, r => query.Matches(new SearchCandidate(SearchTermExtractor.Extract(r.Resource, pool)!, "x", Samples.Now)));
    }
}
