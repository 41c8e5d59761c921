using System.Collections.Frozen;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Search;

/// <summary><c>_summary</c> and <c>_elements</c>: how much of each record an answer shows (R4 search.html#summary, search.html#elements), for reads, searches and histories alike.</summary>
public static class SubsetParameters
{
    private const int MaxElements = 100;

    private static readonly FrozenDictionary<string, string> OfAnyType = ElementsOfAnyType();

    /// <summary>True for the two.</summary>
    public static bool Has(string name) => name is "_summary" or "_elements";

    /// <summary>What the two ask for. Others are passed over.</summary>
    /// <param name="resourceType">The type that is asked for; null for any.</param>
    /// <param name="parameters">All parameters, decoded.</param>
    /// <returns>Null for whole records; with <c>_summary=count</c>, where there are to be none at all. An issue where they ask for what is not there.</returns>
    public static (ResourceSubset? Subset, bool IsCountOnly, SearchIssue? Issue) Parse(string? resourceType, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var asked = parameters.Where(p => Has(p.Key)).ToList();
        if (asked.Count == 0)
        {
            return default;
        }

        var (name, value) = asked[^1];
        if (asked.Count(p => p is not { Key: "_summary", Value: "false" }) > 1 || asked.Count(p => p.Key == name) > 1)
        {
            return Wrong(name, "One of _summary and _elements may be given, once.");
        }

        if (asked.Find(p => p.Key == "_elements") is { Key: not null } elements)
        {
            return Elements(resourceType, elements.Value);
        }

        return value switch
        {
            "true" => (ResourceSubset.Summary, false, null),
            "text" => (ResourceSubset.Text, false, null),
            "data" => (ResourceSubset.Data, false, null),
            "count" => (null, true, null),
            "false" => default,
            _ => Wrong(name, "true, text, data, count or false is expected."),
        };
    }

    private static (ResourceSubset? Subset, bool IsCountOnly, SearchIssue? Issue) Elements(string? resourceType, string value)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var parts = value.Split(',', MaxElements + 1);
        if (parts.Length > MaxElements || Array.IndexOf(parts, "") >= 0)
        {
            return Wrong("_elements", $"From 1 to {MaxElements} names of elements are expected, separated by single commas.");
        }

        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i];
            // Type.element is how bulk data writes it, and what some clients send here too.
            var name = resourceType is not null && part.StartsWith(resourceType + ".", StringComparison.Ordinal) ? part[(resourceType.Length + 1)..] : part;
            name = name.EndsWith("[x]", StringComparison.Ordinal) ? name[..^3] : name;
            if ((resourceType is null ? OfAnyType.GetValueOrDefault(name) : Element(FhirDefinitions.R4.ResourceType(resourceType)!, name)) is not { } element)
            {
                return Wrong("_elements", $"Number {i + 1} of the names is no element {(resourceType is null ? "of any type" : $"of {resourceType}")} itself; elements within others are not named.");
            }

            names.Add(element);
        }

        return (ResourceSubset.OfElements(resourceType, names), false, null);
    }

    private static string? Element(TypeDefinition type, string name) => (type.ElementNamed(name) ?? type.Element(name)?.Definition)?.Name;

    /// <summary>Names without a type, by themselves and by their JSON names.</summary>
    private static FrozenDictionary<string, string> ElementsOfAnyType()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var type in FhirDefinitions.R4.ResourceTypes.Select(t => FhirDefinitions.R4.ResourceType(t)!))
        {
            foreach (var element in type.Elements)
            {
                all[element.Name] = element.Name;
                foreach (var name in type.JsonNames(element))
                {
                    all.TryAdd(name, element.Name);
                }
            }
        }

        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static (ResourceSubset?, bool, SearchIssue?) Wrong(string name, string message) => (null, false, new SearchIssue(SearchIssueCode.InvalidValue, name, message));
}
