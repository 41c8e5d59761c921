// R4 search: http://hl7.org/fhir/R4/search.html#modifiers (text, of-type, in, not-in, above, below), #content (_text, _content); search_filter.html
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class TextAndCodeSetSearchTests
{
    private const string Condition = """
        {"resourceType":"Condition","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Metastases of the <b>li</b>ver &amp; b&#246;ne</p></div>"},
         "code":{"coding":[{"system":"http://snomed.info/sct","code":"94381002","display":"Secondary neoplasm of liver"}],"text":"Liver metastasis"},
         "clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"relapse","display":"Relapse"}]},
         "subject":{"reference":"Patient/p","display":"Zoë Marrow"},"note":[{"text":"Seen by the **tumour** board"}]}
        """;

    private const string Patient = """
        {"resourceType":"Patient","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Record number"},"system":"urn:hospital","value":"446053"},
         {"system":"urn:other","value":"MR"}],"gender":"other","name":[{"family":"Müller-Łukasz","given":["Ana"]}],"birthDate":"1970-05-04"}
        """;

    [Theory]
    [InlineData("code:text=liver", true)]
    [InlineData("code:text=secondary NEO", true)]
    [InlineData("code:text=neoplasm", false)]
    [InlineData("clinical-status:text=rel", true)]
    [InlineData("code:text=relapse", false)]
    [InlineData("_text=metastases", true)]
    [InlineData("_text=(bone OR kidney) and metastases", true)]
    [InlineData("_text=(skin OR kidney) and metastases", false)]
    [InlineData("_text=liver", false)]
    [InlineData("_text=metastas", false)]
    [InlineData("_text=tumour", false)]
    [InlineData("_text=tumour,bone", true)]
    [InlineData("_content=tumour", true)]
    [InlineData("_content=zoe marrow", true)]
    [InlineData("_content=neoplasm and not kidney", true)]
    [InlineData("_content=metastases liver", true)]
    [InlineData("_content=94381002", false)]
    public void Texts_are_found_by_their_words(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Condition));

    [Theory]
    [InlineData("identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053", true)]
    [InlineData("identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|mr|446053", true)]
    [InlineData("identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|MR", false)]
    [InlineData("identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|446053", false)]
    [InlineData("identifier:text=record", true)]
    public void An_identifier_is_found_by_its_type(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Patient));

    [Theory]
    [InlineData("name co \"muller\"", true)]
    [InlineData("family ew LUKASZ", true)]
    [InlineData("family eq \"Muller-Lukasz\"", true)]
    [InlineData("family eq Muller", false)]
    [InlineData("given ne Ana", false)]
    [InlineData("given ne Bea", true)]
    [InlineData("gender eq other and birthdate lt 1971", true)]
    [InlineData("gender eq male or birthdate lt 1971 and birthdate gt 1969", true)]
    [InlineData("gender eq other or birthdate gt 1971 and birthdate gt 1972", false)]
    [InlineData("not (gender eq male)", true)]
    [InlineData("not(gender eq male) and not (not (birthdate eq 1970-05-04))", true)]
    [InlineData("gender sw oth", true)]
    [InlineData("identifier eq urn:hospital|446053", true)]
    [InlineData("identifier ne urn:hospital|446053", true)]
    [InlineData("identifier eq \"urn:hospital|446053\" and (gender eq other)", true)]
    [InlineData("birthdate po 1970", true)]
    [InlineData("birthdate sa 1970-05-03", true)]
    [InlineData("birthdate ap 1971", true)]
    [InlineData("death-date pr false", true)]
    [InlineData("birthdate pr false", false)]
    [InlineData("_id eq x", true)]
    [InlineData("_id ne x", false)]
    [InlineData("_lastUpdated ge 2025", true)]
    [InlineData("family eq \"not and (or) \\\"quoted\\\"\"", false)]
    public void A_filter_holds_as_its_grammar_says(string filter, bool expected) => Assert.Equal(expected, Samples.Matches("_filter=" + filter, Patient));

    [Theory]
    [InlineData("Condition", "clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical", true)]
    [InlineData("Condition", "clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-clinical", false)]
    [InlineData("Condition", "category:not-in=http://hl7.org/fhir/ValueSet/condition-category", true)]
    [InlineData("Condition", "clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|active", true)]
    [InlineData("Condition", "clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|inactive", false)]
    [InlineData("Condition", "clinical-status:above=http://terminology.hl7.org/CodeSystem/condition-clinical|relapse", true)]
    [InlineData("Condition", "_filter=clinical-status in http://hl7.org/fhir/ValueSet/condition-clinical", true)]
    [InlineData("Condition", "_filter=clinical-status ss http://terminology.hl7.org/CodeSystem/condition-clinical|active", true)]
    [InlineData("Patient", "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", true)]
    public void A_code_is_found_by_value_sets_and_hierarchies(string type, string query, bool expected)
    {
        var equals = query.IndexOf('=');
        var parsed = SearchQuery.Parse(type, [new(query[..equals], query[(equals + 1)..])], Samples.Options with { Terminology = Terminology });
        Assert.True(parsed.Query is not null, string.Join("; ", parsed.Errors));
        Assert.Equal(expected, parsed.Query.Matches(new SearchCandidate(Samples.Terms(type == "Patient" ? Patient : Condition), "x", Samples.Now)));
    }

    [Theory]
    [InlineData("code:in=http://example.org/no-such-set")]
    [InlineData("code:below=http://snomed.info/sct|404684003")]
    [InlineData("code:not-in=http://snomed.info/sct?fhir_vs")]
    public void What_terminology_cannot_tell_in_full_is_refused_and_not_guessed(string query)
    {
        var equals = query.IndexOf('=');
        var parsed = SearchQuery.Parse("Condition", [new(query[..equals], query[(equals + 1)..])], Samples.Options with { Terminology = Terminology });
        Assert.Equal(SearchIssueCode.NotSupported, Assert.Single(parsed.Errors).Code);
    }

    private static readonly ITerminology Terminology = new ValueSets(new ConformanceResources(R4Terminology.Resources));
}
