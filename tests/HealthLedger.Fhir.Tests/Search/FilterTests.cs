// R4 search_filter.html: grammar, operators by type, filters in brackets, additional parameters
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class FilterTests
{
    private const string Patient = """
        {"resourceType":"Patient","name":[{"family":"Ångström","given":["Peter","James"]}],"gender":"male","birthDate":"1974-12-25","identifier":[{"system":"urn:mrn","value":"12345"}],
         "contact":[{"name":{"family":"x"}}],"generalPractitioner":[{"reference":"Practitioner/gp"}]}
        """;

    private const string Observation = """
        {"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2020-03",
         "component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
                      {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}
        """;

    private const string Group = """
        {"resourceType":"Group","type":"person","actual":true,"characteristic":[
          {"code":{"coding":[{"system":"urn:c","code":"gender"}]},"valueCodeableConcept":{"coding":[{"code":"mixed"}]},"exclude":false},
          {"code":{"coding":[{"system":"urn:c","code":"owner"}]},"valueCodeableConcept":{"coding":[{"code":"john-smith"}]},"exclude":false}]}
        """;

    private const string Document = """
        {"resourceType":"DocumentReference","status":"current","relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/a"}},{"code":"replaces","target":{"reference":"DocumentReference/b"}}],
         "content":[{"attachment":{"url":"http://example.org/a"}}]}
        """;

    private const string Risk = """{"resourceType":"RiskAssessment","status":"final","subject":{"reference":"Patient/p"},"prediction":[{"probabilityDecimal":0.10}]}""";

    [Theory]
    // Texts: without regard to case and accents; greater and less by the first character.
    [InlineData("family eq angstrom", true)]
    [InlineData("given eq pete", false)]
    [InlineData("given ne peter", true)]
    [InlineData("family co GSTR", true)]
    [InlineData("family sw ång", true)]
    [InlineData("family ew strom", true)]
    [InlineData("family ew strö", false)]
    [InlineData("family lt b", true)]
    [InlineData("family lt a", false)]
    [InlineData("family le a", true)]
    [InlineData("given gt l", true)]
    [InlineData("given ge \"  p\"", true)]
    [InlineData("given gt p", false)]
    // Dates.
    [InlineData("birthdate eq 1974-12-25", true)]
    [InlineData("birthdate ne 1974-12-25", false)]
    [InlineData("birthdate co 1974-12-25T12:00:00Z", true)]
    [InlineData("birthdate co 1974-12", false)]
    [InlineData("birthdate po 1974-12", true)]
    [InlineData("birthdate sa 1974-12-24", true)]
    [InlineData("birthdate eb 1974-12-25", false)]
    [InlineData("birthdate ap 1975", true)]
    // Tokens.
    [InlineData("identifier eq urn:mrn|12345", true)]
    [InlineData("identifier sw 123", true)]
    [InlineData("gender eq MALE", true)]
    [InlineData("gender ne male", false)]
    [InlineData("_id eq x and _id ne y", true)]
    [InlineData("_id pr false", false)]
    [InlineData("_lastUpdated po 2026", true)]
    // References.
    [InlineData("general-practitioner re Practitioner/gp", true)]
    [InlineData("general-practitioner re http://localhost:5080/fhir/Practitioner/gp", true)]
    [InlineData("general-practitioner re Practitioner/other", false)]
    [InlineData("organization pr false", true)]
    [InlineData("organization pr true", false)]
    // Without parentheses from left to right: (a or b) and c.
    [InlineData("gender eq male or gender eq female and family eq nobody", false)]
    [InlineData("gender eq male or (gender eq female and family eq nobody)", true)]
    [InlineData("not (gender eq female) and not(family eq nobody)", true)]
    [InlineData("not (gender eq male or gender eq female)", false)]
    public void Operators_compare_as_the_table_says(string filter, bool expected) => Assert.Equal(expected, Samples.Matches("_filter=" + filter, Patient));

    [Theory]
    [InlineData("code eq loinc|85354-9", true)]
    [InlineData("code eq snomed|85354-9", false)]
    [InlineData("code eq LOINC|85354-9", true)]
    [InlineData("component-value-quantity eq 107|ucum|mm[Hg", false)]
    [InlineData("component-value-quantity eq \"107|ucum|mm[Hg]\"", true)]
    [InlineData("component-value-quantity lt 100", true)]
    [InlineData("component-value-quantity ap 65", true)]
    [InlineData("date co 2020-03-17", true)]
    [InlineData("component-code-value-quantity[code eq loinc|8480-6].value gt 100", true)]
    [InlineData("component-code-value-quantity[code eq loinc|8480-6].value lt 100", false)]
    [InlineData("component-code-value-quantity[not (code eq loinc|8480-6)].value lt 100", true)]
    [InlineData("component-code-value-quantity[not (code eq loinc|8480-6)].value gt 100", false)]
    [InlineData("component-code-value-quantity[code eq 8462-4 or code eq 8480-6 and value gt 100].value lt 110", true)]
    [InlineData("component-code-value-quantity[code eq \"a]b\"].value lt 110", false)]
    [InlineData("component-code-value-quantity[code eq 8462-4].value pr true and status eq final", true)]
    [InlineData("component-code-value-quantity[code eq 8462-5].value pr true", false)]
    [InlineData("component-code-value-concept[code eq 8480-6].value pr true", false)]
    public void Brackets_after_a_composite_ask_of_one_instance(string filter, bool expected) => Assert.Equal(expected, Samples.Matches("_filter=" + filter, Observation));

    [Theory]
    [InlineData(Group, "characteristic[code eq gender].value eq mixed", true)]
    [InlineData(Group, "characteristic[code eq owner].value eq mixed", false)]
    [InlineData(Group, "characteristic eq urn:c|gender", true)]
    [InlineData(Document, "relatesTo[code eq replaces].target re DocumentReference/b", true)]
    [InlineData(Document, "relatesTo[code eq replaces].target re DocumentReference/a", false)]
    [InlineData(Document, "relatesTo[target re DocumentReference/a].code eq appends", true)]
    [InlineData(Risk, "probability co 0.1", true)]
    [InlineData(Risk, "probability co 0.104", true)]
    [InlineData(Risk, "probability co 0.106", false)]
    [InlineData(Risk, "probability eq 0.1", true)]
    public void The_names_that_R4_adds_for_filters_are_known(string record, string filter, bool expected) => Assert.Equal(expected, Samples.Matches("_filter=" + filter, record));

    [Theory]
    [InlineData("Observation", "subject[gender eq female].name co \"pet\"", "Patient")]
    [InlineData("Observation", "subject[gender eq female and birthdate gt 1970].name co \"pet\"", "Patient")]
    [InlineData("Observation", "encounter[status eq finished].subject[gender eq female].organization[name co x].name eq y", "Encounter Organization Patient")]
    [InlineData("Observation", "subject:Patient[_has:Observation:patient:code eq x].name co y", "Observation Patient")]
    public void Brackets_after_a_reference_ask_of_the_record_that_it_leads_to(string type, string filter, string looksAt)
    {
        var query = Samples.Query(type, "_filter=" + filter);
        Assert.Equal(looksAt, string.Join(' ', query.LooksAt.SelectMany(l => l).Distinct().Order(StringComparer.Ordinal)));
        Assert.False(query.IsLocal);
    }

    [Theory]
    [InlineData("Patient", "name[given eq peter and family eq x].text eq y", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "organization[name eq x]", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization[name eq x].", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization[name eq x.name eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization[name eq \"x].name eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization[].name eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization[zebedee eq x].name eq y", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "organization[name eq x) or (name eq z].name eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Group", "characteristic[code eq x) or (code eq z].value eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Group", "characteristic[code eq x].value.code eq y", SearchIssueCode.UnknownParameter)]
    [InlineData("Group", "characteristic[code eq x].value[code eq z].code eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Group", "characteristic[zebedee eq x].value eq y", SearchIssueCode.UnknownParameter)]
    [InlineData("Group", "characteristic-value eq x", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "related[type eq has-component].target pr true", SearchIssueCode.UnknownParameter)]
    [InlineData("Location", "near eq 1|2", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_id co x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_lastUpdated co 2020", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "gender lt x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization co x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "birthdate sw 19", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization pr yes", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_text eq x", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "organization[partof[partof[partof[partof[partof[name eq x].name eq x].name eq x].name eq x].name eq x].name eq x].name eq x", SearchIssueCode.TooMany)]
    public void What_a_filter_cannot_say_is_refused(string type, string filter, SearchIssueCode code)
    {
        var issue = Assert.Single(Samples.Parse(type, "_filter=" + filter).Errors);
        Assert.Equal(code, issue.Code);
        Assert.Contains("before character", issue.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("zebedee", issue.Message, StringComparison.Ordinal);
    }
}
