// R4 search: http://hl7.org/fhir/R4/search.html#token, the modifiers in, not-in, above and below
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Tests.Terminology;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class CodesSearchTests
{
    private const string Encounter = """
        {"resourceType":"Encounter","id":"e1","status":"finished",
         "class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"ACUTE"},
         "type":[{"coding":[{"code":"AMB"}]}],
         "reasonCode":[{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}]}
        """;

    [Theory]
    [InlineData("class:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", true)]
    [InlineData("class:not-in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", false)]
    [InlineData("class:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode|2014-03-26", true)]
    [InlineData("class:in=http://hl7.org/fhir/ValueSet/administrative-gender", false)]
    [InlineData("class:in=http://hl7.org/fhir/ValueSet/administrative-gender,http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", true)]
    [InlineData("class:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", true)]
    [InlineData("class:below=http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", true)]
    [InlineData("class:below=http://terminology.hl7.org/CodeSystem/v3-ActCode|ACUTE", true)]
    [InlineData("class:below=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB", false)]
    [InlineData("class:above=http://terminology.hl7.org/CodeSystem/v3-ActCode|ACUTE", true)]
    [InlineData("class:above=http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", false)]
    [InlineData("status:in=http://hl7.org/fhir/ValueSet/encounter-status", true)]
    [InlineData("type:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", false)]
    [InlineData("special-arrangement:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", true)]
    public void A_token_matches_by_what_terminology_says_of_its_code(string query, bool expected)
    {
        var parsed = Parse(query);
        Assert.True(parsed.Query is not null, string.Join("; ", parsed.Errors));
        Assert.Equal(expected, parsed.Query.Matches(new SearchCandidate(Samples.Terms(Encounter), "e1", Samples.Now)));
    }

    [Theory]
    [InlineData("reason-code:in=http://hl7.org/fhir/ValueSet/encounter-reason", SearchIssueCode.NotSupported)]
    [InlineData("reason-code:not-in=urn:nothing", SearchIssueCode.NotSupported)]
    [InlineData("reason-code:below=http://snomed.info/sct|1", SearchIssueCode.NotSupported)]
    [InlineData("class:below=http://terminology.hl7.org/CodeSystem/v3-ActCode|zebedee", SearchIssueCode.NotSupported)]
    [InlineData("class:below=IMP", SearchIssueCode.InvalidValue)]
    [InlineData("class:above=|IMP", SearchIssueCode.InvalidValue)]
    [InlineData("class:in=a,b,c,d,e,f,g,h,i,j,k", SearchIssueCode.TooMany)]
    [InlineData("date:in=http://hl7.org/fhir/ValueSet/administrative-gender", SearchIssueCode.InvalidModifier)]
    public void Codes_that_cannot_all_be_told_refuse_the_query_and_never_match_nothing(string query, SearchIssueCode code) =>
        Assert.Equal([code], Parse(query).Errors.Select(e => e.Code));

    private static SearchParseResult Parse(string query) => SearchQuery.Parse(
        "Encounter", [new(query[..query.IndexOf('=')], query[(query.IndexOf('=') + 1)..])], Samples.Options with { Terminology = R4.ValueSets });
}
