// R4 search: http://hl7.org/fhir/R4/search.html#combining
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class CompositeSearchTests
{
    private const string BloodPressure = """
        {"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
         "component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":150,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
                      {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}
        """;

    private const string Glucose = """
        {"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"15074-8"}]},"effectiveDateTime":"2020-01-01",
         "valueQuantity":{"value":6.3,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"}}
        """;

    [Theory]
    [InlineData("component-code-value-quantity", "low high none")] // the lowest instance as a whole: 8462-4 with 80, with 90
    [InlineData("-component-code-value-quantity", "low high none")] // the highest: 8480-6 with 150, with 120
    [InlineData("-status,component-code-value-quantity", "low high none")]
    public void Composites_sort_by_the_first_instance_as_a_whole_and_what_has_none_comes_last(string sort, string expected)
    {
        var query = Samples.Query("Observation", "_sort=" + sort);
        var records = new[] { (Id: "none", Json: Glucose), (Id: "high", Json: BloodPressure.Replace("\"value\":80", "\"value\":90", StringComparison.Ordinal).Replace("\"value\":150", "\"value\":120", StringComparison.Ordinal)), (Id: "low", Json: BloodPressure) };
        var keys = records.Select(r => query.KeyOf(new SearchCandidate(Samples.Terms(r.Json), r.Id, Samples.Now))).Select(k => SearchKey.Read(k.ToBytes())!).ToList();
        keys.Sort(query.Compare);
        Assert.Equal(expected, string.Join(' ', keys.Select(k => k.Id)));
    }

    [Theory]
    [InlineData("component-code-value-quantity=http://loinc.org|8480-6$gt140", true)]
    [InlineData("component-code-value-quantity=8480-6$lt100", false)]
    [InlineData("component-code-value-quantity=8462-4$lt100", true)]
    [InlineData("component-code-value-quantity=8462-4$gt100,8480-6$gt100", true)]
    [InlineData("combo-code-value-quantity=8480-6$150||mmHg", true)]
    [InlineData("combo-code-value-quantity=85354-9$150", false)]
    [InlineData("code-value-quantity=8480-6$150", false)]
    [InlineData("component-code-value-quantity:missing=false", true)]
    [InlineData("code-value-concept:missing=true", true)]
    public void All_parts_must_match_in_one_instance(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, BloodPressure));

    [Theory]
    [InlineData("code-value-quantity=http://loinc.org|15074-8$6.3|http://unitsofmeasure.org|mmol/L", true)]
    [InlineData("code-value-quantity=http://loinc.org|15074-8$gt7", false)]
    [InlineData("code-value-quantity=1-1$6.3", false)]
    [InlineData("combo-code-value-quantity=15074-8$6.3", true)]
    public void A_composite_over_the_whole_resource_has_one_instance(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Glucose));

    [Fact]
    public void Dates_references_and_texts_can_be_parts()
    {
        Assert.True(Samples.Matches("code-value-date=c$2020-05", """{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"c"}]},"valueDateTime":"2020-05-01"}"""));
        Assert.True(Samples.Matches("code-value-string=c$hell", """{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"c"}]},"valueString":"Hello"}"""));
        const string Document = """{"resourceType":"DocumentReference","status":"current","relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/1"}},{"code":"signs","target":{"reference":"DocumentReference/2"}}]}""";
        Assert.True(Samples.Matches("relationship=appends$DocumentReference/1", Document));
        Assert.False(Samples.Matches("relationship=appends$DocumentReference/2", Document));
    }

    [Fact]
    public void Every_official_composite_has_parts_of_known_types()
    {
        var composites = FhirDefinitions.R4.ResourceTypes.SelectMany(SearchQuery.ServedParameters).Where(p => p.Type == SearchParameterType.Composite).Distinct().ToList();

        Assert.True(composites.Count > 40);
        Assert.All(composites, p => Assert.All(p.Components, c => Assert.NotNull(FhirDefinitions.R4.SearchParameter(c.DefinitionUrl))));
    }
}
