// R4 search: http://hl7.org/fhir/R4/search.html#date, #prefix, #string, #uri, #number, #quantity
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class DateAndTextSearchTests
{
    private static string Observation(string effective) => $$"""{"resourceType":"Observation","status":"final","code":{"text":"t"},{{effective}}}""";

    [Theory]
    [InlineData("eq2013-01-14", "2013-01-14", true)]
    [InlineData("eq2013-01-14", "2013-01-14T00:00:00Z", true)]
    [InlineData("eq2013-01-14", "2013-01-14T10:00:00Z", true)]
    [InlineData("eq2013-01-14", "2013-01-15T00:00:00Z", false)]
    [InlineData("2013-01", "2013-01-14", true)]
    [InlineData("2013-01-14", "2013-01", false)]
    [InlineData("2013", "2013-12-31T23:59:59Z", true)]
    [InlineData("2013-01-14", "2013-01-14T23:30:00-02:00", false)]
    [InlineData("2013-01-15", "2013-01-14T23:30:00-02:00", true)]
    [InlineData("ne2013-01-14", "2013-01-15T00:00:00Z", true)]
    [InlineData("ne2013-01-14", "2013-01-14T10:00:00Z", false)]
    [InlineData("lt2013-01-14T10:00:00Z", "2013-01-14", true)]
    [InlineData("lt2013-01-14", "2013-01-14T10:00:00Z", false)]
    [InlineData("gt2013-01-14T10:00:00Z", "2013-01-14", true)]
    [InlineData("gt2013-01-14", "2013-01-14T10:00:00Z", false)]
    [InlineData("gt2013-01-14", "2013-01-15T00:00:00Z", true)]
    [InlineData("ge2013-03-14", "2013-03-14T10:00:00Z", true)]
    [InlineData("ge2013-03-14", "2013-03-13T23:59:59Z", false)]
    [InlineData("le2013-03-14", "2013-03-14T10:00:00Z", true)]
    [InlineData("le2013-03-14", "2013-03-15T00:00:00Z", false)]
    [InlineData("sa2013-03-14", "2013-03-14T10:00:00Z", false)]
    [InlineData("sa2013-03-14", "2013-03-15", true)]
    [InlineData("eb2013-03-14", "2013-03-13", true)]
    [InlineData("eb2013-03-14", "2013-03", false)]
    [InlineData("ap2025-06-01", "2025-05-20", true)]
    [InlineData("ap2025-06-01", "2024-05-20", false)]
    [InlineData("2013-01-14T10:00:00 01:00", "2013-01-14T09:00:00Z", true)]
    [InlineData("2013-01-14T10:00:00+01:00", "2013-01-14T10:00:00\\u002B01:00", true)]
    public void A_date_matches_by_the_range_its_precision_means(string query, string date, bool expected) =>
        Assert.Equal(expected, Samples.Matches("date=" + query, Observation($"\"effectiveDateTime\":\"{date}\"")));

    [Theory]
    [InlineData("ge2013-03-14", "\"start\":\"2013-01-21\"", true)]
    [InlineData("lt2013-03-14", "\"start\":\"2013-01-21\"", true)]
    [InlineData("eq2013", "\"start\":\"2013-01-21\"", false)]
    [InlineData("eq2013", "\"start\":\"2013-01-21\",\"end\":\"2013-05\"", true)]
    [InlineData("sa2013-05", "\"start\":\"2013-01-21\"", false)]
    [InlineData("sa2012", "\"start\":\"2013-01-21\"", true)]
    [InlineData("eb2012", "\"end\":\"2011\"", true)]
    [InlineData("gt2012", "\"end\":\"2011\"", false)]
    public void A_period_with_an_open_end_reaches_beyond_every_date(string query, string period, bool expected) =>
        Assert.Equal(expected, Samples.Matches("date=" + query, Observation($"\"effectivePeriod\":{{{period}}}")));

    [Fact]
    public void Greater_less_and_equal_cover_every_date_for_every_value()
    {
        var days = Gen.Choose(0, 3_000).Select(d => new DateTime(2010, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(d));
        var texts = days.SelectMany(d => Gen.Elements(d.ToString("yyyy"), d.ToString("yyyy-MM"), d.ToString("yyyy-MM-dd"), d.ToString("yyyy-MM-ddTHH:mm:ssZ")));
        Prop.ForAll(texts.Two().ToArbitrary(), pair =>
        {
            var (from, to) = Range(pair.Item1);
            var (low, high) = Range(pair.Item2);
            bool Is(SearchPrefix prefix) => Prefixes.Matches(prefix, from, to, low, high);
            return (Is(SearchPrefix.Equal) || Is(SearchPrefix.GreaterThan) || Is(SearchPrefix.LessThan))
                && Is(SearchPrefix.Equal) != Is(SearchPrefix.NotEqual)
                && Is(SearchPrefix.GreaterOrEqual) == (Is(SearchPrefix.Equal) || Is(SearchPrefix.GreaterThan))
                && Is(SearchPrefix.LessOrEqual) == (Is(SearchPrefix.Equal) || Is(SearchPrefix.LessThan))
                && (!Is(SearchPrefix.StartsAfter) || Is(SearchPrefix.GreaterThan) && !Is(SearchPrefix.Approximate))
                && (!Is(SearchPrefix.EndsBefore) || Is(SearchPrefix.LessThan) && !Is(SearchPrefix.Approximate))
                && (Is(SearchPrefix.Approximate) || Is(SearchPrefix.StartsAfter) || Is(SearchPrefix.EndsBefore))
                && from < to;
        }).QuickCheckThrowOnFailure();
    }

    private static (long From, long To) Range(string text) => Temporal.TryParse(text, TemporalKind.DateTime, out var value) ? value.UtcRange() : throw new FormatException(text);

    private const string Patient = """
        {"resourceType":"Patient","name":[{"family":"Gößling-Ångström","given":["Zoë","Étienne"],"text":"Frau Dr. Zoë"}],
         "address":[{"line":["1 Main St"],"city":"København","use":"home"}],"birthDate":"1980-02-29"}
        """;

    [Theory]
    [InlineData("family=gos", true)]
    [InlineData("family=GÖSS", true)]
    [InlineData("family=gößling-a", true)]
    [InlineData("family=angstrom", false)]
    [InlineData("family:contains=ANGSTROM", true)]
    [InlineData("family:exact=Gößling-Ångström", true)]
    [InlineData("family:exact=Gossling-Angstrom", false)]
    [InlineData("family:exact=Gößling", false)]
    [InlineData("given=etienne", true)]
    [InlineData("given=E\u0301tienne", true)]
    [InlineData("name=frau", true)]
    [InlineData("name=zoe&name=gossling", true)]
    [InlineData("name=nobody,zoe", true)]
    [InlineData("address=kobenhavn", true)]
    [InlineData("address-city=Kø", true)]
    [InlineData("address=home", false)]
    [InlineData("birthdate=1980-02-29", true)]
    [InlineData("birthdate=lt1980-02-29", false)]
    public void A_string_starts_with_the_text_whatever_case_and_accents(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Patient));

    [Fact]
    public void Folding_twice_changes_nothing_and_leaves_no_capital()
    {
        Prop.ForAll(ArbMap.Default.GeneratorFor<string>().Where(s => s is not null).ToArbitrary(), text =>
        {
            var folded = Folding.Fold(text);
            return Folding.Fold(folded) == folded && Folding.Fold(text.ToUpperInvariant().ToLowerInvariant()) == Folding.Fold(text.ToLowerInvariant()) && Folding.StartsWith(text, folded);
        }).QuickCheckThrowOnFailure();
        for (var c = '\0'; c < 0xffff; c++) Assert.Equal(Folding.Fold(c.ToString()), Folding.Fold(Folding.Fold(c.ToString())));
    }

    [Theory]
    [InlineData("100", 99.5, true)]
    [InlineData("100", 100.4, true)]
    [InlineData("100", 100.5, false)]
    [InlineData("100.00", 100.004, true)]
    [InlineData("100.00", 100.01, false)]
    [InlineData("1e2", 95, true)]
    [InlineData("1e2", 105, false)]
    [InlineData("lt100", 99.9, true)]
    [InlineData("lt100", 100, false)]
    [InlineData("ge100", 100, true)]
    [InlineData("gt100", 100, false)]
    [InlineData("ne100", 100.2, false)]
    [InlineData("ne100", 101, true)]
    [InlineData("ap100", 109, true)]
    [InlineData("ap100", 111, false)]
    [InlineData("-5", -5, true)]
    public void A_number_means_the_range_of_its_precision(string query, double value, bool expected) =>
        Assert.Equal(expected, NumberValue.Parse(query)!.Value.Matches((decimal)value, (decimal)value));

    [Theory]
    [InlineData("value-quantity=5.4|http://unitsofmeasure.org|mg", true)]
    [InlineData("value-quantity=5.4||mg", true)]
    [InlineData("value-quantity=5.4||milligram", true)]
    [InlineData("value-quantity=5.4", true)]
    [InlineData("value-quantity=5.4||kg", false)]
    [InlineData("value-quantity=le5.4|http://unitsofmeasure.org|mg", true)]
    [InlineData("value-quantity=gt5.4|http://unitsofmeasure.org|mg", false)]
    [InlineData("value-quantity=5|http://unitsofmeasure.org|mg", true)]
    [InlineData("value-quantity=5.40|http://unitsofmeasure.org|mg", true)]
    [InlineData("value-quantity=5.41", false)]
    public void A_quantity_matches_by_number_and_unit(string query, bool expected) =>
        Assert.Equal(expected, Samples.Matches(query, Observation("\"valueQuantity\":{\"value\":5.4,\"unit\":\"milligram\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg\"}")));

    [Theory]
    [InlineData("url=http://x.example/ValueSet/a", true)]
    [InlineData("url=http://x.example/ValueSet/A", false)]
    [InlineData("url=http://x.example/ValueSet", false)]
    [InlineData("url:below=http://x.example/ValueSet", true)]
    [InlineData("url:below=http://x.example/Val", false)]
    [InlineData("url:above=http://x.example/ValueSet/a/b", true)]
    public void A_uri_matches_as_a_whole(string query, bool expected) =>
        Assert.Equal(expected, Samples.Matches(query, """{"resourceType":"ValueSet","status":"active","url":"http://x.example/ValueSet/a"}"""));
}
