// IHE ITI Basic Audit Log Patterns 1.1 (https://profiles.ihe.net/ITI/BALP), its own StructureDefinitions from the shared data; R4 AuditEvent; our extension.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Proofs.Facts;
using Xunit.Abstractions;

namespace HealthLedger.Tests.Profiles;

public sealed class AuditPatternTests(ITestOutputHelper output)
{
    private const string Balp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

    private static readonly Lazy<ProfileValidator?> Validator = new(Load);

    [Fact]
    public void Every_event_meets_the_pattern_that_it_claims_for_every_role()
    {
        if (Validator.Value is not { } validator)
        {
            output.WriteLine("SKIPPED: ../shared/data/ig/ihe-balp is absent; AuditEvents were not validated against IHE's profiles.");
            return;
        }

        var claimed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (fact, name) in Facts())
        {
            foreach (var role in Enum.GetValues<OpenedTo>())
            {
                var pseudonyms = role == OpenedTo.Auditor && fact[FactField.Patient] is not null ? new AuditPseudonyms("P-0123456789abcdef", RoleOpening.IsPrivatePerson(fact[FactField.User]) ? "P-fedcba9876543210" : null) : null;
                var json = AuditEventWriter.Write(7, "log.example/1", fact.OpenTo(role), pseudonyms: pseudonyms);
                Assert.True(Broken(validator, json) is { Count: 0 } broken, $"{name} for {role}: {string.Join("; ", Broken(validator, json))}\n{Encoding.UTF8.GetString(json)}");
                claimed.UnionWith((JsonNode.Parse(json)!["meta"]?["profile"] as JsonArray ?? []).Select(p => p!.GetValue<string>()[Balp.Length..]));
            }
        }

        Assert.Equal(["AuthZconsent", "Create", "Delete", "PatientCreate", "PatientDelete", "PatientQuery", "PatientRead", "PatientUpdate", "PrivacyDisclosure.Source", "Query", "Read", "Update"], claimed);
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("entity")]
    [InlineData("subtype")]
    [InlineData("action")]
    [InlineData("outcome")]
    public void The_patterns_miss_what_is_taken_away_or_changed(string element)
    {
        if (Validator.Value is not { } validator)
        {
            output.WriteLine("SKIPPED: ../shared/data/ig/ihe-balp is absent; AuditEvents were not validated against IHE's profiles.");
            return;
        }

        var json = JsonNode.Parse(AuditEventWriter.Write(7, "log.example/1", Facts().First().Fact.OpenTo(OpenedTo.Patient)))!.AsObject();
        Assert.Contains("PatientRead", json["meta"]!.ToJsonString(), StringComparison.Ordinal);
        if (json[element] is JsonArray { Count: > 1 } list)
        {
            list.RemoveAt(1);
        }
        else if (element == "action")
        {
            json["action"] = "E";
        }
        else
        {
            json.Remove(element);
        }

        Assert.NotEmpty(Broken(validator, Encoding.UTF8.GetBytes(json.ToJsonString())));
    }

    /// <summary>A fact of each kind and interaction that the gateway records, with and without patient and person, permitted and refused.</summary>
    private static IEnumerable<(Fact Fact, string Name)> Facts()
    {
        string[] interactions =
            ["read", "vread", "search-type", "search-system", "create", "update", "patch", "delete", "history-instance", "history-type", "history-system", "operation", "transaction", "batch"];
        foreach (var interaction in interactions)
        {
            foreach (var kind in interaction is "create" or "update" or "patch" or "delete" or "transaction" or "batch" ? new[] { "record", "consent", "refusal" } : ["access", "request", "refusal"])
            {
                foreach (var patient in new[] { "Patient/x", null })
                {
                    foreach (var user in new[] { "Practitioner/p", "Patient/x", "u-17", null })
                    {
                        yield return (Made(kind, interaction, patient, user, 1), $"{kind} {interaction} {patient} {user}");
                    }

                    yield return (Made(kind, interaction, patient, null, 0), $"{kind} {interaction} {patient} without target");
                    yield return (Made(kind, interaction, patient, null, 3), $"{kind} {interaction} {patient} with three targets");
                }
            }
        }

        foreach (var (kind, interaction) in new[]
        {
            ("review", "review"), ("review", "challenge"), ("review", "search-type"), ("review", "read"), ("risk", "search-type"), ("release", "release"), ("signin", "signin"), ("enrol", "enrol"), ("erasure", "erase"),
            ("consent", "erase"), ("operation", "operate"),
        })
        {
            yield return (Made(kind, interaction, null, "r-1", 0), $"{kind} {interaction}");
            yield return (Made(kind, interaction, "Patient/x", "r-1", 1), $"{kind} {interaction} of a patient");
        }

        foreach (var reason in new[] { "consent-deny", "outside-permit", "implicit-deny", "changed-meanwhile", "not-visible", "role-excluded", "other-custodian", "absent", "invalid" })
        {
            foreach (var user in new[] { "Practitioner/p", "Patient/x", "u-17", null })
            {
                yield return (Made("refusal", "read", "Patient/x", user, 1, reason), $"refusal {reason} {user}");
            }
        }
    }

    private static Fact Made(string kind, string interaction, string? patient, string? user, int targets, string reason = "consent-permit") => new FactBuilder()
        .Set(FactField.Event, kind).At(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)).Set(FactField.Client, "clinic").Set(FactField.User, user).Set(FactField.Organization, "Organization/o")
        .Set(FactField.Purpose, "TREAT").Set(FactField.Interaction, interaction).Set(FactField.Patient, patient)
        .Set(FactField.Targets, AccessFacts.JsonArray([.. Enumerable.Range(1, targets).Select(i => ($"Observation/o{i}/_history/{i}", (string?)new string('a', 64)))]))
        .Set(FactField.Decision, kind == "refusal" ? "deny" : "permit").Set(FactField.Reason, reason).Set(FactField.Consent, patient is null || reason == "implicit-deny" ? null : "Consent/c/_history/1#provision")
        .Set(FactField.Request, "0123456789abcdef").Set(FactField.Evidence, kind switch { "request" => Convert.ToBase64String("Observation?code=1"u8), "review" => """{"search":"AuditEvent?date=2026"}""", _ => null }).Set(FactField.Binding, "").Build(new byte[32]);

    private static List<string> Broken(ProfileValidator validator, byte[] json) =>
        [.. validator.Validate(json, "AuditEvent").Issues.Where(i => i.Severity <= IssueSeverity.Error).Select(i => $"{i.Message} [{i.Location}]")];

    private static ProfileValidator? Load()
    {
        var folder = Path.GetFullPath(Path.Combine(OwnProfiles.Folder(), "..", "..", "shared", "data", "ig", "ihe-balp", "resources"));
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var files = new[] { "StructureDefinition-", "ValueSet-", "CodeSystem-" }.SelectMany(kind => Directory.GetFiles(folder, kind + "*.json")).Select(f => (ReadOnlyMemory<byte>)File.ReadAllBytes(f)).ToList();
        var resources = new ConformanceResources(() => files, new ConformanceResources(R4Terminology.Resources));
        var validator = new ProfileValidator(resources, new ValueSets(resources));
        Assert.True(validator.Knows(Balp + "PatientRead"));
        return validator;
    }
}
