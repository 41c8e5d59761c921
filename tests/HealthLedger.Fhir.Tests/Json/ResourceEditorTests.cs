// http://hl7.org/fhir/R4/http.html#create, http://hl7.org/fhir/R4/http.html#transaction (replacing links), http://hl7.org/fhir/R4/json.html
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Json;

public sealed class ResourceEditorTests
{
    private static readonly DateTimeOffset Time = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(2));

    private static string Edit(string json, ResourceEdit edit) => Encoding.UTF8.GetString(ResourceEditor.Edit(Encoding.UTF8.GetBytes(json), edit));

    [Theory]
    [InlineData("""{ "resourceType" : "Patient" }""", """{"resourceType":"Patient","id":"b","meta":{"versionId":"7","lastUpdated":"2026-02-03T02:05:06.789Z"}}""")]
    [InlineData("""{"active":true,"id":"a","resourceType":"Patient"}""", """{"resourceType":"Patient","id":"b","meta":{"versionId":"7","lastUpdated":"2026-02-03T02:05:06.789Z"},"active":true}""")]
    [InlineData(
        """{"resourceType":"Patient","meta":{"lastUpdated":"2000-01-01T00:00:00Z","_lastUpdated":{"id":"x"},"profile":["http://a.example"],"versionId":"1"},"id":"a"}""",
        """{"resourceType":"Patient","id":"b","meta":{"versionId":"7","lastUpdated":"2026-02-03T02:05:06.789Z","profile":["http://a.example"]}}""")]
    public void Id_version_and_time_are_set_and_other_meta_is_kept(string before, string after) =>
        Assert.Equal(after, Edit(before, new() { Id = "b", VersionId = "7", LastUpdated = Time }));

    [Fact]
    public void Nothing_but_white_space_and_order_changes_without_an_edit() =>
        Assert.Equal(
            """{"resourceType":"Observation","id":"a","meta":{"versionId":"1"},"zeta":[1,{"b":[],"a":null}],"valueQuantity":{"value":1.2300e-2,"unit":"\u00b5g\/l"}}""",
            Edit("""{ "zeta": [1, {"b": [], "a": null} ], "meta": {"versionId": "1"}, "id": "a", "resourceType": "Observation", "valueQuantity": { "value": 1.2300e-2, "unit": "\u00b5g\/l" } }""", new()));

    [Fact]
    public void Links_are_rewritten_where_their_type_is_a_link_and_nowhere_else()
    {
        const string Old = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520";
        var before = $$"""
            {"resourceType":"Observation",
             "text":{"status":"generated","div":"<div><a href=\"{{Old}}\">{{Old}}</a><img src='{{Old}}'/></div>"},
             "contained":[{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"{{Old}}"} }],
             "extension":[{"url":"http://a.example","valueUri":"{{Old}}"},{"url":"http://a.example","valueCanonical":"{{Old}}"},{"url":"http://a.example","valueString":"{{Old}}"},{"url":"http://a.example","valueReference":{"reference":"{{Old}}"} }],
             "identifier":[{"system":"urn:ietf:rfc:3986","value":"{{Old}}"}],
             "instantiatesCanonical":"{{Old}}",
             "subject":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f4323952\u0030","display":"{{Old}}"},
             "focus":[{"reference":"Patient/1"},{"reference":"{{Old}}"}],
             "code":{"text":"{{Old}}"} }
            """;

        using var after = JsonDocument.Parse(Edit(before, new() { Links = (link, _) => link.SequenceEqual(Encoding.UTF8.GetBytes(Old)) ? "Patient/9" : null }));

        var root = after.RootElement;
        Assert.Equal($"<div><a href=\"Patient/9\">{Old}</a><img src='Patient/9'/></div>", root.GetProperty("text").GetProperty("div").GetString());
        Assert.Equal("Patient/9", root.GetProperty("contained")[0].GetProperty("managingOrganization").GetProperty("reference").GetString());
        Assert.Equal("Patient/9", root.GetProperty("extension")[0].GetProperty("valueUri").GetString());
        Assert.Equal(Old, root.GetProperty("extension")[1].GetProperty("valueCanonical").GetString());
        Assert.Equal(Old, root.GetProperty("extension")[2].GetProperty("valueString").GetString());
        Assert.Equal("Patient/9", root.GetProperty("extension")[3].GetProperty("valueReference").GetProperty("reference").GetString());
        Assert.Equal(Old, root.GetProperty("identifier")[0].GetProperty("value").GetString());
        Assert.Equal("Patient/9", root.GetProperty("subject").GetProperty("reference").GetString());
        Assert.Equal(Old, root.GetProperty("subject").GetProperty("display").GetString());
        Assert.Equal("Patient/1", root.GetProperty("focus")[0].GetProperty("reference").GetString());
        Assert.Equal("Patient/9", root.GetProperty("focus")[1].GetProperty("reference").GetString());
        Assert.Equal(Old, root.GetProperty("code").GetProperty("text").GetString());
    }

    [Fact]
    public void The_rewriter_learns_where_a_link_stands_and_sees_it_unescaped()
    {
        var seen = new List<string>();
        Edit(
            """{"resourceType":"Basic","text":{"status":"generated","div":"<div><a href=\"x?a=b&amp;c=d\">x</a></div>"},"code":{"coding":[{"system":"http:\/\/a.example"}]},"subject":{"reference":"Patient/\u0031"}}""",
            new()
            {
                Links = (link, place) =>
                {
                    seen.Add(place + " " + Encoding.UTF8.GetString(link));
                    return null;
                },
            });

        Assert.Equal(["Narrative x?a=b&c=d", "Uri http://a.example", "Reference Patient/1"], seen);
    }

    [Fact]
    public void A_new_link_is_escaped_for_its_place()
    {
        var after = Edit(
            """{"resourceType":"Basic","text":{"status":"generated","div":"<div><a href=\"x\">x</a></div>"},"code":{"text":"x"},"subject":{"reference":"x"}}""",
            new() { Links = (_, _) => "a\"b&c<d" });

        using var document = JsonDocument.Parse(after);
        Assert.Equal("a\"b&c<d", document.RootElement.GetProperty("subject").GetProperty("reference").GetString());
        Assert.Equal("<div><a href=\"a&quot;b&amp;c&lt;d\">x</a></div>", document.RootElement.GetProperty("text").GetProperty("div").GetString());
    }

    [Fact]
    public void What_is_no_resource_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Edit("[]", new()));
        Assert.Throws<ArgumentException>(() => Edit("""{"id":"a"}""", new()));
        Assert.ThrowsAny<JsonException>(() => Edit("""{"resourceType":"Patient" """, new()));
    }

    [Fact]
    public void Every_example_keeps_its_content()
    {
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Where((_, i) => i % 4 == 0))
        {
            var edited = ResourceEditor.Edit(json, new() { Id = "new-id", VersionId = "9", LastUpdated = Time, Links = (_, _) => null });

            var before = JsonNode.Parse(json)!.AsObject();
            var after = JsonNode.Parse(edited)!.AsObject();
            Assert.Equal("new-id", (string?)after["id"]);
            Assert.Equal("9", (string?)after["meta"]!["versionId"]);
            foreach (var resource in new[] { before, after })
            {
                resource.Remove("id");
                var meta = resource["meta"]?.AsObject() ?? [];
                meta.Remove("versionId");
                meta.Remove("lastUpdated");
                if (meta.Count == 0)
                {
                    resource.Remove("meta");
                }
            }

            Assert.True(JsonNode.DeepEquals(before, after), name);
            Assert.Equal(Numbers(json), Numbers(edited));
        }
    }

    [Fact]
    public void Rewriting_every_link_to_itself_changes_nothing_and_stays_valid()
    {
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Where((_, i) => i % 5 == 0))
        {
            var minified = ResourceEditor.Edit(json, new());
            var edited = ResourceEditor.Edit(json, new() { Links = (link, _) => Encoding.UTF8.GetString(link) });

            Assert.Equal(ResourceValidator.Validate(json).IsValid, ResourceValidator.Validate(edited).IsValid);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(minified), JsonNode.Parse(edited)), name);
        }
    }

    private static List<string> Numbers(byte[] json)
    {
        var numbers = new List<string>();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number)
            {
                numbers.Add(Encoding.UTF8.GetString(reader.ValueSpan));
            }
        }

        numbers.Sort(StringComparer.Ordinal);
        return numbers;
    }
}
