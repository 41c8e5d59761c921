using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>One code that a concept map gives for another.</summary>
/// <param name="Equivalence">A code of http://hl7.org/fhir/concept-map-equivalence.</param>
/// <param name="System">The code system's URL; null where the map names none.</param>
/// <param name="Version">Its version, where the map names one.</param>
/// <param name="Code">Null where the map says that there is no such code.</param>
/// <param name="Display">Text for people; null where the map has none.</param>
/// <param name="Products">What the map says beside it, as ConceptMap.group.element.target.product.</param>
public sealed record TranslatedCode(string Equivalence, string? System, string? Version, string? Code, string? Display, IReadOnlyList<JsonElement> Products)
{
    /// <summary>True where it says that a code stands for the other, wholly or in part.</summary>
    public bool IsMatch => Equivalence is not ("unmatched" or "disjoint");
}

/// <summary>What a concept map says of codes (http://hl7.org/fhir/R4/conceptmap.html).</summary>
/// <param name="resource">A valid ConceptMap.</param>
public sealed class ConceptMap(JsonElement resource)
{
    /// <summary>Its canonical URL; null where it has none.</summary>
    public string? Url => resource.Text("url"u8);

    /// <summary>The value set, or what else it says, that it maps from; without a version.</summary>
    public string? Source => Bare(resource.Text("sourceUri"u8) ?? resource.Text("sourceCanonical"u8));

    /// <summary>The same of what it maps to.</summary>
    public string? Target => Bare(resource.Text("targetUri"u8) ?? resource.Text("targetCanonical"u8));

    /// <summary>The codes that stand for one code.</summary>
    /// <param name="system">Its code system's URL.</param>
    /// <param name="version">The version it was taken from; null for any.</param>
    /// <param name="code">The code.</param>
    /// <param name="into">The code system that is wanted; null for all.</param>
    /// <param name="reverse">True for the codes for which the map gives this one.</param>
    /// <param name="remarks">What the map leaves open, in a sentence each.</param>
    public IReadOnlyList<TranslatedCode> Translate(string system, string? version, string code, string? into, bool reverse, ISet<string> remarks)
    {
        ArgumentNullException.ThrowIfNull(remarks);
        var found = new List<TranslatedCode>();
        foreach (var group in resource.Items("group"u8))
        {
            var (from, to) = (Side(group, !reverse), Side(group, reverse));
            if (from.System != system || (version is not null && from.Version is not null && from.Version != version) || (into is not null && to.System != into))
            {
                continue;
            }

            if (reverse)
            {
                found.AddRange(Backward(group, code, to, remarks));
            }
            else
            {
                found.AddRange(Forward(group, code, to, remarks));
            }
        }

        return found;
    }

    /// <summary>A canonical URL without its version.</summary>
    public static string? Bare(string? canonical) => canonical?.Split('|')[0];

    private static IEnumerable<TranslatedCode> Forward(JsonElement group, string code, (string? System, string? Version) to, ISet<string> remarks)
    {
        var elements = group.Items("element"u8).Where(e => e.Text("code"u8) == code).ToList();
        if (elements.Count == 0)
        {
            return Unmapped(group, code, to, remarks);
        }

        return elements.SelectMany(e => e.Items("target"u8)).Where(t => Independent(t, remarks)).Select(t => new TranslatedCode(
            t.Text("equivalence"u8) ?? "relatedto", to.System, to.Version, t.Text("code"u8), t.Text("display"u8), [.. t.Items("product"u8)])).ToList();
    }

    private static List<TranslatedCode> Backward(JsonElement mapped, string code, (string? System, string? Version) to, ISet<string> remarks) =>
    [
        .. from element in mapped.Items("element"u8)
           from target in element.Items("target"u8)
           where target.Text("code"u8) == code && Independent(target, remarks)
           select new TranslatedCode(Inverse(target.Text("equivalence"u8) ?? "relatedto"), to.System, to.Version, element.Text("code"u8), element.Text("display"u8), []),
    ];

    /// <summary>What a group does with a code that it does not list; of such codes it does not say how they relate.</summary>
    private static List<TranslatedCode> Unmapped(JsonElement group, string code, (string? System, string? Version) to, ISet<string> remarks)
    {
        var unmapped = group.TryGetProperty("unmapped"u8, out var how) ? how : default;
        switch (unmapped.Text("mode"u8))
        {
            case "provided":
                return [new("relatedto", to.System, to.Version, code, null, [])];
            case "fixed" when unmapped.Text("code"u8) is { } always:
                return [new("relatedto", to.System, to.Version, always, unmapped.Text("display"u8), [])];
            case "other-map":
                remarks.Add("The map leaves this code to another map, which unmapped.url names: ask that one.");
                return [];
            default:
                return [];
        }
    }

    /// <summary>True for what holds whatever else is in the record. What depends on other elements is not told apart here.</summary>
    private static bool Independent(JsonElement target, ISet<string> remarks)
    {
        if (!target.Items("dependsOn"u8).Any())
        {
            return true;
        }

        remarks.Add("The map has further codes that depend on other elements; they are left out.");
        return false;
    }

    private static (string? System, string? Version) Side(JsonElement group, bool isSource) =>
        isSource ? (group.Text("source"u8), group.Text("sourceVersion"u8)) : (group.Text("target"u8), group.Text("targetVersion"u8));

    /// <summary>The equivalence as seen from the other side: the target was wider than the source, so the source is narrower than the target.</summary>
    private static string Inverse(string equivalence) => equivalence switch
    {
        "wider" => "narrower",
        "narrower" => "wider",
        "subsumes" => "specializes",
        "specializes" => "subsumes",
        _ => equivalence,
    };
}
