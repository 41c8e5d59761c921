using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>The codes of a value set by system, as far as complete code systems give them.</summary>
/// <param name="Open">True where some of the codes cannot be computed; the codes are then of no use.</param>
/// <param name="Systems">Codes by code system, both in ordinal order.</param>
internal sealed record ValueSetExpansion(bool Open, SortedDictionary<string, SortedSet<string>> Systems)
{
    private const int DeepestNesting = 16;

    private static ValueSetExpansion Unknown => new(true, new(StringComparer.Ordinal));

    public static ValueSetExpansion Of(OfficialDefinitions definitions, string url, int depth = 0)
    {
        if (depth > DeepestNesting || definitions.ValueSet(url) is not { } valueSet || !valueSet.TryGetProperty("compose", out var compose))
        {
            return Unknown;
        }

        var codes = new HashSet<(string System, string Code)>();
        foreach (var include in compose.Items("include"))
        {
            if (Part(definitions, include, depth) is not { } part)
            {
                return Unknown;
            }

            codes.UnionWith(part);
        }

        foreach (var exclude in compose.Items("exclude"))
        {
            if (Part(definitions, exclude, depth) is not { } part)
            {
                return Unknown;
            }

            codes.ExceptWith(part);
        }

        var systems = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var (system, code) in codes)
        {
            if (!systems.TryGetValue(system, out var list))
            {
                systems[system] = list = new(StringComparer.Ordinal);
            }

            list.Add(code);
        }

        return new(false, systems);
    }

    /// <summary>One include or exclude: the intersection of its system and of each value set it names. Null where it cannot be computed.</summary>
    private static HashSet<(string, string)>? Part(OfficialDefinitions definitions, JsonElement part, int depth)
    {
        HashSet<(string, string)>? result = null;
        if (part.Items("filter").Any())
        {
            return null;
        }

        if (part.Text("system") is { Length: > 0 } system)
        {
            var listed = part.Items("concept").Select(c => c.Text("code")).ToList();
            if (listed.Count == 0)
            {
                if (definitions.CodeSystem(system) is not { } codeSystem || codeSystem.Text("content") != "complete")
                {
                    return null;
                }

                Collect(codeSystem, listed);
            }

            result = listed.Select(c => (system, c)).ToHashSet();
        }

        foreach (var nested in part.Texts("valueSet"))
        {
            var expansion = Of(definitions, nested.Split('|')[0], depth + 1);
            if (expansion.Open)
            {
                return null;
            }

            var codes = expansion.Systems.SelectMany(s => s.Value.Select(c => (s.Key, c))).ToHashSet();
            if (result is null)
            {
                result = codes;
            }
            else
            {
                result.IntersectWith(codes);
            }
        }

        return result ?? [];
    }

    private static void Collect(JsonElement parent, List<string> codes)
    {
        foreach (var concept in parent.Items("concept"))
        {
            codes.Add(concept.Text("code"));
            Collect(concept, codes);
        }
    }
}
