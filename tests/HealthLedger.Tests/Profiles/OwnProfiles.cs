using System.Text;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;

namespace HealthLedger.Tests.Profiles;

/// <summary>The profiles of fhir-profiles/, loaded as a package. Used by other test projects too.</summary>
internal static class OwnProfiles
{
    private static readonly Lazy<ProfileValidator> Validator = new(Load);

    /// <summary>What is wrong with a Consent or RiskAssessment by R4 and by our profile, or with an AuditEvent by R4 and our extension, each with its place.</summary>
    public static IReadOnlyList<string> Broken(string type, string json)
    {
        if (type == "AuditEvent")
        {
            return [.. Validator.Value.Validate(Encoding.UTF8.GetBytes(json), type).Issues.Where(i => i.Severity <= IssueSeverity.Error).Select(i => $"{i.Message} [{i.Location}]")];
        }

        var profile = type == "Consent" ? "urn:healthledger:profile:consent" : "urn:healthledger:profile:risk-assessment";
        Assert.True(Validator.Value.Knows(profile));
        return [.. Validator.Value.Validate(Encoding.UTF8.GetBytes(json), type, [profile]).Issues.Where(i => i.Severity <= IssueSeverity.Error).Select(i => $"{i.Message} [{i.Location}]")];
    }

    /// <summary>The folder of the profiles.</summary>
    public static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                return Path.Combine(folder.FullName, "fhir-profiles");
            }
        }

        throw new DirectoryNotFoundException("The repository's root was not found.");
    }

    private static ProfileValidator Load()
    {
        var resources = new ConformanceResources(
            () => Directory.GetFiles(Folder(), "*.json").Select(f => (ReadOnlyMemory<byte>)File.ReadAllBytes(f)),
            new ConformanceResources(R4Terminology.Resources));
        return new ProfileValidator(resources, new ValueSets(resources));
    }
}
