// fhir-profiles/: FHIR R4 profiling (https://hl7.org/fhir/R4/profiling.html). Profiles and examples by the validator,
// what a Consent says by the consent engine.
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Tests.Profiles;

public sealed class ProfileTests
{
    private static readonly AccessRequest Clinic = Ask("Organization/clinic", PurposeOfUse.Treatment);

    [Fact]
    public void Every_definition_and_every_example_is_valid_R4()
    {
        var files = Directory.GetFiles(OwnProfiles.Folder(), "*.json").Concat(Directory.GetFiles(Path.Combine(OwnProfiles.Folder(), "examples"), "*.json")).ToArray();
        Assert.True(files.Length >= 13, $"{files.Length} files");
        foreach (var file in files)
        {
            var outcome = ResourceValidator.Validate(File.ReadAllBytes(file), Path.GetFileName(file).Split('-')[0]);
            Assert.True(outcome.Issues.Count == 0, $"{file}: {string.Join("; ", outcome.Issues)}");
        }
    }

    [Theory]
    [InlineData("Consent", 4)]
    [InlineData("RiskAssessment", 3)]
    [InlineData("AuditEvent", 1)]
    public void Every_example_meets_its_profile(string type, int count)
    {
        var files = Directory.GetFiles(Path.Combine(OwnProfiles.Folder(), "examples"), type + "-*.json");
        Assert.Equal(count, files.Length);
        Assert.All(files, f => Assert.Empty(OwnProfiles.Broken(type, File.ReadAllText(f))));
    }

    [Theory]
    [InlineData("Consent", "patient")]
    [InlineData("Consent", "patient.reference")]
    [InlineData("Consent", "provision.provision[0].type")]
    [InlineData("RiskAssessment", "method")]
    [InlineData("RiskAssessment", "basis")]
    [InlineData("RiskAssessment", "occurrenceDateTime")]
    [InlineData("RiskAssessment", "prediction[0].outcome")]
    [InlineData("RiskAssessment", "prediction[0].probabilityRange")]
    public void What_a_profile_requires_is_missed_where_it_is_taken_away(string type, string path) =>
        Assert.NotEmpty(OwnProfiles.Broken(type, Without(Example(type), path)));

    [Theory]
    [InlineData("Consent", "hl-1")]
    [InlineData("Consent", "hl-2")]
    [InlineData("Consent", "hl-4")]
    [InlineData("RiskAssessment", "hl-risk-1")]
    [InlineData("RiskAssessment", "hl-risk-2")]
    [InlineData("RiskAssessment", "hl-risk-3")]
    public void Each_invariant_can_be_broken(string type, string key)
    {
        var json = JsonNode.Parse(Example(type))!.AsObject();
        switch (key)
        {
            case "hl-1":
                json["provision"]!["provision"] = new JsonArray([.. Enumerable.Range(0, 200).Select(_ => new JsonObject { ["type"] = "deny" })]);
                break;
            case "hl-2":
                var at = json["provision"]!.AsObject();
                for (var i = 0; i < 8; i++)
                {
                    var below = new JsonObject { ["type"] = "deny" };
                    at["provision"] = new JsonArray(below);
                    at = below;
                }

                break;
            case "hl-4":
                json["provision"]!["provision"]![0]!["modifierExtension"] = new JsonArray(new JsonObject { ["url"] = "urn:x", ["valueBoolean"] = true });
                break;
            case "hl-risk-1":
                json["prediction"]![0]!["probabilityRange"]!["high"]!["value"] = 100.1m;
                break;
            case "hl-risk-2":
                json["prediction"]![0]!["probabilityRange"]!["low"]!["code"] = "1";
                break;
            default:
                json["basis"]![0]!["reference"] = "Observation/blood-pressure";
                break;
        }

        Assert.Contains(OwnProfiles.Broken(type, json.ToJsonString()), m => m.StartsWith(key + ":", StringComparison.Ordinal));
    }

    [Fact]
    public void The_limits_of_the_profile_are_those_of_the_engine()
    {
        var json = JsonNode.Parse(Example("Consent"))!.AsObject();
        json["provision"]!["provision"] = new JsonArray([.. Enumerable.Range(0, ConsentCompiler.MaxProvisions - 1).Select(_ => new JsonObject { ["type"] = "deny" })]);
        Assert.Empty(OwnProfiles.Broken("Consent", json.ToJsonString()));
        Assert.Equal(8, ConsentCompiler.MaxDepth);
    }

    [Fact]
    public void The_engine_understands_all_of_every_example()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(OwnProfiles.Folder(), "examples"), "Consent-*.json"))
        {
            Assert.Empty(Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(File.ReadAllBytes(file))).Remarks);
        }
    }

    [Fact]
    public void The_examples_say_what_they_say_they_say()
    {
        var normal = new RecordAttributes { Type = "Observation", Id = "o", SecurityLabels = ["http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N"] };
        var psychiatric = normal with { SecurityLabels = ["http://terminology.hl7.org/CodeSystem/v3-ActCode|PSY"] };
        var hiv = normal with { Type = "Condition", Codings = ["http://snomed.info/sct|86406008"] };
        var stay = normal with { Encounter = "Encounter/stay" };
        var recent = new TimeInterval(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2020, 1, 2, 0, 0, 0, TimeSpan.Zero));

        Assert.True(Decide("clinic-may-treat", Clinic, normal).Permitted);
        Assert.False(Decide("clinic-may-treat", Clinic, psychiatric).Permitted);
        Assert.False(Decide("clinic-may-treat", Clinic with { Time = new(2028, 1, 1, 0, 0, 0, TimeSpan.Zero) }, normal).Permitted);
        Assert.True(Decide("all-but-psychiatry", Clinic, normal).Permitted);
        Assert.False(Decide("all-but-psychiatry", Clinic, psychiatric).Permitted);
        Assert.True(Decide("all-but-psychiatry", Clinic with { Actors = ["Organization/clinic", "Practitioner/gray"] }, psychiatric).Permitted);
        var research = Ask("Organization/institute", PurposeOfUse.Research);
        Assert.True(Decide("research-without-hiv", research, normal with { ClinicalTime = recent }).Permitted);
        Assert.False(Decide("research-without-hiv", research, hiv with { ClinicalTime = recent }).Permitted);
        Assert.False(Decide("research-without-hiv", Ask("Organization/institute", PurposeOfUse.Treatment), normal with { ClinicalTime = recent }).Permitted);
        Assert.Equal(DecisionReason.ConsentDeny, Decide("not-even-in-an-emergency", Clinic, stay).Reason);
        Assert.Equal(DecisionReason.ConsentDeny, Decide("not-even-in-an-emergency", Ask("Organization/clinic", PurposeOfUse.BreakTheGlass), stay).Reason);
        Assert.Equal(DecisionReason.Emergency, Decide("not-even-in-an-emergency", Ask("Organization/clinic", PurposeOfUse.BreakTheGlass), normal).Reason);
    }

    [Fact]
    public void The_value_set_holds_exactly_the_purposes_of_the_gateway()
    {
        var include = JsonNode.Parse(File.ReadAllText(Path.Combine(OwnProfiles.Folder(), "ValueSet-healthledger-purpose-of-use.json")))!["compose"]!["include"]![0]!;
        Assert.Equal(PurposeOfUseCodes.System, (string)include["system"]!);
        Assert.Equal(Enum.GetValues<PurposeOfUse>().Select(p => p.Code()), include["concept"]!.AsArray().Select(c => (string)c!["code"]!));
    }

    private static AccessRequest Ask(string organization, PurposeOfUse purpose) => AccessRequest.For(
        new Caller { ClientId = "client", Organization = organization, Role = CallerRole.Clinician, Purposes = [purpose], Scopes = [] },
        purpose,
        new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero));

    private static ConsentDecision Decide(string example, AccessRequest request, RecordAttributes record)
    {
        var json = File.ReadAllBytes(Path.Combine(OwnProfiles.Folder(), "examples", $"Consent-{example}.json"));
        var directive = Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(json)).Directive;
        return new CombiningRule(new ConsentPolicy()).Decide(new ConsentState("Patient/example", 1, [directive]), request, record);
    }

    private static string Example(string type) =>
        File.ReadAllText(Path.Combine(OwnProfiles.Folder(), "examples", type == "Consent" ? "Consent-all-but-psychiatry.json" : "RiskAssessment-woman-of-50.json"));

    private static string Without(string json, string path)
    {
        var root = JsonNode.Parse(json)!;
        var at = root;
        var steps = path.Replace("[0]", ".0", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1])
        {
            at = step == "0" ? at[0]! : at[step]!;
        }

        Assert.True(at.AsObject().Remove(steps[^1]));
        return root.ToJsonString();
    }
}
