// http://hl7.org/fhir/R4/profilelist.html, observation-vitalsigns.html, extensibility-registry.html; the table: fhir-profiles/generator/README.md
using System.Text;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Generator;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Tests.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using Xunit.Abstractions;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class R4ProfilesTests(ITestOutputHelper output)
{
    private const string Core = "http://hl7.org/fhir/StructureDefinition/";

    private const string Pressure = """
        {"resourceType":"Observation","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bp"]},"status":"final",
         "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
         "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2020-01-01",
         "component":[
          {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
          {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}
        """;

    private static readonly ProfileValidator Validator = new(new ConformanceResources(R4Profiles.Resources), R4.ValueSets);

    [Fact]
    public void The_committed_table_is_what_the_official_definitions_give()
    {
        if (SharedData.Folder("fhir-r4/core-4.0.1") is { } folder)
        {
            Assert.True(ProfileTable.Build(OfficialDefinitions.Load(folder)).AsSpan().SequenceEqual(EmbeddedTable.Unpack("r4.profiles")), "regenerate the table as fhir-profiles/generator/README.md says");
        }
    }

    [Fact]
    public void Every_profile_in_it_can_be_used()
    {
        var urls = new ConformanceResources(R4Profiles.Resources).Urls("StructureDefinition").ToList();

        Assert.Equal(444, urls.Count);
        Assert.All(urls, u => Assert.True(Validator.Knows(u), u));
        Assert.True(Validator.Knows(Core + "bp|4.0.1"));
        Assert.False(Validator.Knows(Core + "bp|5.0.0"));
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData("\"effectiveDateTime\":\"2020-01-01\",", "", "Observation.effective")]
    [InlineData("\"subject\":{\"reference\":\"Patient/a\"},", "", "Observation.subject")]
    [InlineData("\"vital-signs\"", "\"laboratory\"", "Observation.category")]
    [InlineData("mm[Hg]", "kPa", "Observation.component")]
    [InlineData("8462-4", "8480-6", "Observation.component")]
    [InlineData("85354-9", "85353-1", "Observation.code")]
    public void A_blood_pressure_that_says_so_is_one(string part, string instead, string? told)
    {
        var outcome = Validator.Validate(Encoding.UTF8.GetBytes(part.Length == 0 ? Pressure : Pressure.Replace(part, instead, StringComparison.Ordinal)));

        Assert.True(outcome.IsValid == (told is null), string.Join("; ", outcome.Issues));
        Assert.True(told is null || outcome.Issues.Any(i => (i.Location + i.Message).Contains(told, StringComparison.Ordinal)), string.Join("; ", outcome.Issues));
    }

    [Fact]
    public void What_claims_nothing_is_not_asked_for_it_unless_the_caller_asks()
    {
        var text = Encoding.UTF8.GetBytes("""{"resourceType":"Observation","status":"final","code":{"text":"a"}}""");

        Assert.True(Validator.Validate(text).IsValid);
        Assert.False(Validator.Validate(text, profiles: [Core + "vitalsigns"]).IsValid);
    }

    [Theory]
    [InlineData("""{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"city":"a"}}""", true)]
    [InlineData("""{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueString":"a"}""", false)]
    [InlineData("""{"url":"http://hl7.org/fhir/StructureDefinition/observation-bodyPosition","valueCodeableConcept":{"text":"a"}}""", false)]
    public void An_official_extension_has_its_type_and_its_place(string extension, bool isValid) =>
        Assert.Equal(isValid, Validator.Validate(Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","extension":[{{extension}}]}""")).IsValid);

    [Fact]
    public void The_compact_table_judges_as_the_whole_definitions_do()
    {
        if (SharedData.Folder("fhir-r4/core-4.0.1") is not { } folder)
        {
            return;
        }

        var whole = new ProfileValidator(
            new ConformanceResources(() => new[] { "structuredefinitions-extensions.json.gz", "structuredefinitions-profiles.json.gz" }.SelectMany(f =>
            {
                using var stream = File.OpenRead(Path.Combine(folder, f));
                return PackageReader.Resources(f, stream);
            })),
            R4.ValueSets);
        var profiles = Validator.ProfilesByType();
        var (compared, refused) = (0, 0);
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Concat(ExampleFiles.Of("synthea").Take(2)).Where(e => e.Json.Length < 2_000_000 && !e.Name.StartsWith("StructureDefinition", StringComparison.Ordinal)))
        {
            // Where an example breaks its type's own rules, the whole definitions say so once more.
            var plain = ResourceValidator.Validate(json);
            string[] asked = [.. profiles[plain.ResourceType!]];
            var one = whole.Validate(json, profiles: asked, withWarnings: true);
            var other = Validator.Validate(json, profiles: asked, withWarnings: true);

            Assert.True(one.IsValid == other.IsValid && (Told(one).SequenceEqual(Told(other)) || !plain.IsValid), $"{name}: {string.Join("; ", Told(one).Except(Told(other)))} / {string.Join("; ", Told(other).Except(Told(one)))}");
            compared++;
            refused += other.IsValid ? 0 : 1;
        }

        output.WriteLine($"{compared} compared, {refused} refused by profiles they need not meet");
        Assert.True(compared == 0 || (compared > 500 && refused > 50));

        static IEnumerable<string> Told(ValidationOutcome outcome) => outcome.Issues.Select(i => i.ToString()!).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Every_example_meets_the_profiles_and_extensions_that_it_claims()
    {
        var found = new List<string>();
        foreach (var (name, json) in ExampleFiles.Of("r4-examples").Concat(ExampleFiles.Of("synthea")))
        {
            var plain = ResourceValidator.Validate(json);
            found.AddRange(Validator.Validate(json).Issues.Except(plain.Issues).Select(i => name + " " + i.Location + " " + i.Message));
        }

        Assert.True(found.Count == 0, string.Join("\n", found));
    }
}
