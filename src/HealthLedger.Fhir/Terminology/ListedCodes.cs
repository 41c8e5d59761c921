using System.Collections.Concurrent;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Packages;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// Membership as far as lists tell it (R4 valueset.html#compositions): codes that a value set lists, complete code systems, value sets in value sets. Filters are not evaluated.
/// The value sets of the definitions' required bindings are known without a package.
/// </summary>
public sealed class ListedCodes(ConformanceResources resources) : ITerminology
{
    private const int DeepestNesting = 16;

    private static readonly Lazy<Dictionary<string, CodeList>> Defined = new(CollectDefined);

    private readonly ConcurrentDictionary<string, HashSet<string>?> _codeSystems = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Membership Contains(string valueSet, string? system, string code) => Contains(valueSet, system, code, 0);

    private Membership Contains(string url, string? system, string code, int depth)
    {
        if (depth > DeepestNesting)
        {
            return Membership.Unknown;
        }

        if (resources.Find("ValueSet", url) is not { } valueSet)
        {
            return Defined.Value.TryGetValue(url.Split('|')[0], out var list) ? Of(system is null ? list.Contains(code) : list.Contains(system, code)) : Membership.Unknown;
        }

        if (!valueSet.TryGetProperty("compose"u8, out var compose))
        {
            return Membership.Unknown;
        }

        var included = AnyOf(compose, "include"u8, system, code, depth);
        var excluded = included == Membership.No ? Membership.No : AnyOf(compose, "exclude"u8, system, code, depth);
        return (included, excluded) switch
        {
            (_, Membership.Yes) or (Membership.No, _) => Membership.No,
            (Membership.Yes, Membership.No) => Membership.Yes,
            _ => Membership.Unknown,
        };
    }

    private static Membership Of(bool isIn) => isIn ? Membership.Yes : Membership.No;

    private Membership AnyOf(JsonElement compose, ReadOnlySpan<byte> name, string? system, string code, int depth)
    {
        var result = Membership.No;
        foreach (var part in Items(compose, name))
        {
            switch (Part(part, system, code, depth))
            {
                case Membership.Yes:
                    return Membership.Yes;
                case Membership.Unknown:
                    result = Membership.Unknown;
                    break;
            }
        }

        return result;
    }

    /// <summary>An include or exclude: in its system, and in each value set it names.</summary>
    private Membership Part(JsonElement part, string? system, string code, int depth)
    {
        var result = Membership.Yes;
        if (part.TryGetProperty("system"u8, out var own))
        {
            if (system is not null && !own.ValueEquals(system))
            {
                return Membership.No;
            }

            result = InSystem(part, own.GetString()!, code);
        }

        foreach (var nested in Items(part, "valueSet"u8))
        {
            if (result == Membership.No)
            {
                break;
            }

            var inNested = Contains(nested.GetString() ?? "", system, code, depth + 1);
            result = inNested == Membership.Yes ? result : inNested;
        }

        return result;
    }

    private Membership InSystem(JsonElement part, string system, string code)
    {
        if (part.TryGetProperty("concept"u8, out var concepts) && concepts.GetArrayLength() > 0)
        {
            foreach (var concept in concepts.EnumerateArray())
            {
                if (concept.TryGetProperty("code"u8, out var listed) && listed.ValueEquals(code))
                {
                    return Membership.Yes;
                }
            }

            return Membership.No;
        }

        var codes = _codeSystems.GetOrAdd(system, Codes);
        var isFiltered = part.TryGetProperty("filter"u8, out _);
        return codes is null || (isFiltered && codes.Contains(code)) ? Membership.Unknown : Of(codes.Contains(code));
    }

    /// <summary>All codes of a complete code system; null where there is none of that URL.</summary>
    private HashSet<string>? Codes(string system)
    {
        if (resources.Find("CodeSystem", system) is not { } found || !found.TryGetProperty("content"u8, out var content) || !content.ValueEquals("complete"u8))
        {
            return null;
        }

        var codes = new HashSet<string>(StringComparer.Ordinal);
        Collect(found, codes);
        return codes;
    }

    private static void Collect(JsonElement parent, HashSet<string> codes)
    {
        foreach (var concept in Items(parent, "concept"u8))
        {
            if (concept.TryGetProperty("code"u8, out var code) && code.GetString() is { } text)
            {
                codes.Add(text);
            }

            Collect(concept, codes);
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : [];

    private static Dictionary<string, CodeList> CollectDefined()
    {
        var lists = new Dictionary<string, CodeList>(StringComparer.Ordinal);
        var r4 = FhirDefinitions.R4;
        foreach (var binding in r4.Types.SelectMany(t => t.Elements).Select(e => e.Binding))
        {
            if (binding?.Codes is { } codes)
            {
                lists.TryAdd(codes.Url, codes);
            }
        }

        return lists;
    }
}
