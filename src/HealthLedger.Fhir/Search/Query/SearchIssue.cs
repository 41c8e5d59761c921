using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Search;

/// <summary>Why a query, or part of it, is refused.</summary>
public enum SearchIssueCode
{
    /// <summary>The type has no such search parameter.</summary>
    UnknownParameter,

    /// <summary>R4 defines it, this server does not offer it.</summary>
    NotSupported,

    /// <summary>The modifier does not go with the parameter's type.</summary>
    InvalidModifier,

    /// <summary>The value is malformed for the parameter's type.</summary>
    InvalidValue,

    /// <summary>A limit of <see cref="SearchQuery"/> is exceeded.</summary>
    TooMany,
}

/// <summary>One fault of a query.</summary>
/// <param name="Code">Its kind.</param>
/// <param name="Parameter">The parameter as the client named it, shortened to 100 characters.</param>
/// <param name="Message">What is wrong, in words for the client; holds no value of the query, since values may be personal data.</param>
public sealed record SearchIssue(SearchIssueCode Code, string Parameter, string Message);

/// <summary>How to read queries.</summary>
public sealed record SearchOptions
{
    /// <summary>Unknown and unsupported parameters become warnings and are left out (Prefer: handling=lenient). By default they are errors: a filter that is ignored discloses too much.</summary>
    public bool IsLenient { get; init; }

    /// <summary>This server's FHIR address without the last slash: references in values below it count as relative.</summary>
    public string LocalBase { get; init; } = "";

    /// <summary>What <c>:in</c>, <c>:not-in</c>, <c>:above</c> and <c>:below</c> ask of codes; without it they are not served.</summary>
    public ITerminology? Terminology { get; init; }

    /// <summary>The time that the prefix "ap" measures its distance from.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>Either a query or errors; with a lenient query perhaps warnings.</summary>
public sealed record SearchParseResult(SearchQuery? Query, IReadOnlyList<SearchIssue> Errors, IReadOnlyList<SearchIssue> Warnings);

/// <summary><c>_total</c>.</summary>
public enum SearchTotal
{
    /// <summary>The parameter is absent.</summary>
    Unstated,
    None,
    Estimate,
    Accurate,
}

/// <summary>One key of <c>_sort</c>.</summary>
/// <param name="Code">The parameter.</param>
/// <param name="IsDescending">The highest come first.</param>
/// <param name="Part">Which part of a composite, each of which is a key of its own; 0 for other parameters.</param>
public sealed record SearchSort(string Code, bool IsDescending, int Part = 0);

/// <summary>What a query judges: a record's terms with the id and time of last change, which its keeper knows.</summary>
public readonly record struct SearchCandidate(ResourceTerms Terms, string Id, DateTimeOffset LastUpdated);
