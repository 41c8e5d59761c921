// http://hl7.org/fhir/R4/resource.html, http://hl7.org/fhir/R4/references.html, http://hl7.org/fhir/R4/operationoutcome.html
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Json;

public sealed class ResourceJsonTests
{
    [Theory]
    [InlineData("""{"resourceType":"Patient","id":"a","meta":{"versionId":"3","lastUpdated":"2020-01-01T00:00:00Z","security":[{"system":"s","code":"R"},{"code":"N","display":"x"}],"profile":["http://a.example"],"tag":[{"code":"t"}]}}""")]
    [InlineData("""{"name":[{"id":"b","family":"x"}],"meta":{"profile":["http://a.example"],"security":[{"code":"R","system":"s"},{"code":"N"}],"source":"x","lastUpdated":"2020-01-01T00:00:00Z","versionId":"3"},"id":"\u0061","resourceType":"Patient"}""")]
    public void The_head_is_read_wherever_it_stands(string json)
    {
        var header = ResourceJson.ReadHeader(Encoding.UTF8.GetBytes(json));

        Assert.Equal(("Patient", "a", "3", "2020-01-01T00:00:00Z"), (header.ResourceType, header.Id, header.VersionId, header.LastUpdated));
        Assert.Equal([new CodingText("s", "R"), new CodingText(null, "N")], header.Security);
        Assert.Equal(["http://a.example"], header.Profiles);
    }

    [Fact]
    public void What_is_absent_or_of_another_kind_reads_as_null()
    {
        var header = ResourceJson.ReadHeader("""{"id":5,"meta":[],"resourceType":{}}"""u8);

        Assert.Equal((null, null, null, null), (header.ResourceType, header.Id, header.VersionId, header.LastUpdated));
        Assert.Empty(header.Security);
        Assert.Null(ResourceJson.ReadHeader("[]"u8).ResourceType);
    }

    [Fact]
    public void The_type_is_read_only_where_it_is_a_type()
    {
        Assert.Equal("Patient", ResourceJson.ReadType("""{"id":"a","resourceType":"Patient"}"""u8));
        Assert.Null(ResourceJson.ReadType("""{"resourceType":"Nothing"}"""u8));
    }

    [Fact]
    public void References_are_found_with_their_element_in_contained_resources_and_extensions_too()
    {
        var found = ResourceReferences.Of("""
            {"resourceType":"Observation",
             "contained":[{"resourceType":"Patient","managingOrganization":{"reference":"Organization/o"}}],
             "extension":[{"url":"u","valueReference":{"reference":"#p"}}],
             "_status":{"extension":[{"url":"u","valueReference":{"reference":"urn:oid:1.2"}}]},
             "subject":{"reference":"http://a.example/fhir/Patient/1/_history/2","identifier":{"assigner":{"reference":"Organization?identifier=x"}}},
             "performer":[{"display":"x"},{"reference":"Practitioner/2"}],
             "note":[{"authorReference":{"reference":"???"}}]}
            """u8);

        Assert.Equal(
            [
                ("Organization/o", ReferenceKind.Relative, "Organization", "o", "Patient.managingOrganization", true),
                ("#p", ReferenceKind.Fragment, null, "p", "Extension.value[x]", false),
                ("urn:oid:1.2", ReferenceKind.Urn, null, null, "Extension.value[x]", false),
                ("http://a.example/fhir/Patient/1/_history/2", ReferenceKind.Absolute, "Patient", "1", "Observation.subject", false),
                ("Organization?identifier=x", ReferenceKind.Conditional, "Organization", null, "Identifier.assigner", false),
                ("Practitioner/2", ReferenceKind.Relative, "Practitioner", "2", "Observation.performer", false),
                ("???", ReferenceKind.Invalid, null, null, "Annotation.author[x]", false),
            ],
            found.Select(f => (f.Text, f.Kind, f.ResourceType, f.Id, f.Element, f.IsInContained)));
    }

    [Fact]
    public void A_reference_is_taken_apart()
    {
        var reference = LiteralReference.Parse("https://a.example/r4/Patient/1/_history/2#x"u8);
        Assert.Equal(ReferenceKind.Absolute, reference.Kind);
        Assert.Equal("https://a.example/r4", Encoding.UTF8.GetString(reference.BaseUrl));
        Assert.Equal("2", Encoding.UTF8.GetString(reference.Version));
        Assert.Null(LiteralReference.Parse("https://a.example/Patients/1"u8).ResourceType);
        Assert.Null(LiteralReference.Parse("ftp://a.example/Patient/1"u8).ResourceType);
        Assert.Equal(ReferenceKind.Fragment, LiteralReference.Parse("#"u8).Kind);
        Assert.Equal("name=x", Encoding.UTF8.GetString(LiteralReference.Parse("Patient?name=x"u8).Query));
        Assert.Equal(ReferenceKind.Invalid, LiteralReference.Parse("Patient?"u8).Kind);
        Assert.Equal(ReferenceKind.Invalid, LiteralReference.Parse(""u8).Kind);
    }

    [Fact]
    public void An_outcome_carries_each_issue_and_is_itself_valid()
    {
        var outcome = ResourceValidator.Validate("""{"resourceType":"Patient","gender":"x","nmae":1}"""u8.ToArray());

        var json = OperationOutcomeJson.From(outcome.Issues);

        Assert.Empty(ResourceValidator.Validate(json, "OperationOutcome").Issues);
        using var document = JsonDocument.Parse(json);
        var issue = document.RootElement.GetProperty("issue")[0];
        Assert.Equal("error", issue.GetProperty("severity").GetString());
        Assert.Equal("code-invalid", issue.GetProperty("code").GetString());
        Assert.Equal("Patient.gender", issue.GetProperty("expression")[0].GetString());
        Assert.Equal("line 1, column 36", issue.GetProperty("location")[0].GetString());
        Assert.Equal(2, document.RootElement.GetProperty("issue").GetArrayLength());
    }

    [Fact]
    public void An_outcome_without_issues_says_so() =>
        Assert.Empty(ResourceValidator.Validate(OperationOutcomeJson.From([]), "OperationOutcome").Issues);

    [Fact]
    public void Every_issue_type_and_severity_has_a_code_of_the_specification()
    {
        foreach (var type in Enum.GetValues<IssueType>())
        {
            foreach (var severity in Enum.GetValues<IssueSeverity>())
            {
                Assert.Empty(ResourceValidator.Validate(OperationOutcomeJson.From(severity, type, "x\u0001\n", "Patient.name")).Issues);
            }
        }
    }
}
