using System.Text.Json;

namespace HealthLedger.Fhir.Terminology;

/// <summary>One concept of a code system (R4 codesystem.html).</summary>
public sealed class Concept
{
    private readonly JsonElement _source;

    internal Concept(JsonElement source, string code)
    {
        _source = source;
        Code = code;
        Display = source.Text("display"u8);
        IsInactive = Properties.Any(p => (p.Code == "status" && p.Value is "retired" or "inactive") || (p.Code == "inactive" && p.Value == "true"));
        IsAbstract = Properties.Any(p => p is { Code: "notSelectable" or "abstract", Value: "true" });
    }

    /// <summary>The code.</summary>
    public string Code { get; }

    /// <summary>The preferred text; null where the code system gives none.</summary>
    public string? Display { get; }

    /// <summary>What the concept means; null where the code system does not say.</summary>
    public string? Definition => _source.Text("definition"u8);

    /// <summary>True where the code is no longer to be used: its status is retired or inactive (R4 codesystem.html#status).</summary>
    public bool IsInactive { get; }

    /// <summary>True where the concept only groups others and is not to be chosen itself.</summary>
    public bool IsAbstract { get; }

    /// <summary>Texts in other languages and for other uses, as CodeSystem.concept.designation.</summary>
    public IEnumerable<JsonElement> Designations => _source.Items("designation"u8);

    /// <summary>The properties that the code system states, in its order.</summary>
    public IEnumerable<ConceptProperty> Properties
    {
        get
        {
            foreach (var property in _source.Items("property"u8))
            {
                foreach (var member in property.EnumerateObject())
                {
                    if (member.Name.StartsWith("value", StringComparison.Ordinal) && property.Text("code"u8) is { } code)
                    {
                        yield return new(code, member.Name, member.Value);
                    }
                }
            }
        }
    }

    /// <summary>The concepts directly above this one.</summary>
    public IReadOnlyList<Concept> Parents => Above;

    /// <summary>The concepts directly below this one.</summary>
    public IReadOnlyList<Concept> Children => Below;

    internal List<Concept> Above { get; } = [];

    internal List<Concept> Below { get; } = [];
}

/// <summary>One property of a concept.</summary>
/// <param name="Code">Its code in the code system.</param>
/// <param name="Member">The JSON member of its value, such as <c>valueCode</c>.</param>
/// <param name="Content">The value.</param>
public readonly record struct ConceptProperty(string Code, string Member, JsonElement Content)
{
    /// <summary>The value as text: the code of a Coding, the literal of anything else.</summary>
    public string? Value => Content.ValueKind switch
    {
        JsonValueKind.Object => Content.Text("code"u8),
        JsonValueKind.String => Content.GetString(),
        _ => Content.GetRawText(),
    };
}
