// The Unified Code for Units of Measure, https://ucum.org/ucum: sections 2 (grammar), 4 (tables); R4 search.html#quantity.
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.Tests.Search;
using HealthLedger.Fhir.Ucum;

namespace HealthLedger.Fhir.Tests.Ucum;

public sealed class UcumUnitTests
{
    [Theory]
    [InlineData(1, "g", 1000, "mg")]
    [InlineData(6.3, "mmol/L", 6300, "umol/L")]
    [InlineData(6.3, "mmol/L", 6.3, "mol/m3")]
    [InlineData(1, "L", 1, "dm3")]
    [InlineData(1, "mL", 1, "cm3")]
    [InlineData(120, "mm[Hg]", 15.99864, "kPa")]
    [InlineData(10, "cm[H2O]", 980.665, "Pa")]
    [InlineData(37, "Cel", 98.6, "[degF]")]
    [InlineData(98.6, "[degF]", 37, "Cel")]
    [InlineData(-40, "[degF]", -40, "Cel")]
    [InlineData(0, "Cel", 273.15, "K")]
    [InlineData(70, "[in_i]", 177.8, "cm")]
    [InlineData(150, "[lb_av]", 68.0388555, "kg")]
    [InlineData(72, "/min", 4320, "/h")]
    [InlineData(72, "{beats}/min", 1.2, "Hz")]
    [InlineData(5, "10*9/L", 5, "10*3/uL")]
    [InlineData(5, "10^9/L", 5000000, "/mL")]
    [InlineData(24.5, "kg/m2", 24500, "g.m-2")]
    [InlineData(1, "U/L", 16.6666666667, "nkat/L")]
    [InlineData(5, "m[IU]/L", 5, "u[IU]/mL")]
    [InlineData(90, "mg/g{creat}", 90, "g/kg")]
    [InlineData(50, "%", 0.5, "1")]
    [InlineData(1, "a", 365.25, "d")]
    [InlineData(1, "kcal", 4184, "J")]
    [InlineData(1, "kcal", 1, "[Cal]")]
    [InlineData(1, "ng/mL", 1, "ug/L")]
    [InlineData(1, "meq/L", 1, "mmol/L")]
    [InlineData(27, "pg", 0.000027, "ug")]
    [InlineData(90, "fL", 90, "um3")]
    public void Units_of_one_dimension_convert(double value, string from, double expected, string to)
    {
        Assert.Equal((decimal)expected, Math.Round(UcumUnit.Of(from)!.Convert((decimal)value, UcumUnit.Of(to)!)!.Value, 10));
        Assert.Equal((decimal)value, Math.Round(UcumUnit.Of(to)!.Convert((decimal)expected, UcumUnit.Of(from)!)!.Value, 8));
    }

    [Theory]
    [InlineData("mg/dL", "mmol/L")]
    [InlineData("[iU]/L", "U/L")]
    [InlineData("Cel", "Cel2")]
    [InlineData("m", "s")]
    [InlineData("mol", "1")]
    [InlineData("[arb'U]", "[USP'U]")]
    public void Units_of_different_dimensions_do_not(string from, string to) => Assert.True(UcumUnit.Of(from) is not { } a || UcumUnit.Of(to) is not { } b || a.Convert(1, b) is null);

    [Theory]
    [InlineData("")]
    [InlineData("beats")]
    [InlineData("mmHg")]
    [InlineData("m/")]
    [InlineData("(m")]
    [InlineData("m)")]
    [InlineData("{x")]
    [InlineData("m99999999999")]
    [InlineData("B[SPL]")]
    [InlineData("k[in_i]")]
    [InlineData("0")]
    public void What_is_no_unit_has_none(string code) => Assert.Null(UcumUnit.Of(code));

    [Fact]
    public void Any_text_is_a_unit_or_not_and_never_throws()
    {
        string[] parts = ["m", "g", "/", ".", "(", ")", "{a}", "10*", "-3", "2", "[in_i]", "k", "%", "[", "]", "'", "Cel"];
        Prop.ForAll(Gen.Elements(parts).ListOf().Select(string.Concat).ToArbitrary(), code => UcumUnit.Of(code) is not { } unit || unit.Convert(1, unit) == 1).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("value-quantity=6300|http://unitsofmeasure.org|umol/L", true)]
    [InlineData("value-quantity=gt6299|http://unitsofmeasure.org|umol/L", true)]
    [InlineData("value-quantity=gt6300|http://unitsofmeasure.org|umol/L", false)]
    [InlineData("value-quantity=lt7|http://unitsofmeasure.org|mmol/L", true)]
    [InlineData("value-quantity=6.3|http://unitsofmeasure.org|mg/dL", false)]
    [InlineData("value-quantity=6.3||mmol/L", true)]
    [InlineData("value-quantity=6300||umol/L", false)]
    [InlineData("code-value-quantity=15074-8$6300|http://unitsofmeasure.org|umol/L", true)]
    [InlineData("_filter=value-quantity gt 6299|http://unitsofmeasure.org|umol/L", true)]
    public void A_quantity_is_found_in_any_unit_of_its_dimension(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, """
        {"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"15074-8"}]},
         "valueQuantity":{"value":6.3,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"}}
        """));
}
