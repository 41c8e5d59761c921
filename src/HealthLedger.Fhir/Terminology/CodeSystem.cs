using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// A code system with its concepts and their hierarchy: concepts within concepts, and the standard properties <c>parent</c>, <c>child</c> and <c>subsumedBy</c>
/// (R4 codesystem.html#hierarchy). Immutable once made; safe for many threads.
/// </summary>
public sealed class CodeSystem
{
    private readonly Dictionary<string, Concept> _byCode;
    private readonly List<Concept> _concepts = [];
    private readonly HashSet<string> _properties = new(StringComparer.Ordinal);

    internal CodeSystem(JsonElement source)
    {
        Url = source.Text("url"u8) ?? "";
        Version = source.Text("version"u8);
        Name = source.Text("title"u8) ?? source.Text("name"u8);
        Content = source.Text("content"u8) ?? "";
        IsSubsumption = source.Text("hierarchyMeaning"u8) is null or "is-a" or "classified-with";
        // Absent says nothing about case; then codes are taken as they are written (R4 CodeSystem.caseSensitive).
        _byCode = new(source.Flag("caseSensitive"u8) is false ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        var links = new HashSet<(Concept, Concept)>();
        Collect(source, null, links);
        foreach (var concept in _concepts)
        {
            Connect(concept, links);
        }

        _properties.UnionWith(source.Items("property"u8).Select(p => p.Text("code"u8) ?? ""));
    }

    /// <summary>Canonical URL.</summary>
    public string Url { get; }

    /// <summary>The version; null where the code system has none.</summary>
    public string? Version { get; }

    /// <summary>A name for people; null where there is none.</summary>
    public string? Name { get; }

    /// <summary>How much of the code system is here: <c>complete</c>, <c>fragment</c>, <c>example</c>, <c>not-present</c> or <c>supplement</c>.</summary>
    public string Content { get; }

    /// <summary>True where a code that is not found here does not exist.</summary>
    public bool IsComplete => Content == "complete";

    /// <summary>True where there are concepts to speak of.</summary>
    public bool HasConcepts => Content is "complete" or "fragment" or "example";

    /// <summary>True where below means is-a: the hierarchy says so or does not say what it means. False where it groups, or lists parts.</summary>
    public bool IsSubsumption { get; }

    /// <summary>All concepts, parents before their children, in the order of the resource.</summary>
    public IReadOnlyList<Concept> Concepts => _concepts;

    /// <summary>The URL with the version, where there is one.</summary>
    public string Canonical => Version is null ? Url : $"{Url}|{Version}";

    /// <summary>The concept of this code; null where there is none here.</summary>
    public Concept? Find(string code) => _byCode.GetValueOrDefault(code);

    /// <summary>How two codes stand to each other; where that is unknown, a sentence says why.</summary>
    public Subsumption Compare(string first, string second, out string why)
    {
        var (a, b) = (Find(first), Find(second));
        why = !IsSubsumption ? OnlyGroups : a is null || b is null ? $"Code system {Canonical} has no such code." : "";
        return why.Length > 0 ? Subsumption.Unknown
            : a == b ? Subsumption.Equivalent
            : IsA(b!, a!) ? Subsumption.Subsumes
            : IsA(a!, b!) ? Subsumption.SubsumedBy
            : Subsumption.NotSubsumed;
    }

    /// <summary>Why a question about kinds has no answer here.</summary>
    internal string OnlyGroups => $"The hierarchy of code system {Canonical} does not mean that one code is a kind of another.";

    /// <summary>True where the resource declares the property, or a concept has it.</summary>
    internal bool HasProperty(string code) => _properties.Contains(code);

    /// <summary>True where <paramref name="concept"/> is <paramref name="ancestor"/> or below it.</summary>
    internal static bool IsA(Concept concept, Concept ancestor) => concept == ancestor || Lineage(concept, c => c.Above).Contains(ancestor);

    /// <summary>The concept and all that are reached from it in one direction.</summary>
    internal static HashSet<Concept> Lineage(Concept start, Func<Concept, List<Concept>> next)
    {
        var reached = new HashSet<Concept> { start };
        var open = new Stack<Concept>([start]);
        while (open.TryPop(out var concept))
        {
            foreach (var other in next(concept))
            {
                if (reached.Add(other))
                {
                    open.Push(other);
                }
            }
        }

        return reached;
    }

    private void Collect(JsonElement parent, Concept? above, HashSet<(Concept, Concept)> links)
    {
        foreach (var item in parent.Items("concept"u8))
        {
            if (item.Text("code"u8) is not { Length: > 0 } code)
            {
                continue;
            }

            var concept = new Concept(item, code);
            if (_byCode.TryAdd(code, concept))
            {
                _concepts.Add(concept);
            }
            else
            {
                // A second place in the hierarchy.
                concept = _byCode[code];
            }

            Place(concept, above, links);
            Collect(item, concept, links);
        }
    }

    private void Connect(Concept concept, HashSet<(Concept, Concept)> links)
    {
        foreach (var property in concept.Properties)
        {
            _properties.Add(property.Code);
            if (property.Code is "parent" or "subsumedBy" && Find(property.Value ?? "") is { } parent)
            {
                Place(concept, parent, links);
            }
            else if (property.Code is "child" && Find(property.Value ?? "") is { } child)
            {
                Place(child, concept, links);
            }
        }
    }

    private static void Place(Concept concept, Concept? above, HashSet<(Concept, Concept)> links)
    {
        if (above is not null && above != concept && links.Add((concept, above)))
        {
            concept.Above.Add(above);
            above.Below.Add(concept);
        }
    }
}
