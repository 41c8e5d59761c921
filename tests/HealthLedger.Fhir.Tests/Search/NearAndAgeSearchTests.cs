// R4 location.html#positional and the registry's parameters of Patient that have no FHIRPath: http://hl7.org/fhir/R4/searchparameter-registry.html
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class NearAndAgeSearchTests
{
    // The cathedral of Cologne; to that of Aachen it is 64.4 km along the WGS84 ellipsoid.
    private const string Cologne = """{"resourceType":"Location","position":{"longitude":6.958139,"latitude":50.941300}}""";

    [Theory]
    [InlineData("near=50.774722|6.083889|65|km", true)]
    [InlineData("near=50.774722|6.083889|64|km", false)]
    [InlineData("near=50.774722|6.083889|65", true)]
    [InlineData("near=50.774722|6.083889|65000|m", true)]
    [InlineData("near=50.774722|6.083889|6400000|cm", false)]
    [InlineData("near=50.774722|6.083889|40.4|[mi_us]", true)]
    [InlineData("near=50.774722|6.083889|39|mi", false)]
    [InlineData("near=50.774722|6.083889", false)]
    [InlineData("near=50.9|6.9", true)]
    [InlineData("near=50.9|6.9||", true)]
    [InlineData("near=50.941300|6.958139|0", true)]
    [InlineData("near=-50.941300|-173.041861|20015", false)]
    [InlineData("near=-50.941300|-173.041861|20016", true)]
    [InlineData("near=0|0|1,50.9|6.9|10", true)]
    [InlineData("near:missing=false", true)]
    [InlineData("near:missing=true", false)]
    public void Places_are_near_within_the_distance_along_the_earth(string query, bool expected)
    {
        Assert.Equal(expected, Samples.Matches(query, Cologne));
        var stored = new System.Buffers.ArrayBufferWriter<byte>();
        Samples.Terms(Cologne).WriteTo(stored);
        var terms = ResourceTerms.Read(stored.WrittenSpan, new TermPool());
        Assert.Equal(expected, Samples.Query("Location", query).Matches(new SearchCandidate(terms, "x", Samples.Now)));
    }

    [Fact]
    public void A_distance_is_taken_across_the_date_line() =>
        Assert.True(Samples.Matches("near=0|179.9|23", """{"resourceType":"Location","position":{"longitude":-179.9,"latitude":0}}"""));

    [Fact]
    public void A_location_without_a_position_is_near_to_nothing()
    {
        Assert.False(Samples.Matches("near=0|0|30000", """{"resourceType":"Location","name":"x"}"""));
        Assert.True(Samples.Matches("near:missing=true", """{"resourceType":"Location","name":"x"}"""));
    }

    [Theory]
    [InlineData("near=91|0|1|km")]
    [InlineData("near=0|181|1|km")]
    [InlineData("near=0|0|-1|km")]
    [InlineData("near=0|0|1|kg")]
    [InlineData("near=0|0|1|x y")]
    [InlineData("near=0|0|1|km|2")]
    [InlineData("near=0")]
    [InlineData("near=a|b")]
    [InlineData("near=1e2|0")]
    public void What_is_no_place_is_refused(string query) =>
        Assert.Equal(SearchIssueCode.InvalidValue, Assert.Single(Samples.Parse("Location", query).Errors).Code);

    [Theory]
    [InlineData("1985-06-15", "age=40", true)]
    [InlineData("1985-06-15", "age=41", false)]
    [InlineData("1985-06-15", "age=ge40&age=lt41", true)]
    [InlineData("1985-01-01", "age=41", true)]
    [InlineData("1985-01-02", "age=40", true)]
    [InlineData("1985", "age=ge40", true)]
    [InlineData("1985", "age=gt40", true)]
    [InlineData("1985", "age=40", false)]
    [InlineData("2025-12-31", "age=0", true)]
    [InlineData("2027-01-01", "age=ge0", false)]
    [InlineData("1985-06-15", "age:missing=false", true)]
    [InlineData("1985-06-15", "age:missing=true", false)]
    [InlineData("1985-06-15", "_filter=age ge 40 and not (age ge 41)", true)]
    public void An_age_is_that_of_today(string birth, string query, bool expected) =>
        Assert.Equal(expected, Samples.Matches(query, $$"""{"resourceType":"Patient","birthDate":"{{birth}}"}"""));

    [Theory]
    [InlineData("\"birthDate\":\"1985-06-15\",\"deceasedBoolean\":true")]
    [InlineData("\"birthDate\":\"1985-06-15\",\"deceasedDateTime\":\"2020\"")]
    [InlineData("\"gender\":\"male\"")]
    public void Who_died_or_has_no_date_of_birth_has_no_age(string content)
    {
        Assert.False(Samples.Matches("age=ge0", $$"""{"resourceType":"Patient",{{content}}}"""));
        Assert.True(Samples.Matches("age:missing=true", $$"""{"resourceType":"Patient",{{content}}}"""));
    }

    [Theory]
    [InlineData("\"multipleBirthBoolean\":true", "birthOrderBoolean=true", true)]
    [InlineData("\"multipleBirthInteger\":2", "birthOrderBoolean=true", true)]
    [InlineData("\"multipleBirthBoolean\":false", "birthOrderBoolean=true", false)]
    [InlineData("\"multipleBirthBoolean\":false", "birthOrderBoolean=false", true)]
    [InlineData("\"gender\":\"male\"", "birthOrderBoolean=false", false)]
    [InlineData("\"gender\":\"male\"", "birthOrderBoolean:missing=true", true)]
    public void A_multiple_birth_is_one_with_or_without_an_order(string content, string query, bool expected) =>
        Assert.Equal(expected, Samples.Matches(query, $$"""{"resourceType":"Patient",{{content}}}"""));

    [Fact]
    public void What_has_no_expression_that_selects_anything_is_refused_with_its_reason()
    {
        Assert.Contains("another type", Assert.Single(Samples.Parse("Patient", "part-agree=DocumentReference/1").Errors).Message, StringComparison.Ordinal);
        Assert.Contains("named query", Assert.Single(Samples.Parse("Patient", "_query=current-high-risk").Errors).Message, StringComparison.Ordinal);
    }
}
