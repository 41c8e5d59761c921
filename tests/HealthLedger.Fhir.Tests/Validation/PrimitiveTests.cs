// http://hl7.org/fhir/R4/datatypes.html#primitive
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class PrimitiveTests
{
    [Theory]
    [InlineData("Date", "1970 1970-12 1970-02-28 2000-02-29 2024-02-29 0001-01-01 9999-12-31", "0000 70 1970-13 1970-00 1970-02-29 1900-02-29 1970-1-1 19700101 1970-12- 1970-12-31T10:00:00Z 1970-12-311 +1970")]
    [InlineData("DateTime", "1970 1970-12 1970-02-28 1970-12-31T10:00:00Z 1970-12-31T10:00:00.123456+14:00 1970-12-31T23:59:60-00:30", "1970-12-31T10:00Z 1970-12-31T10:00:00 1970-12-31T24:00:00Z 1970-12-31T10:60:00Z 1970-12-31T10:00:61Z 1970-12-31T10:00:00.Z 1970-12-31T10:00:00+14:30 1970-12-31T10:00:00+15:00 1970-12-31T10:00:00z 1970-12-31t10:00:00Z 1970-02-30T10:00:00Z 1970-12T10:00:00Z")]
    [InlineData("Instant", "2015-02-07T13:28:17.239+02:00 2017-01-01T00:00:00Z", "2015 2015-02-07 2015-02-07T13:28Z 2015-02-07T13:28:17 2015-02-07T13:28:17.239+2:00")]
    [InlineData("Time", "00:00:00 23:59:59 12:30:00.5", "24:00:00 12:30 12:30:00Z 1:30:00 12:30:00. 12-30-00")]
    [InlineData("Id", "a A.b-9 0123456789012345678901234567890123456789012345678901234567890123", "a_b a/b ä 01234567890123456789012345678901234567890123456789012345678901234")]
    [InlineData("Oid", "urn:oid:1.2.3 urn:oid:2.16.840.1.113883", "1.2.3 urn:oid:3.1 urn:oid:1 urn:oid:1. urn:oid:1.02 urn:oid:1..2 urn:oid:12.3 urn:oid:")]
    [InlineData("Uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "c757873d-ec9a-4326-a141-556f43239520 urn:uuid:C757873D-EC9A-4326-A141-556F43239520 urn:uuid:c757873dec9a4326a141556f43239520 urn:uuid:c757873d-ec9a-4326-a141-556f4323952g")]
    [InlineData("Base64Binary", "AAAA AA== AAA= +/+/", "A AA AAA AAAAA A=== AA=A AAA- ====")]
    [InlineData("Integer", "0 1 -1 2147483647 -2147483648", "2147483648 -2147483649 -0 1.0 1e2")]
    [InlineData("UnsignedInt", "0 1 2147483647", "-1 2147483648 1.0")]
    [InlineData("PositiveInt", "1 2147483647", "0 -1 2147483648")]
    [InlineData("Decimal", "0 -0.10 1e2 1.5E-300 123456789012345678901234567890.123456789", "1e1000 1E-1000 0.00000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData("Code", "a a-b ä/b", "")]
    [InlineData("Uri", "http://a.example/x?y#z urn:x a", "")]
    public void Texts_of_the_type_match_and_others_do_not(string kind, string valid, string invalid)
    {
        var primitive = Enum.Parse<PrimitiveKind>(kind);
        Assert.All(valid.Split(' '), v => Assert.True(PrimitiveFormat.Matches(primitive, Encoding.UTF8.GetBytes(v)), v));
        Assert.All(invalid.Split(' ', StringSplitOptions.RemoveEmptyEntries), v => Assert.False(PrimitiveFormat.Matches(primitive, Encoding.UTF8.GetBytes(v)), v));
    }

    /// <summary>R4 datatypes.html#string; XML 1.0 section 2.2: what has no place in one form of a resource is in neither.</summary>
    [Theory]
    [InlineData("\\u0000", false)]
    [InlineData("a\\u0001b", false)]
    [InlineData("\\u000b", false)]
    [InlineData("\\f", false)]
    [InlineData("\\b", false)]
    [InlineData("a\\u001f", false)]
    [InlineData("a\\t\\r\\n\\u0020\\u007f", true)]
    public void Control_characters_are_refused_with_their_place(string text, bool isValid)
    {
        var issues = ResourceValidator.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","name":[{"family":"x"},{"family":"{{text}}"}]}""")).Issues;

        Assert.Equal(isValid, issues.Count == 0);
        Assert.All(issues, i => Assert.Equal(("Patient.name[1].family", IssueType.Value), (i.Location, i.Type)));
    }

    [Theory]
    [InlineData("Code", " a")]
    [InlineData("Code", "a ")]
    [InlineData("Code", "a  b")]
    [InlineData("Code", "a\n\tb")]
    [InlineData("Uri", "a b")]
    [InlineData("Canonical", "http://a.example/x y")]
    [InlineData("Url", "\thttp://a.example")]
    public void White_space_is_refused_where_the_type_has_none(string kind, string text) =>
        Assert.False(PrimitiveFormat.Matches(Enum.Parse<PrimitiveKind>(kind), Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_code_may_have_single_spaces() => Assert.True(PrimitiveFormat.Matches(PrimitiveKind.Code, "a b c"u8));

    [Fact]
    public void Base64_may_have_white_space() => Assert.True(PrimitiveFormat.Matches(PrimitiveKind.Base64Binary, "AA AA\nAA=="u8));

    [Fact]
    public void The_hand_written_formats_agree_with_the_official_expressions()
    {
        string[] samples =
        [
            "0", "00", "-0", "1", "-1", "12", "1.5", "a", "A-1.b", "a b", "a  b", " a", "1970", "1970-01", "1970-01-01", "1970-13", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00", "12:00:00",
            "24:00:00", "1970-01-01T00:00:00.1-13:59", "1970-01-01T00:00:00+14:01", "urn:oid:1.2", "urn:oid:1.02", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "AAAA", "AAA", "http://x.example",
        ];
        foreach (var type in FhirDefinitions.R4.DataTypes.Select(t => FhirDefinitions.R4.Type(t)!).Where(t => t.Regex is not null && PrimitiveFormat.Token(t.Primitive) != JsonTokenType.True))
        {
            var official = new System.Text.RegularExpressions.Regex("^(?:" + type.Regex + ")$(?<!\n)");
            // JSON numbers have no leading plus or zeros, and integers are at most 32 bits.
            foreach (var sample in samples.Where(s => PrimitiveFormat.Token(type.Primitive) == JsonTokenType.String || (IsJsonNumber(s) && s != "-0")))
            {
                var matches = type.Primitive is PrimitiveKind.Decimal or PrimitiveKind.String or PrimitiveKind.Markdown || PrimitiveFormat.Matches(type.Primitive, Encoding.UTF8.GetBytes(sample));
                Assert.True(official.IsMatch(sample) == matches, $"{type.Name} '{sample}': {type.Regex}");
            }
        }
    }

    [Theory]
    [InlineData("""{"resourceType":"Patient","name":[{"family":"\ud800"}]}""", "not a Unicode character")]
    [InlineData("""{"resourceType":"Patient","id":"a_b"}""", "id is not a valid id: expected is 1 to 64 of")]
    [InlineData("""{"resourceType":"Patient","id":"\u0061 b"}""", "id is not a valid id")]
    [InlineData("""{"resourceType":"Patient","multipleBirthInteger":1.5}""", "whole number")]
    [InlineData("""{"resourceType":"Patient","photo":[{"data":"AAA"}]}""", "base64")]
    public void A_wrong_text_says_what_is_expected(string json, string message) =>
        Assert.Contains(message, Assert.Single(ResourceValidator.Validate(Encoding.UTF8.GetBytes(json)).Issues).Message, StringComparison.Ordinal);

    [Fact]
    public void Escapes_are_read_before_a_text_is_judged() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Patient","id":"\u0061","gender":"m\u0061le","photo":[{"contentType":"image/png","data":"AA\/A"}]}"""u8.ToArray()).IsValid);

    [Fact]
    public void Decimals_keep_any_precision_and_exponent() =>
        Assert.True(ResourceValidator.Validate("""{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.2300000000000000000000000000e-10}}"""u8.ToArray()).IsValid);

    [Fact]
    public void A_string_longer_than_a_mebibyte_is_refused()
    {
        var json = $$"""{"resourceType":"Patient","name":[{"family":"{{new string('x', (1024 * 1024) + 1)}}"}]}""";

        Assert.Equal(IssueType.TooLong, Assert.Single(ResourceValidator.Validate(Encoding.UTF8.GetBytes(json)).Issues).Type);
    }

    private static bool IsJsonNumber(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return parsed.RootElement.ValueKind == JsonValueKind.Number;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
