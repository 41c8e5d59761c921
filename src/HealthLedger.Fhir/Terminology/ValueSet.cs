using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>A value set as it is defined (R4 valueset.html#compositions): parts that include codes, and parts that exclude some of them again.</summary>
public sealed class ValueSet
{
    private readonly JsonElement _source;

    internal ValueSet(JsonElement source)
    {
        _source = source;
        Url = source.Text("url"u8);
        Version = source.Text("version"u8);
        var compose = source.TryGetProperty("compose"u8, out var found) ? found : default;
        Includes = [.. compose.Items("include"u8).Select(i => new ComposePart(i))];
        Excludes = [.. compose.Items("exclude"u8).Select(e => new ComposePart(e))];
        LeavesOutInactive = compose.Flag("inactive"u8) is false;
        if (Includes.Count == 0 && source.TryGetProperty("expansion"u8, out var expansion) && expansion.ValueKind == JsonValueKind.Object)
        {
            Listed = new ListedExpansion(expansion);
        }
    }

    /// <summary>Canonical URL; null for one that came without.</summary>
    public string? Url { get; }

    /// <summary>The version; null where there is none.</summary>
    public string? Version { get; }

    /// <summary>The URL with the version, as far as there are.</summary>
    public string Canonical => Url is null ? "without a URL" : Version is null ? Url : $"{Url}|{Version}";

    internal IReadOnlyList<ComposePart> Includes { get; }

    internal IReadOnlyList<ComposePart> Excludes { get; }

    /// <summary>The codes of an expansion that came with a value set without a definition.</summary>
    internal ListedExpansion? Listed { get; }

    /// <summary>True where the definition leaves out inactive codes (ValueSet.compose.inactive).</summary>
    internal bool LeavesOutInactive { get; }

    /// <summary>The resource.</summary>
    public JsonElement Source => _source;
}

/// <summary>One include or exclude: codes of a system, all of them or those listed or chosen by filters, that are also in each of the value sets.</summary>
internal sealed class ComposePart
{
    /// <summary>What a pattern costs beside another filter.</summary>
    private const int StepsOfPattern = 5;

    private readonly Dictionary<string, JsonElement> _listed = new(StringComparer.Ordinal);
    private Chosen? _chosen;

    public ComposePart(JsonElement source)
    {
        var system = source.Text("system"u8);
        var version = source.Text("version"u8);
        System = system;
        Canonical = system is null || version is null ? system : $"{system}|{version}";
        Concepts = [.. source.Items("concept"u8).Where(c => c.Text("code"u8) is not null)];
        foreach (var concept in Concepts)
        {
            _listed.TryAdd(concept.Text("code"u8)!, concept);
        }

        Filters = [.. source.Items("filter"u8).Select(f => (f.Text("property"u8) ?? "", f.Text("op"u8) ?? "", f.Text("value"u8) ?? ""))];
        ValueSets = [.. source.Texts("valueSet"u8)];
    }

    public string? System { get; }

    /// <summary>The system with the version that the part names, if it does.</summary>
    public string? Canonical { get; }

    /// <summary>The concepts it lists; where there are none, the system as a whole is meant.</summary>
    public IReadOnlyList<JsonElement> Concepts { get; }

    public IReadOnlyList<(string Property, string Op, string Value)> Filters { get; }

    public IReadOnlyList<string> ValueSets { get; }

    public bool Lists(string code, out JsonElement concept) => _listed.TryGetValue(code, out concept);

    /// <summary>True where <see cref="Choose"/> has its answer already.</summary>
    public bool IsChosen => _chosen is not null;

    /// <summary>What the filters choose of the system's concepts; made once.</summary>
    public Chosen Choose(CodeSystems systems) => _chosen ??= Make(systems);

    private Chosen Make(CodeSystems systems)
    {
        if (systems.FindConcepts(Canonical!, out var why) is not { } system)
        {
            return new(null, [], 1, why);
        }

        var questions = new List<Func<Concept, bool>>();
        foreach (var (property, op, value) in Filters)
        {
            if (ConceptFilter.Compile(system, property, op, value, out why) is not { } question)
            {
                return new(null, [], 1, why);
            }

            questions.Add(question);
        }

        return new(system, questions, 1 + Filters.Sum(f => f.Op == "regex" ? StepsOfPattern : 1), "");
    }
}

/// <summary>A part's code system with its filters; without a system, why it cannot be evaluated.</summary>
internal sealed record Chosen(CodeSystem? System, IReadOnlyList<Func<Concept, bool>> Filters, int StepsOfConcept, string Why)
{
    public bool Takes(Concept concept)
    {
        foreach (var filter in Filters)
        {
            if (!filter(concept))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>An expansion as its value set carries it (R4 valueset.html#expansion).</summary>
internal sealed class ListedExpansion
{
    private const string Unclosed = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed";

    public ListedExpansion(JsonElement expansion)
    {
        Collect(expansion);
        IsWhole = !expansion.Items("extension"u8).Any(e => e.Text("url"u8) == Unclosed)
            && (!expansion.TryGetProperty("total"u8, out var total) || (total.ValueKind == JsonValueKind.Number && total.TryGetInt32(out var count) && count <= Codes.Count));
    }

    public List<ExpandedConcept> Codes { get; } = [];

    /// <summary>False where it says that there are more codes than it lists.</summary>
    public bool IsWhole { get; }

    private void Collect(JsonElement parent)
    {
        foreach (var item in parent.Items("contains"u8))
        {
            if (item.Text("code"u8) is { } code)
            {
                Codes.Add(new(item.Text("system"u8), item.Text("version"u8), code, item.Text("display"u8), item.Flag("abstract"u8) is true, item.Flag("inactive"u8) is true, [.. item.Items("designation"u8)]));
            }

            Collect(item);
        }
    }
}
