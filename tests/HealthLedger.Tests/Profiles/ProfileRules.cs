using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Tests.Profiles;

/// <summary>What the profiles of fhir-profiles/ demand beyond base R4, run by FHIRPath. Used by other test projects too.</summary>
internal static class ProfileRules
{
    /// <summary>The invariants of a profile by their keys, and its minimums as invariants by their paths.</summary>
    public static List<(string Key, FhirPathExpression Expression)> Of(string type)
    {
        var name = type == "Consent" ? "consent" : "risk-assessment";
        var profile = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(), $"StructureDefinition-healthledger-{name}.json")))!;
        var rules = new List<(string, FhirPathExpression)>();
        foreach (var element in profile["differential"]!["element"]!.AsArray().Select(e => e!.AsObject()))
        {
            foreach (var constraint in element["constraint"]?.AsArray() ?? [])
            {
                rules.Add(((string)constraint!["key"]!, FhirPathExpression.Parse((string)constraint["expression"]!)));
            }

            var path = ((string)element["path"]!).Replace("[x]", "", StringComparison.Ordinal);
            if ((int?)element["min"] > 0)
            {
                var dot = path.LastIndexOf('.');
                rules.Add((path, FhirPathExpression.Parse($"{path[..dot]}.all({path[(dot + 1)..]}.exists())")));
            }
        }

        return rules;
    }

    public static List<string> Broken(List<(string Key, FhirPathExpression Expression)> rules, string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. rules.Where(r => r.Expression.Evaluate(document.RootElement, TimeProvider.System) is not ["true"]).Select(r => r.Key)];
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
}
