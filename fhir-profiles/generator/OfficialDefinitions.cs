using System.IO.Compression;
using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>The definitions of one folder, each kind in the order of its canonical URL.</summary>
internal sealed class OfficialDefinitions
{
    private const string Core = "http://hl7.org/fhir/StructureDefinition/";

    private readonly Dictionary<string, JsonElement> _valueSets;
    private readonly Dictionary<string, JsonElement> _codeSystems;

    private OfficialDefinitions(List<JsonElement> resources)
    {
        List<JsonElement> OfKind(string kind) => resources
            .Where(r => r.Text("resourceType") == kind)
            .OrderBy(r => r.Text("url"), StringComparer.Ordinal)
            .ThenBy(r => r.Text("id"), StringComparer.Ordinal)
            .ToList();

        Types = OfKind("StructureDefinition")
            .Where(s => s.Text("url") == Core + s.Text("type")
                        && s.Text("derivation") != "constraint"
                        && s.Text("kind") is "primitive-type" or "complex-type" or "resource")
            .DistinctBy(s => s.Text("type"))
            .ToList();
        Profiles = OfKind("StructureDefinition")
            .Where(s => s.Text("derivation") == "constraint")
            .DistinctBy(s => s.Text("url"))
            .ToList();
        SearchParameters = OfKind("SearchParameter").DistinctBy(s => s.Text("url")).ToList();
        // The specification's own example of a compartment shares its code with the real one; the real one names all types.
        Compartments = OfKind("CompartmentDefinition")
            .GroupBy(c => c.Text("code"), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => g.MaxBy(c => c.Items("resource").Count()))
            .ToList();
        _valueSets = OfKind("ValueSet").DistinctBy(v => v.Text("url")).ToDictionary(v => v.Text("url"), StringComparer.Ordinal);
        _codeSystems = OfKind("CodeSystem")
            .OrderBy(c => c.Text("content") == "complete" ? 0 : 1)
            .DistinctBy(c => c.Text("url"))
            .ToDictionary(c => c.Text("url"), StringComparer.Ordinal);
    }

    public IReadOnlyList<JsonElement> Types { get; }

    /// <summary>Profiles of types, extensions among them.</summary>
    public IReadOnlyList<JsonElement> Profiles { get; }

    public IReadOnlyList<JsonElement> SearchParameters { get; }

    public IReadOnlyList<JsonElement> Compartments { get; }

    public IEnumerable<JsonElement> ValueSets => _valueSets.Values.OrderBy(v => v.Text("url"), StringComparer.Ordinal);

    public IEnumerable<JsonElement> CodeSystems => _codeSystems.Values.OrderBy(c => c.Text("url"), StringComparer.Ordinal);

    public JsonElement? ValueSet(string url) => _valueSets.TryGetValue(url, out var found) ? found : null;

    public JsonElement? CodeSystem(string url) => _codeSystems.TryGetValue(url, out var found) ? found : null;

    /// <summary>Reads every <c>*.json.gz</c> and <c>*.json</c> of the folder, and of its <c>package</c> folder if it has one.</summary>
    /// <exception cref="InvalidDataException">The folder holds no R4 types.</exception>
    public static OfficialDefinitions Load(string folder)
    {
        var inner = Path.Combine(folder, "package");
        var resources = new List<JsonElement>();
        foreach (var file in Directory.EnumerateFiles(Directory.Exists(inner) ? inner : folder).Order(StringComparer.Ordinal))
        {
            if (!file.EndsWith(".json.gz", StringComparison.Ordinal) && !file.EndsWith(".json", StringComparison.Ordinal))
            {
                continue;
            }

            using Stream raw = File.OpenRead(file);
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
            var root = JsonDocument.Parse(stream).RootElement;
            resources.Add(root);
            if (root.Text("resourceType") == "Bundle" && root.Text("type") == "collection" && file.EndsWith(".gz", StringComparison.Ordinal))
            {
                resources.AddRange(root.Items("entry").Where(e => e.TryGetProperty("resource", out _)).Select(e => e.GetProperty("resource")));
            }
        }

        var definitions = new OfficialDefinitions(resources);
        return definitions.Types.Count > 0
            ? definitions
            : throw new InvalidDataException($"{folder} holds no StructureDefinition of an R4 type.");
    }
}
