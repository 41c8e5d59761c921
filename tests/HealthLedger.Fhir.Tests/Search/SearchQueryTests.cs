// R4 search: http://hl7.org/fhir/R4/search.html#errors, #count, #total, #sort, #summary
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class SearchQueryTests
{
    [Theory]
    [InlineData("Patient", "Name=x", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "no-such=x", SearchIssueCode.UnknownParameter)]
    [InlineData("Condition", "Patient=1", SearchIssueCode.UnknownParameter)]
    [InlineData("Condition", "foo.bar=1", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_query=x", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_contained=true", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_containedType=contained", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "part-agree=x", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_id:exact=x", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "_id:missing=x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_text:missing=true", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "near=1|2", SearchIssueCode.UnknownParameter)]
    [InlineData("Location", "near:exact=1|2", SearchIssueCode.InvalidModifier)]
    [InlineData("Observation", "code-value-quantity=1", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "code-value-quantity=1$2$3", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "code-value-quantity=1$x", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "code-value-quantity:not=1$2", SearchIssueCode.InvalidModifier)]
    [InlineData("Observation", "code:in=http://x", SearchIssueCode.NotSupported)]
    [InlineData("Observation", "code.name=x", SearchIssueCode.UnknownParameter)]
    [InlineData("Observation", "subject:Patient.zebedee=x", SearchIssueCode.UnknownParameter)]
    [InlineData("Observation", "subject:Zebedee.name=x", SearchIssueCode.InvalidModifier)]
    [InlineData("Observation", "subject:Practitioner.name=x", SearchIssueCode.InvalidModifier)]
    [InlineData("Observation", "subject:Patient.birthdate=x", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "patient.link.link.link.link.link.link.name=x", SearchIssueCode.TooMany)]
    [InlineData("Patient", "_has:Observation:patient=1", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "_has:Zebedee:patient:code=1", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_has:Observation:code:code=1", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_has:Observation:encounter:code=1", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_has:Observation:patient:zebedee=1", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_include=Patient", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_include=Patient:name", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_revinclude=Zebedee:patient", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_include=Patient:organization:Zebedee", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_include:recurse=Patient:organization", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_type=Patient", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_list=$current-problems", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_list=a b", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_text=(a", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_content=and", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "identifier:of-type=a|b", SearchIssueCode.InvalidValue)]
    [InlineData("Procedure", "location:below=http://other.example/Location/1", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=name", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=name eq", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=name zz x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=(name eq x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=name eq x name eq y", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=birthdate gt x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=gender gt x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_filter=zebedee eq x", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_filter=gender in http://x", SearchIssueCode.NotSupported)]
    [InlineData("Observation", "_filter=related[type eq x].target pr true", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "gender:exact=male", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "name:not=x", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "birthdate:exact=2020", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "organization:Nothing=1", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "name:=x", SearchIssueCode.InvalidModifier)]
    [InlineData("Patient", "birthdate=20200101", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "birthdate=2020-02-30", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "birthdate=zz2020", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "birthdate=2020-01-01T10", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "name=", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "name=a,,b", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "identifier=a|b|c", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "identifier=|", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization=a b", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "organization:Organization=Patient/1", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "gender:missing=yes", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "value-quantity=abc", SearchIssueCode.InvalidValue)]
    [InlineData("Observation", "value-quantity=1|x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_count=-1", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_total=some", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_summary=x", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_sort=nothing", SearchIssueCode.UnknownParameter)]
    [InlineData("Patient", "_sort=family,", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_sort=-", SearchIssueCode.InvalidValue)]
    [InlineData("Patient", "_sort=age", SearchIssueCode.NotSupported)]
    [InlineData("Patient", "_sort=_text", SearchIssueCode.NotSupported)]
    [InlineData("Location", "_sort=near", SearchIssueCode.NotSupported)]
    [InlineData("Observation", "_sort=code-value-quantity,code-value-quantity,code-value-quantity,code-value-quantity,status", SearchIssueCode.TooMany)]
    public void What_is_not_understood_is_refused_by_name(string type, string query, SearchIssueCode expected)
    {
        var result = Samples.Parse(type, query);

        Assert.Null(result.Query);
        var issue = Assert.Single(result.Errors);
        Assert.Equal(expected, issue.Code);
        Assert.Equal(query[..query.IndexOf('=')], issue.Parameter);
    }

    [Fact]
    public void A_lenient_client_gets_a_warning_for_what_is_left_out_but_not_for_malformed_values()
    {
        var result = Samples.Parse("Patient", "no-such=x&_contained=true&gender=male", isLenient: true);

        Assert.Equal(2, result.Warnings.Count);
        Assert.Single(result.Query!.Criteria);
        Assert.Equal("gender", Assert.Single(result.Query.Understood).Key);
        Assert.Null(Samples.Parse("Patient", "birthdate=x", isLenient: true).Query);
    }

    [Fact]
    public void Queries_beyond_the_limits_are_refused()
    {
        Assert.Equal(SearchIssueCode.TooMany, Samples.Parse("Patient", string.Join('&', Enumerable.Repeat("gender=male", 65))).Errors[0].Code);
        Assert.Equal(SearchIssueCode.TooMany, Samples.Parse("Patient", "_id=" + string.Join(',', Enumerable.Repeat("a", 1001))).Errors[0].Code);
        Assert.Equal(SearchIssueCode.TooMany, Samples.Parse("Patient", "name=" + new string('a', 70_000)).Errors[0].Code);
        Assert.Equal(SearchIssueCode.TooMany, Samples.Parse("Patient", "_sort=" + string.Join(',', Enumerable.Repeat("birthdate", 9))).Errors[0].Code);
    }

    [Fact]
    public void Results_are_counted_and_sorted_as_asked()
    {
        var query = Samples.Query("Patient", "_count=20&_total=accurate&_sort=family,-birthdate");
        SearchCandidate Named(string id, string family, string? birth) => new(Samples.Terms(
            $$"""{"resourceType":"Patient","name":[{"family":"{{family}}"}]{{(birth is null ? "" : $",\"birthDate\":\"{birth}\"")}}}"""), id, Samples.Now);
        SearchCandidate[] patients = [Named("1", "Ö", "1990"), Named("2", "a", null), Named("3", "A", "1980"), Named("4", "a", "1985-05"), Named("5", "a", "1985-05")];

        Array.Sort(patients, (a, b) => query.Compare(query.KeyOf(a), query.KeyOf(b)));

        Assert.Equal(["4", "5", "3", "2", "1"], patients.Select(p => p.Id));
        Assert.Equal((20, SearchTotal.Accurate, false), (query.Count, query.Total, query.IsCountOnly));
        Assert.True(Samples.Query("Patient", "_summary=count").IsCountOnly);
        Assert.True(Samples.Query("Patient", "_count=0").IsCountOnly);
    }

    [Theory]
    [InlineData("Observation", "patient=p1", "p1")]
    [InlineData("Observation", "patient=Patient/p1,p2", "p1 p2")]
    [InlineData("Observation", "subject=Patient/p1", "p1")]
    [InlineData("Observation", "subject:Patient=p1", "p1")]
    [InlineData("Observation", "patient=p1,p2&subject=Patient/p2", "p2")]
    [InlineData("Observation", "patient=p1&patient=p2", "")]
    [InlineData("Encounter", "subject=Patient/p1", "p1")]
    [InlineData("Appointment", "patient=p1", "p1")]
    [InlineData("Account", "patient=p1", "p1")]
    [InlineData("MedicationRequest", "patient=p1", "p1")]
    [InlineData("Encounter", "participant=Patient/p1", null)]
    [InlineData("AllergyIntolerance", "recorder=Patient/p1", "p1")]
    [InlineData("Patient", "_id=p1,p2", "p1 p2")]
    [InlineData("Observation", "subject=p1", null)]
    [InlineData("Observation", "subject=Patient/p1,Group/g", null)]
    [InlineData("Observation", "patient:identifier=1", null)]
    [InlineData("Observation", "patient=http://other.example/Patient/1", null)]
    [InlineData("Observation", "focus=Patient/p1", null)]
    [InlineData("Observation", "code=1", null)]
    [InlineData("Patient", "link=Patient/p1", null)]
    public void A_query_names_the_patients_that_alone_can_match(string type, string query, string? expected)
    {
        var ids = Samples.Query(type, query).PatientIds();

        Assert.Equal(expected, ids is null ? null : string.Join(' ', ids.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_official_parameter_over_elements_is_served()
    {
        var served = 0;
        var unserved = new List<string>();
        foreach (var type in FhirDefinitions.R4.ResourceTypes)
        {
            foreach (var parameter in FhirDefinitions.R4.SearchParametersOf(type))
            {
                if (parameter.Expression.Length == 0 || parameter.Type is SearchParameterType.Composite or SearchParameterType.Special) continue;
                var value = parameter.Type switch
                {
                    SearchParameterType.Date => "2020", SearchParameterType.Number or SearchParameterType.Quantity => "1", SearchParameterType.Uri => "urn:x", _ => "a",
                };
                var result = SearchQuery.Parse(type, [new(parameter.Code, value)], Samples.Options);
                if (result.Query is null) unserved.Add(type + "." + parameter.Code);
                else served++;
            }
        }
        Assert.True(served > 2000);
        // An example of the specification, on Patient with an expression over DocumentReference: it selects nothing.
        Assert.Equal(["Patient.part-agree"], unserved);
        Assert.DoesNotContain(SearchQuery.ServedParameters("Patient"), p => p.Code == "part-agree");
        Assert.Contains(SearchQuery.ServedParameters("Patient"), p => p.Code == "birthdate");
    }

    [Fact]
    public void Any_query_is_read_or_refused_and_never_throws()
    {
        string[] names = ["name", "_id", "birthdate", "identifier", "organization", "_sort", "_count", "link", "general-practitioner", "_lastUpdated", "_profile", "_source", ":", ".", "_has:", "name:", "a.b:c", "_filter", "_include", "_revinclude", "_list", "_text", "organization.name", "organization.", "_has:Observation:patient:code"];
        var queries = Gen.Elements(names).Zip(ArbMap.Default.GeneratorFor<string>()).Select(p => new KeyValuePair<string, string>(p.Item1, p.Item2 ?? "")).ListOf();
        Prop.ForAll(queries.ToArbitrary(), query =>
        {
            var result = SearchQuery.Parse("Patient", query, Samples.Options);
            return (result.Query is null) == (result.Errors.Count > 0);
        }).QuickCheckThrowOnFailure();
    }
}
