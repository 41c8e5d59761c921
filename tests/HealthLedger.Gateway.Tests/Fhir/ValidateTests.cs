// http://hl7.org/fhir/R4/resource-operation-validate.html over HTTP, and profiles of configured packages.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Tests.Profiles;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir;

public sealed class ValidateTests : IAsyncLifetime
{
    private const string Profile = "urn:healthledger:profile:consent";
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.Start(null, "--HealthLedger:Packages:0=" + OwnProfiles.Folder(), "--HealthLedger:Packages:1=" + Guide());

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_resource_is_judged_and_the_judgement_is_a_good_answer_that_leaves_no_entry()
    {
        var good = (await _gateway.Post(Clinic, "Patient/$validate", Records.Patient("a", "Zebedee"))).Is(200);
        Assert.DoesNotContain("error", Severities(good));
        Assert.Equal(0u, good.Growth);

        var bad = (await _gateway.Post(Clinic, "Patient/$validate", new JsonObject { ["resourceType"] = "Patient", ["gender"] = "Zebedee" })).Is(200);
        Assert.Contains("error", Severities(bad));
        Assert.DoesNotContain("Zebedee", bad.Text, StringComparison.Ordinal);

        var broken = (await _gateway.SendBytes(Clinic, "POST", "Patient/$validate", "{"u8.ToArray(), "application/fhir+json")).Is(200);
        Assert.Contains("fatal", Severities(broken));
        Assert.Contains("fatal", Severities((await _gateway.Post(Clinic, "Observation/$validate", Records.Patient("a", "Zebedee"))).Is(200)));
    }

    [Fact]
    public async Task A_profile_is_asked_for_in_the_query_or_in_Parameters()
    {
        var consent = JsonNode.Parse(File.ReadAllText(Path.Combine(OwnProfiles.Folder(), "examples", "Consent-clinic-may-treat.json")))!.AsObject();
        Assert.DoesNotContain("error", Severities((await _gateway.Post(Clinic, "Consent/$validate?profile=" + Profile, consent.DeepClone())).Is(200)));
        consent.Remove("patient");
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, "Consent/$validate?profile=" + Profile, consent.DeepClone())).Is(200)));
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, "Consent/$validate", Parameters(consent, "profile", Profile))).Is(200)));
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, "Consent/$validate?profile=http://a.example/unknown", consent.DeepClone())).Is(200)));
    }

    /// <summary>R4 profiling.html: the profiles of R4 itself need no package.</summary>
    [Fact]
    public async Task A_vital_sign_that_claims_to_be_one_meets_its_profile()
    {
        const string heart = "http://hl7.org/fhir/StructureDefinition/heartrate";
        var observation = Records.Observation(null, "patient-a");
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, "Observation/$validate?profile=" + heart, observation.DeepClone())).Is(200)));
        (await _gateway.Put(Hospital, "Patient/patient-a", Records.Patient("patient-a", "Zebedee"))).Is(201);
        (await _gateway.Post(Hospital, "Observation", observation.DeepClone())).Is(201);
        observation["meta"] = new JsonObject { ["profile"] = new JsonArray(heart) };
        (await _gateway.Post(Hospital, "Observation", observation.DeepClone())).IsFault(400, "required");
    }

    /// <summary>R4 capabilitystatement.html, supportedProfile and implementationGuide: what validation knows, R4's own and those of packages.</summary>
    [Fact]
    public async Task The_capability_statement_lists_the_profiles_that_are_validated()
    {
        var statement = (await _gateway.Get(Clinic, "metadata")).Is(200);
        var byType = statement.Json["rest"]![0]!["resource"]!.AsArray().ToDictionary(r => r!["type"]!.GetValue<string>(), r => (r!["supportedProfile"] as JsonArray ?? []).Select(p => p!.GetValue<string>()).ToList());
        Assert.Contains("http://hl7.org/fhir/StructureDefinition/bp", byType["Observation"]);
        Assert.Equal([Profile], byType["Consent"]);
        Assert.Empty(byType["Basic"]);
        Assert.Equal("http://a.example/ImplementationGuide/one", Assert.Single(statement.Json["implementationGuide"]!.AsArray())!.GetValue<string>());
        Assert.Empty(ResourceValidator.Validate(statement.Body, "CapabilityStatement").Issues);
        foreach (var profile in byType.Values.SelectMany(p => p))
        {
            Assert.DoesNotContain("not-found", (await _gateway.Post(Clinic, "Basic/$validate?profile=" + profile, new JsonObject { ["resourceType"] = "Basic" })).Is(200).Codes);
        }
    }

    [Theory]
    [InlineData("Patient/$validate?mode=delete", "required")]
    [InlineData("Patient/$validate?mode=zebedee", "code-invalid")]
    [InlineData("Patient/$validate?zebedee=1", "not-supported")]
    [InlineData("Patient/$validate?mode=profile", "required")]
    [InlineData("Patient/b/$validate", "value")]
    public async Task What_cannot_be_asked_is_refused_clearly(string path, string code) =>
        (await _gateway.Post(Clinic, path, Records.Patient("a", "Zebedee"))).IsFault(400, code, "Zebedee");

    [Fact]
    public async Task Without_a_resource_it_is_the_stored_record_for_who_may_read_it()
    {
        var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Zebedee"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, Records.Permit()))).Is(201);
        var judged = (await _gateway.Get(Clinic, $"Patient/{id}/$validate")).Is(200);
        Assert.DoesNotContain("error", Severities(judged));
        Assert.DoesNotContain("Zebedee", judged.Text, StringComparison.Ordinal);
        Assert.NotNull(judged.Receipt);
        Assert.Equal(2u, judged.Growth);
        Assert.Contains("error", Severities((await _gateway.Get(Clinic, $"Patient/{id}/$validate?mode=profile&profile=http://a.example/unknown")).Is(200)));
        var profile = new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = new JsonArray(new JsonObject { ["name"] = "profile", ["valueUri"] = "http://a.example/unknown" }) };
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, $"Patient/{id}/$validate", profile)).Is(200)));

        var hidden = (await _gateway.Get(Stranger, $"Patient/{id}/$validate")).IsFault(404, "not-found");
        var absent = (await _gateway.Get(Stranger, "Patient/absent/$validate")).IsFault(404, "not-found");
        Assert.Equal((absent.Text, absent.Growth), (hidden.Text, hidden.Growth));
        (await _gateway.Get(Clinic, "Patient/$validate")).IsFault(400, "required");
        (await _gateway.Get(Clinic, $"Patient/{id}/$validate?mode=update")).IsFault(400, "required");
        (await _gateway.Get(Narrow, $"Patient/{id}/$validate")).IsFault(403, "forbidden");
    }

    [Fact]
    public async Task Whether_a_record_may_be_deleted_is_told_to_who_sees_it()
    {
        var id = (await _gateway.Post(Hospital, "Patient", Records.Patient(null, "Deletable"))).Is(201).Id;
        (await _gateway.Post(Hospital, "Consent", Records.Consent(null, id, Records.Permit()))).Is(201);
        Assert.DoesNotContain("error", Severities((await _gateway.Get(Hospital, $"Patient/{id}/$validate?mode=delete")).Is(200)));
        Assert.Contains("error", Severities((await _gateway.SendBytes(Clinic, "POST", $"Patient/{id}/$validate?mode=delete", null, null)).Is(200)));
        (await _gateway.Get(Stranger, $"Patient/{id}/$validate?mode=delete")).IsFault(404, "not-found");
        (await _gateway.Get(Hospital, $"Patient/{id}")).Is(200);
    }

    [Fact]
    public async Task On_the_system_a_resource_of_any_type_is_judged()
    {
        Assert.DoesNotContain("error", Severities((await _gateway.Post(Clinic, "$validate", Records.Patient("a", "Zebedee"))).Is(200)));
        Assert.Contains("error", Severities((await _gateway.Post(Clinic, "$validate", new JsonObject { ["resourceType"] = "Observation" })).Is(200)));
        (await _gateway.Get(Clinic, "$validate")).IsFault(400, "required");
    }

    [Fact]
    public async Task A_resource_that_breaks_the_profile_it_claims_is_not_stored()
    {
        var organization = new JsonObject { ["resourceType"] = "Organization", ["name"] = "x", ["meta"] = new JsonObject { ["profile"] = new JsonArray("http://a.example/unknown") } };
        (await _gateway.Post(Hospital, "Organization", organization.DeepClone())).Is(201);
        organization["meta"]!["profile"]![0] = Profile;
        (await _gateway.Post(Hospital, "Organization", organization)).IsFault(400, "structure");
    }

    [Fact]
    public async Task XML_is_judged_with_the_places_of_the_XML()
    {
        var answer = (await _gateway.SendBytes(Clinic, "POST", "Patient/$validate", Encoding.UTF8.GetBytes("<Patient xmlns=\"http://hl7.org/fhir\">\n<gender value=\"x\"/>\n</Patient>"), "application/fhir+xml")).Is(200);
        Assert.Contains("line 2", answer.Text, StringComparison.Ordinal);
    }

    private static string Guide()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("healthledger-guide").FullName, "guide.json");
        File.WriteAllText(file, """{"resourceType":"ImplementationGuide","url":"http://a.example/ImplementationGuide/one","version":"1.0.0","name":"One","status":"draft","packageId":"a.one","fhirVersion":["4.0.1"]}""");
        return file;
    }

    private static List<string> Severities(Answer answer) => [.. answer.Json["issue"]!.AsArray().Select(i => i!["severity"]!.GetValue<string>())];

    private static JsonObject Parameters(JsonObject resource, string name, string canonical) => new()
    {
        ["resourceType"] = "Parameters",
        ["parameter"] = new JsonArray(
            new JsonObject { ["name"] = "resource", ["resource"] = resource.DeepClone() },
            new JsonObject { ["name"] = name, ["valueCanonical"] = canonical }),
    };
}
