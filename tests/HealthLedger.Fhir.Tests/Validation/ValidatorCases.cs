// The cases of FHIR/fhir-test-cases (validator/), R4, with the outcomes of the HL7 validator.
using System.IO.Compression;
using System.Text.Json;
using HealthLedger.Conformance;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Fhir.Xml;
using Xunit.Abstractions;

namespace HealthLedger.Fhir.Tests.Validation;

/// <summary>
/// Compares error or no error, against the base and against each case's profile. Cases that need a terminology server are left out. The disagreements are in
/// validator-disagreements.txt, one line each with a reason; a line whose case agrees must be taken off.
/// </summary>
public sealed class ValidatorCases(ITestOutputHelper output)
{
    /// <summary>Of the cases compared.</summary>
    private const double LeastAgreement = 0.95;

    /// <summary>The reference run allowed only known extensions, and those of these examples; of HL7's own it knew later ones too.</summary>
    private static readonly ProfilePolicy Policy = new(RefuseUnknownExtensions: true, ["http://example.org/", "http://example.com/", "https://example.org/", "http://acme.org/", "http://hl7.org/fhir/StructureDefinition/organization-", "http://hl7.org/fhir/StructureDefinition/endpoint-fhir-version", "http://acme.com/", "http://fhir.acme.com/"]);

    private static readonly Lazy<ConformanceResources> Core = new(() => new(LoadCore));

    [Fact]
    [Trait("Suite", "Conformance")]
    public void The_cases_are_judged_as_the_reference_validator_judges_them()
    {
        if (SharedData.Folder("validator") is not { } folder || SharedData.Folder("fhir-r4/core-4.0.1") is null)
        {
            return;
        }

        var listed = File.ReadAllLines(Path.Combine(SharedData.Repository(), "tests", "HealthLedger.Fhir.Tests", "Validation", "validator-disagreements.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .ToDictionary(l => l[..l.IndexOf(": ", StringComparison.Ordinal)], l => l, StringComparer.Ordinal);
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        var compared = 0;
        var disagreements = new List<string>();
        var details = new List<string>();
        foreach (var test in cases.RootElement.GetProperty("cases").EnumerateArray().Where(c => !c.GetProperty("needsTerminologyServer").GetBoolean()))
        {
            var name = test.GetProperty("name").GetString()!;
            var options = test.GetProperty("options");
            var policy = Policy with { RefuseMarkup = options.TryGetProperty("security-checks", out _) || options.TryGetProperty("noHtmlInMarkdown", out _) };
            var resource = Read(folder, test.GetProperty("file").GetString()!);
            var supporting = Names(test, "supporting").Select(f => Read(folder, f)).ToList();
            if (Errors(test, "expectBase") is { } baseErrors)
            {
                Compare(name + " (base, " + test.GetProperty("module").GetString() + ")", policy, resource, supporting, null, baseErrors);
            }

            if (test.TryGetProperty("profile", out var profile) && Errors(profile, "expect") is { } profileErrors)
            {
                var source = Read(folder, profile.GetProperty("source").GetString()!);
                var url = JsonDocument.Parse(source.Json).RootElement.GetProperty("url").GetString()!;
                Compare(name + " (profile)", policy, resource, [.. supporting, source, .. Names(profile, "supporting").Select(f => Read(folder, f))], url, profileErrors);
            }
        }

        foreach (var line in details)
        {
            output.WriteLine(line);
        }

        output.WriteLine($"{compared - disagreements.Count} of {compared} agree ({100.0 * (compared - disagreements.Count) / compared:0.0} %)");
        new SuiteResult("validation", "cases of the HL7 validator: error or no error, base and profiles", "http://hl7.org/fhir/R4/validation.html", compared - disagreements.Count, compared, [.. listed.Values.Select(l => "`" + l.Replace(": ", "`: ", StringComparison.Ordinal))]).Keep();
        Assert.Equal(listed.Keys.Order(StringComparer.Ordinal), disagreements.Order(StringComparer.Ordinal));
        Assert.True(compared - disagreements.Count >= LeastAgreement * compared);

        void Compare(string name, ProfilePolicy policy, (ReadOnlyMemory<byte> Json, bool Failed) resource, List<(ReadOnlyMemory<byte> Json, bool Failed)> supporting, string? url, int errors)
        {
            compared++;
            var resources = new ConformanceResources(() => supporting.Where(s => !s.Failed).Select(s => s.Json), Core.Value);
            var outcome = resource.Failed
                ? new ValidationOutcome(null, [new(IssueSeverity.Fatal, IssueType.Structure, "The text cannot be read.", "")])
                : new ProfileValidator(resources, new ValueSets(resources), policy).Validate(resource.Json, null, url is null ? [] : [url]);
            if (outcome.IsValid != (errors == 0))
            {
                disagreements.Add(name);
                details.Add($"{name}: {errors} expected; " + string.Join(" | ", outcome.Issues.Select(i => $"{i.Location}: {i.Message}").Take(4)));
            }
        }
    }

    private static int? Errors(JsonElement test, string name) =>
        test.TryGetProperty(name, out var expected) && expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Number
            ? errors.GetInt32()
            : null;

    private static IEnumerable<string> Names(JsonElement test, string name) =>
        test.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(n => n.GetString()!) : [];

    /// <summary>A file as JSON; Failed where it cannot be.</summary>
    private static (ReadOnlyMemory<byte> Json, bool Failed) Read(string folder, string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(folder, "files", file));
        if (!file.EndsWith(".xml", StringComparison.Ordinal))
        {
            return (bytes, false);
        }

        var reading = XmlResource.Read(bytes);
        return (reading.Json, reading.Issues.Count > 0);
    }

    private static List<ReadOnlyMemory<byte>> LoadCore()
    {
        var found = new List<ReadOnlyMemory<byte>>();
        foreach (var file in new[] { "structuredefinitions-extensions", "structuredefinitions-profiles", "valuesets", "codesystems" })
        {
            using var stream = File.OpenRead(Path.Combine(SharedData.Folder("fhir-r4/core-4.0.1")!, file + ".json.gz"));
            found.AddRange(PackageReader.Resources(file + ".json.gz", stream));
        }

        return found;
    }
}
