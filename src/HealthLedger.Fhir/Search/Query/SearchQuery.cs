using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// A parsed search on one type (http://hl7.org/fhir/R4/search.html). Immutable. It matches one record at a time and sees nothing but that record: who may be considered at all is decided before.
/// </summary>
public sealed class SearchQuery
{
    /// <summary>Most parameters of one query.</summary>
    public const int MaxParameters = 64;

    /// <summary>Most alternatives (comma) of one parameter.</summary>
    public const int MaxAlternatives = 1000;

    /// <summary>Longest value of one parameter, in characters.</summary>
    public const int MaxValueLength = 64 * 1024;

    /// <summary>Highest <c>_count</c> that is taken as stated; what a page holds at most is the server's choice.</summary>
    public const int MaxCount = 1_000_000;

    internal SearchQuery(string resourceType) => ResourceType = resourceType;

    public string ResourceType { get; }

    /// <summary>All must match.</summary>
    public IReadOnlyList<SearchCriterion> Criteria { get; internal init; } = [];

    /// <summary><c>_count</c>: entries per page; 0 asks for the total alone; null where absent.</summary>
    public int? Count { get; internal init; }

    public SearchTotal Total { get; internal init; }

    /// <summary><c>_sort</c>; empty where absent.</summary>
    public IReadOnlyList<SearchSort> Sort { get; internal init; } = [];

    /// <summary><c>_summary=count</c>, or <c>_count=0</c>.</summary>
    public bool IsCountOnly { get; internal init; }

    /// <summary>The parameters that were understood, in the order given: what the self link of the answer names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Understood { get; internal init; } = [];

    /// <summary>Reads the parameters of a query, decoded from the URL or form, in order. <c>_format</c> and <c>_pretty</c> are the host's and are passed over.</summary>
    /// <exception cref="ArgumentException">The type is no concrete resource type.</exception>
    public static SearchParseResult Parse(string resourceType, IEnumerable<KeyValuePair<string, string>> parameters, SearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(resourceType);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        return new SearchQueryParser(TypePlan.Of(resourceType), options).Parse(parameters);
    }

    /// <summary>The search parameters of a type that queries can use: what a CapabilityStatement lists.</summary>
    /// <exception cref="ArgumentException">The type is no concrete resource type.</exception>
    public static IEnumerable<SearchParameterDefinition> ServedParameters(string resourceType)
    {
        ArgumentNullException.ThrowIfNull(resourceType);
        return TypePlan.Of(resourceType).Parameters.Where(IsServed).Select(p => p.Definition);
    }

    internal static bool IsServed(PlannedParameter parameter) =>
        parameter.Code is "_id" or "_lastUpdated" || parameter.Type != SearchParameterType.Special && parameter.Branches.Length > 0;

    /// <summary>Whether a record matches all criteria.</summary>
    public bool Matches(in SearchCandidate candidate)
    {
        if (candidate.Terms.ResourceType != ResourceType) return false;
        foreach (var criterion in Criteria)
            if (!criterion.Matches(candidate)) return false;
        return true;
    }

    /// <summary>The order of two matches under <see cref="Sort"/>; equal keys, and no sort at all, fall back on the id, so that the order is total and pages are stable.</summary>
    public int Compare(in SearchCandidate left, in SearchCandidate right)
    {
        foreach (var sort in Sort)
        {
            var order = SearchOrder.Compare(sort, left, right);
            if (order != 0) return order;
        }
        return string.CompareOrdinal(left.Id, right.Id);
    }

    /// <summary>
    /// The patients that alone can hold matches, or null where the query does not say. On Patient these are the ids of <c>_id</c>; elsewhere the targets of references to patients by a parameter that puts the
    /// record into their compartments. Several such criteria narrow further; the set may be empty.
    /// </summary>
    public IReadOnlySet<string>? PatientIds()
    {
        HashSet<string>? all = null;
        foreach (var criterion in Criteria)
        {
            var ids = criterion switch
            {
                IdCriterion id when ResourceType == "Patient" => id.Ids,
                ReferenceCriterion reference when ResourceType != "Patient" && TypePlan.Of(ResourceType).LeadsToCompartment(reference.Code) => Patients(reference),
                _ => null,
            };
            if (ids is null) continue;
            if (all is null) all = [.. ids];
            else all.IntersectWith(ids);
        }
        return all;
    }

    private static HashSet<string>? Patients(ReferenceCriterion criterion)
    {
        if (criterion.Modifier == "identifier") return null;
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var value in criterion.Values)
        {
            var type = value.Type ?? (criterion.Code == "patient" || criterion.Definition.Targets is ["Patient"] ? "Patient" : null);
            if (value.IsAddress || type != "Patient") return null;
            ids.Add(value.Target);
        }
        return ids;
    }
}
