// http://hl7.org/fhir/R4/validation.html; the examples are those of the specification, the bundles Synthea's, the cases those of the HL7 validator
using System.Text.Json;
using HealthLedger.Conformance;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class PublishedResourcesTests
{
    /// <summary>Examples of the specification that break the specification's own rules, each with the place.</summary>
    private static readonly Dictionary<string, string[]> BrokenExamples = new(StringComparer.Ordinal)
    {
        // txt-2: a narrative has content; these have white space only.
        ["ActivityDefinition-blood-tubes-supply.json"] = ["ActivityDefinition.text.div"],
        ["EventDefinition-example.json"] = ["EventDefinition.text.div"],
        ["Questionnaire-zika-virus-exposure-assessment.json"] = ["Questionnaire.text.div"],
        // They refer to a type that the element does not allow.
        ["DeviceMetric-example.json"] = ["DeviceMetric.parent.reference"],
        ["DeviceUseStatement-example.json"] = ["DeviceUseStatement.reasonReference[0].reference"],
        ["MedicationRequest-medrx0301.json"] = ["MedicationRequest.dispenseRequest.performer.reference"],
        ["Observation-clinical-gender.json"] = ["Observation.performer[0].reference"],
        // bundle.html#bundle-unique: a fullUrl that is a server's address says the id of its resource; these say another.
        ["Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json"] = ["Bundle.entry[2].fullUrl"],
        ["Bundle-lri-example.json"] = [.. new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }.Select(i => $"Bundle.entry[{i}].fullUrl").Order(StringComparer.Ordinal)],
        // It lacks required elements, and one of its references has an id of 67 characters.
        ["ig-r4.json.gz"] = ["ImplementationGuide.manifest.resource[11904].reference.reference", "ImplementationGuide.name", "ImplementationGuide.status"],
    };

    [Fact]
    [Trait("Suite", "Conformance")]
    public void Every_example_of_the_specification_is_valid_but_those_that_break_it()
    {
        var total = 0;
        foreach (var (name, json) in ExampleFiles.Of("r4-examples"))
        {
            total++;
            var outcome = ResourceValidator.Validate(json);

            var found = outcome.Issues.Select(i => i.Location).Order(StringComparer.Ordinal);
            Assert.True(
                found.SequenceEqual(BrokenExamples.GetValueOrDefault(name) ?? [], StringComparer.Ordinal),
                $"{name}: {string.Join("; ", outcome.Issues.Select(i => i.Location + " " + i.Message))}");
        }

        if (total > 0)
        {
            new SuiteResult(
                "validation", "official examples accepted, invariants and references included", "http://hl7.org/fhir/R4/validation.html", total - BrokenExamples.Count, total,
                [.. BrokenExamples.OrderBy(b => b.Key, StringComparer.Ordinal).Select(b => $"`{b.Key}` breaks a rule at {string.Join(", ", b.Value.Take(3))}{(b.Value.Length > 3 ? " and more" : "")}")]).Keep();
        }
    }

    [Fact]
    public void Every_synthea_bundle_is_valid()
    {
        foreach (var (name, json) in ExampleFiles.Of("synthea"))
        {
            var outcome = ResourceValidator.Validate(json, "Bundle");

            Assert.True(outcome.Issues.Count == 0, $"{name}: {outcome.Issues.FirstOrDefault()}");
        }
    }

    [Fact]
    public void Every_example_and_definition_of_us_core_is_valid()
    {
        foreach (var (name, json) in ExampleFiles.Of("ig/us-core").Where(f => f.Name != "package.json"))
        {
            var outcome = ResourceValidator.Validate(json);

            // One searchset among the examples has two fullUrls that say another id than their resources (bundle.html#bundle-unique).
            Assert.True(outcome.Issues.All(i => i.Location is "Bundle.entry[54].resource.entry[2].fullUrl" or "Bundle.entry[74].resource.entry[2].fullUrl"), $"{name}: {outcome.Issues.FirstOrDefault()}");
        }
    }

    [Fact]
    public void What_the_reference_validator_accepts_is_accepted()
    {
        if (SharedData.Folder("validator") is not { } folder)
        {
            return;
        }

        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        var compared = 0;
        foreach (var test in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            var file = test.GetProperty("file").GetString()!;
            if (!file.EndsWith(".json", StringComparison.Ordinal)
                || !test.TryGetProperty("expectBase", out var expected)
                || expected.ValueKind != JsonValueKind.Object
                || !expected.TryGetProperty("errors", out var errors)
                || errors.GetInt32() != 0)
            {
                continue;
            }

            compared++;
            var outcome = ResourceValidator.Validate(File.ReadAllBytes(Path.Combine(folder, "files", file)));
            Assert.True(outcome.IsValid, $"{file}: {outcome.Issues.FirstOrDefault()}");
        }

        Assert.True(compared >= 30);
    }

    [Theory]
    [InlineData("attachment-with-invalid-binary.json")]
    [InlineData("cs-meta-profile.json")]
    [InlineData("hakan-se.json")]
    [InlineData("patient-id-bad-1.json")]
    [InlineData("patient-id-bad-2.json")]
    [InlineData("bundle-ea-testcase.json")]
    [InlineData("json-comments.json")]
    [InlineData("versioned-extension.json")]
    [InlineData("ai3.json")]
    [InlineData("ai7.json")]
    [InlineData("parameters-attachment.json")]
    [InlineData("bad-json-close-3.json")]
    public void What_the_reference_validator_refuses_for_structure_or_format_is_refused(string file)
    {
        if (SharedData.Folder("validator/files") is { } folder)
        {
            Assert.False(ResourceValidator.Validate(File.ReadAllBytes(Path.Combine(folder, file))).IsValid);
        }
    }
}
