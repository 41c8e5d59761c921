using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// A parsed search on one type (http://hl7.org/fhir/R4/search.html). Immutable. It matches one record at a time and sees nothing but that record and, through
/// <see cref="IVisibleRecords"/>, others that the caller may see: who may be considered at all is decided before.
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

    /// <summary>Most <c>_include</c> and <c>_revinclude</c> of one query.</summary>
    public const int MaxIncludes = 32;

    internal SearchQuery(string resourceType) => ResourceType = resourceType;

    public string ResourceType { get; }

    /// <summary>All must match.</summary>
    public IReadOnlyList<SearchCriterion> Criteria
    {
        get;
        internal init
        {
            field = value;
            _alone = [.. value.Where(c => c.IsLocal)];
            _joins = [.. value.Where(c => !c.IsLocal)];
        }
    } = [];

    private readonly SearchCriterion[] _alone = [], _joins = [];

    /// <summary>False where matching looks at other records too.</summary>
    public bool IsLocal => _joins.Length == 0;

    /// <summary><c>_include</c> and <c>_revinclude</c>, in the order given.</summary>
    public IReadOnlyList<SearchInclude> Includes { get; internal init; } = [];

    /// <summary>The types of the other records that matching looks at: for each step the types that it may lead to.</summary>
    public IReadOnlyList<IReadOnlyList<string>> LooksAt { get; internal init; } = [];

    /// <summary>The resource in whose compartment alone matches lie; null where the query has none.</summary>
    public (string Type, string Id)? Compartment { get; private init; }

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
        parameter.Code is "_id" or "_lastUpdated" or "_text" or "_content" or "_filter" || parameter.Branches.Length > 0 || AgeCriterion.Serves(parameter);

    /// <summary>The same search, within the compartment of one resource (R4 compartmentdefinition.html).</summary>
    /// <exception cref="ArgumentException">There is no such compartment.</exception>
    public SearchQuery Within(string compartment, string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        var definition = FhirDefinitions.R4.Compartment(compartment) ?? throw new ArgumentException("No such compartment.", nameof(compartment));
        return new SearchQuery(ResourceType)
        {
            Criteria = [new CompartmentCriterion(definition, id, TypePlan.Of(ResourceType)), .. Criteria],
            Count = Count, Total = Total, Sort = Sort, IsCountOnly = IsCountOnly, Understood = Understood, Includes = Includes, LooksAt = LooksAt, Compartment = (compartment, id),
        };
    }

    /// <summary>Whether a record matches all criteria.</summary>
    /// <exception cref="InvalidOperationException">The query is not local.</exception>
    public bool Matches(in SearchCandidate candidate)
    {
        if (!IsLocal) throw new InvalidOperationException("The query looks at other records too.");
        return MatchesAlone(candidate);
    }

    /// <summary>Whether a record matches all criteria; those on the record itself are asked first.</summary>
    public ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) =>
        !MatchesAlone(candidate) ? ValueTask.FromResult(false) : IsLocal ? ValueTask.FromResult(true) : Joins(candidate, records);

    /// <summary>Whether a record matches all criteria that look at it alone.</summary>
    public bool MatchesAlone(in SearchCandidate candidate)
    {
        if (candidate.Terms.ResourceType != ResourceType) return false;
        foreach (var criterion in _alone)
            if (!criterion.Matches(candidate)) return false;
        return true;
    }

    private async ValueTask<bool> Joins(SearchCandidate candidate, IVisibleRecords records)
    {
        foreach (var join in _joins)
            if (!await join.Matches(candidate, records)) return false;
        return true;
    }

    /// <summary>Where a match stands in the order of the answer.</summary>
    public SearchKey KeyOf(in SearchCandidate candidate)
    {
        var values = Sort.Count == 0 ? [] : new SortValue[Sort.Count];
        for (var i = 0; i < values.Length; i++) values[i] = SearchOrder.Value(Sort[i], candidate);
        return new SearchKey(values, candidate.Terms.ResourceType, candidate.Id);
    }

    /// <summary>The order of two matches under <see cref="Sort"/>; equal keys, and no sort at all, fall back on id and type, so that the order is total and pages are stable.</summary>
    public int Compare(SearchKey left, SearchKey right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        for (var i = 0; i < Sort.Count && i < left.Values.Length && i < right.Values.Length; i++)
        {
            var order = left.Values[i].CompareTo(right.Values[i], Sort[i].IsDescending);
            if (order != 0) return order;
        }
        var byId = string.CompareOrdinal(left.Id, right.Id);
        return byId != 0 ? byId : string.CompareOrdinal(left.Type, right.Type);
    }

    /// <summary>The ids that alone can match, or null where the query does not say.</summary>
    public IReadOnlySet<string>? RecordIds() => Criteria.OfType<IdCriterion>().FirstOrDefault()?.Ids;

    /// <summary>
    /// Conditions on the Patient record that must hold for a patient's compartment to have any match: those of chains such as <c>patient.name</c>, by a parameter that puts the record into the
    /// compartments of the patients it names.
    /// </summary>
    public IEnumerable<SearchQuery> PatientConditions() => Criteria.OfType<ChainCriterion>()
        .Where(c => ResourceType != "Patient" && c.Conditions is { Count: 1 } && c.Conditions.ContainsKey("Patient") && TypePlan.Of(ResourceType).LeadsToCompartment(c.Code))
        .Select(c => c.Conditions["Patient"]);

    /// <summary>True where every reference from a record of the type by the parameter to a patient puts that record into the patient's compartment.</summary>
    public static bool LeadsToCompartment(string resourceType, string parameter) => TypePlan.Of(resourceType).LeadsToCompartment(parameter);

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
                CompartmentCriterion when Compartment is { Type: "Patient", Id: var patient } => [patient],
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
