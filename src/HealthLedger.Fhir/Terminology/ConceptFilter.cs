using System.Text.RegularExpressions;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// One filter of a value set over a code system (R4 valueset-filter-operator.html), made into a question on a concept. Properties are those that the code system has,
/// and the standard ones: concept or code, display, definition, parent, child, inactive, notSelectable.
/// </summary>
internal static class ConceptFilter
{
    private const int LongestPattern = 500;

    private static readonly TimeSpan MatchTime = TimeSpan.FromMilliseconds(200);

    /// <summary>Null with a sentence that says why the filter cannot be evaluated.</summary>
    public static Func<Concept, bool>? Compile(CodeSystem system, string property, string op, string value, out string why)
    {
        why = "";
        if (op is "is-a" or "descendent-of" or "is-not-a" or "generalizes")
        {
            return ByHierarchy(system, property, op, value, out why);
        }

        if (Values(system, property) is not { } values)
        {
            why = $"Code system {system.Canonical} has no property '{property}' to filter by.";
            return null;
        }

        switch (op)
        {
            case "=":
                return c => values(c).Contains(value, StringComparer.Ordinal);
            case "in" or "not-in":
                var set = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
                return op == "in" ? c => values(c).Any(set.Contains) : c => !values(c).Any(set.Contains);
            case "exists" when value is "true" or "false":
                return value == "true" ? c => values(c).Any() : c => !values(c).Any();
            case "regex":
                return Pattern(value, out why) is { } pattern ? c => values(c).Any(pattern.IsMatch) : null;
            default:
                why = $"The filter '{property} {op}' is not one of R4.";
                return null;
        }
    }

    private static Func<Concept, bool>? ByHierarchy(CodeSystem system, string property, string op, string value, out string why)
    {
        why = property is not ("concept" or "code") ? $"The filter '{op}' is evaluated on the property concept alone, not on '{property}'."
            : !system.IsSubsumption ? system.OnlyGroups
            : system.Find(value) is null ? $"Code system {system.Canonical} has no code '{value}' to filter by."
            : "";
        if (why.Length > 0)
        {
            return null;
        }

        var start = system.Find(value)!;
        var lineage = CodeSystem.Lineage(start, op == "generalizes" ? c => c.Above : c => c.Below);
        return op switch
        {
            "descendent-of" => c => c != start && lineage.Contains(c),
            "is-not-a" => c => !lineage.Contains(c),
            _ => lineage.Contains,
        };
    }

    private static Func<Concept, IEnumerable<string>>? Values(CodeSystem system, string property) => property switch
    {
        "concept" or "code" => c => [c.Code],
        "display" => c => c.Display is { } display ? [display] : [],
        "definition" => c => c.Definition is { } definition ? [definition] : [],
        "parent" => c => c.Above.Select(p => p.Code),
        "child" => c => c.Below.Select(p => p.Code),
        // Absent means false (http://hl7.org/fhir/concept-properties).
        "inactive" => c => [c.IsInactive ? "true" : "false"],
        "notSelectable" => c => [c.IsAbstract ? "true" : "false"],
        _ => system.HasProperty(property) ? c => c.Properties.Where(p => p.Code == property).Select(p => p.Value ?? "") : null,
    };

    /// <summary>A pattern over the whole value. It is matched in time linear in the value, whatever the pattern.</summary>
    private static Regex? Pattern(string text, out string why)
    {
        why = $"The pattern of a regex filter is not well-formed, needs to look back or ahead, or has more than {LongestPattern} characters.";
        if (text.Length > LongestPattern)
        {
            return null;
        }

        try
        {
            var pattern = new Regex($@"\A(?:{text})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchTime);
            why = "";
            return pattern;
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
