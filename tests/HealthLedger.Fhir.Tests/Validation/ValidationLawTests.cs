// http://hl7.org/fhir/R4/json.html; laws that hold for any input
using System.Text.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class ValidationLawTests
{
    private const string Marker = "Zqxj";

    private static readonly byte[][] Seeds =
    [
        """{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"text":{"status":"generated","div":"<div>x</div>"},"name":[{"given":["a",null],"_given":[null,{"id":"b"}]}],"deceasedBoolean":true,"managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}"""u8.ToArray(),
        """{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},"valueQuantity":{"value":1.50,"unit":"\u00b5g"}},"request":{"method":"POST","url":"Observation"}}]}"""u8.ToArray(),
        """{"resourceType":"Condition","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"subject":{"reference":"Patient/1"},"onsetPeriod":{"start":"2020"},"extension":[{"url":"http://a.example","extension":[{"url":"b","valueDecimal":1}]}]}"""u8.ToArray(),
    ];

    [Fact]
    public void No_change_of_a_resource_makes_validation_throw_and_the_outcome_stays_in_its_limits() => DamagedText.CheckAnyChange(Seeds, changed =>
    {
        var outcome = ResourceValidator.Validate(changed);
        return outcome.Issues.Count <= ResourceValidator.MaxIssues && outcome.Issues.All(i => i.Line > 0 && i.Column > 0);
    });

    [Fact]
    public void Every_cut_of_a_resource_is_refused()
    {
        Assert.All(Seeds, seed => Assert.True(ResourceValidator.Validate(seed).IsValid));
        Assert.All(Seeds.SelectMany(DamagedText.CutsOf), cut => Assert.False(ResourceValidator.Validate(cut).IsValid));
    }

    [Fact]
    public void Every_change_of_one_byte_is_survived() =>
        Assert.All(Seeds.SelectMany(seed => DamagedText.ChangesOf(seed, "\0\"\\{}[],:0a \u00ff"u8.ToArray())), changed => Assert.NotNull(ResourceValidator.Validate(changed).Issues));

    [Fact]
    public void Messages_never_carry_a_value_of_the_resource()
    {
        var checkedIssues = 0;
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Where((_, i) => i % 3 == 0).Where(f => f.Json.Length < 200_000))
        {
            using var document = JsonDocument.Parse(json);
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream))
            {
                Mark(document.RootElement, writer);
            }

            foreach (var issue in ResourceValidator.Validate(stream.ToArray()).Issues)
            {
                checkedIssues++;
                Assert.False((issue.Message + issue.Location).Contains(Marker, StringComparison.Ordinal), $"{name}: {issue}");
            }
        }

        Assert.True(checkedIssues > 1000 || SharedData.Folder("r4-examples") is null);
    }

    /// <summary>The same resource with a marker in each string value but the resource types.</summary>
    private static void Mark(JsonElement element, Utf8JsonWriter writer)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    if (property.Name == "resourceType")
                    {
                        property.Value.WriteTo(writer);
                    }
                    else
                    {
                        Mark(property.Value, writer);
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Mark(item, writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Marker + " " + element.GetString());
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
