// http://hl7.org/fhir/R4/search.html#summary, http://hl7.org/fhir/R4/search.html#elements
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Json;

public sealed class ResourceSubsetTests
{
    private const string Tag = "{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\",\"code\":\"SUBSETTED\"}";

    private const string Sample = """
        {"resourceType":"Patient","id":"a","language":"en","text":{"status":"generated","div":"<div>x</div>"},"implicitRules":"http://a.example","contained":[{"resourceType":"Organization","id":"o","name":"x"}],
         "extension":[{"url":"http://a.example","valueString":"x"}],"modifierExtension":[{"url":"http://b.example","valueString":"y"}],"active":true,"_active":{"id":"z"},
         "name":[{"id":"n","family":"f","extension":[{"url":"http://a.example","valueString":"x"}]},{"extension":[{"url":"http://c.example","valueString":"only"}]}],
         "birthDate":"1970","maritalStatus":{"text":"m"},"photo":[{"title":"t"}],"link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}
        """;

    private static string Of(string query, string json = Sample)
    {
        var type = JsonNode.Parse(json)!["resourceType"]!.GetValue<string>();
        var (subset, _, issue) = SubsetParameters.Parse(type, QueryText.Split(query));
        Assert.Null(issue);
        return Encoding.UTF8.GetString(subset!.Of(Encoding.UTF8.GetBytes(json)));
    }

    [Theory]
    [InlineData(
        "_summary=true",
        ""","implicitRules":"http://a.example","modifierExtension":[{"url":"http://b.example","valueString":"y"}],"active":true,"_active":{"id":"z"},"name":[{"family":"f"},{"extension":[{"url":"http://c.example","valueString":"only"}]}],"birthDate":"1970","link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}""")]
    [InlineData("_summary=text", ""","text":{"status":"generated","div":"<div>x</div>"},"implicitRules":"http://a.example","modifierExtension":[{"url":"http://b.example","valueString":"y"}]}""")]
    [InlineData("_elements=birthDate,photo", ""","implicitRules":"http://a.example","modifierExtension":[{"url":"http://b.example","valueString":"y"}],"birthDate":"1970","photo":[{"title":"t"}]}""")]
    [InlineData("_elements=Patient.active", ""","implicitRules":"http://a.example","modifierExtension":[{"url":"http://b.example","valueString":"y"}],"active":true,"_active":{"id":"z"}}""")]
    [InlineData("_elements=id,meta&_summary=false", ""","implicitRules":"http://a.example","modifierExtension":[{"url":"http://b.example","valueString":"y"}]}""")]
    public void The_part_that_is_asked_for_stays_with_what_must(string query, string rest) =>
        Assert.Equal($$"""{"resourceType":"Patient","id":"a","meta":{"tag":[{{Tag}}]}{{rest}}""", Of(query));

    [Fact]
    public void Data_is_all_but_the_narrative()
    {
        var expected = JsonNode.Parse(Sample)!.AsObject();
        expected.Remove("text");
        expected["meta"] = new JsonObject { ["tag"] = new JsonArray(JsonNode.Parse(Tag)) };
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(Of("_summary=data"))));
    }

    [Fact]
    public void A_choice_is_one_element_whatever_its_type()
    {
        const string Observation = """{"resourceType":"Observation","meta":{"versionId":"3","tag":[{"code":"x"}],"profile":["http://a.example"]},"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.50},"effectiveDateTime":"2020"}""";
        var expected = "{\"resourceType\":\"Observation\",\"meta\":{\"versionId\":\"3\",\"tag\":[{\"code\":\"x\"}," + Tag + "],\"profile\":[\"http://a.example\"]},\"status\":\"final\",\"code\":{\"text\":\"c\"},\"valueQuantity\":{\"value\":1.50}}";
        foreach (var name in new[] { "value", "value[x]", "valueQuantity" })
        {
            Assert.Equal(expected, Of("_elements=" + name, Observation));
        }
    }

    [Theory]
    [InlineData("_summary=zebedee")]
    [InlineData("_summary=")]
    [InlineData("_elements=zebedee")]
    [InlineData("_elements=name.family")]
    [InlineData("_elements=Observation.value")]
    [InlineData("_elements=")]
    [InlineData("_elements=name,")]
    [InlineData("_elements=name&_elements=photo")]
    [InlineData("_elements=name&_summary=true")]
    [InlineData("_summary=true&_summary=text")]
    public void What_makes_no_sense_is_refused(string query)
    {
        var (subset, isCountOnly, issue) = SubsetParameters.Parse("Patient", QueryText.Split(query));
        Assert.Null(subset);
        Assert.False(isCountOnly);
        Assert.Equal(SearchIssueCode.InvalidValue, issue!.Code);
        Assert.DoesNotContain("zebedee", issue.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_of_one_type_leave_other_types_whole_and_without_a_type_any_will_do()
    {
        var other = """{"resourceType":"Basic","code":{"text":"c"}}"""u8;
        Assert.Equal(other, SubsetParameters.Parse("Patient", QueryText.Split("_elements=name")).Subset!.Of(other));
        Assert.Equal("{\"resourceType\":\"Basic\",\"meta\":{\"tag\":[" + Tag + "]},\"code\":{\"text\":\"c\"}}", Encoding.UTF8.GetString(SubsetParameters.Parse(null, QueryText.Split("_elements=name")).Subset!.Of(other)));
        Assert.NotNull(SubsetParameters.Parse(null, QueryText.Split("_elements=zebedee")).Issue);
    }

    [Fact]
    public void Every_part_of_every_example_has_what_the_definitions_demand_and_says_nothing_new()
    {
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Where(f => f.Json.Length < 500_000))
        {
            if (!ResourceValidator.Validate(json).IsValid)
            {
                continue;
            }

            var whole = JsonNode.Parse(json)!.AsObject();
            var type = FhirDefinitions.R4.ResourceType(whole["resourceType"]!.GetValue<string>())!;
            var one = ResourceSubset.OfElements(type.Name, new HashSet<string> { type.Elements[^1].Name });
            foreach (var subset in new[] { ResourceSubset.Summary, ResourceSubset.Text, ResourceSubset.Data, one })
            {
                var part = subset.Of(json);
                // Invariants may ask for elements that were not asked for.
                Assert.All(ResourceValidator.Validate(part).Issues, i => Assert.True(i.Type == IssueType.Invariant || i.Severity == IssueSeverity.Warning, $"{name}: {i}"));
                var parsed = JsonNode.Parse(part)!.AsObject();
                Assert.Equal("SUBSETTED", parsed["meta"]!["tag"]!.AsArray()[^1]!["code"]!.GetValue<string>());
                parsed.Remove("meta");
                Assert.True(IsPartOf(parsed, whole), name);
                if (subset == ResourceSubset.Text)
                {
                    Assert.All(parsed.Select(p => p.Key), k => Assert.True(k is "resourceType" or "id" or "text" or "implicitRules" or "modifierExtension" || type.Element(k.TrimStart('_'))!.Definition.Min > 0, $"{name}: {k}"));
                }
            }
        }
    }

    private static bool IsPartOf(JsonNode? part, JsonNode? whole) => (part, whole) switch
    {
        (JsonObject one, JsonObject other) => one.All(p => other.TryGetPropertyValue(p.Key, out var its) && IsPartOf(p.Value, its)),
        (JsonArray one, JsonArray other) => one.Count == other.Count && one.Zip(other).All(p => IsPartOf(p.First, p.Second)),
        _ => JsonNode.DeepEquals(part, whole),
    };
}
