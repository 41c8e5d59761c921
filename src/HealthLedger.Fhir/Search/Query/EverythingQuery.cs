using System.Globalization;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// What of a patient's record <c>$everything</c> asks for (http://hl7.org/fhir/R4/patient-operation-everything.html): <c>start</c>, <c>end</c>, <c>_since</c>, <c>_type</c>, <c>_count</c>.
/// </summary>
public sealed record EverythingQuery
{
    /// <summary>Entries per page, at least 1; null where absent.</summary>
    public int? Count { get; private init; }

    /// <summary>The resource types that are wanted; null for all.</summary>
    public IReadOnlySet<string>? Types { get; private init; }

    /// <summary>Only records written at this instant or later, in UTC ticks.</summary>
    private long Since { get; init; }

    /// <summary>Only records about care within [From, To), in UTC ticks.</summary>
    private long From { get; init; }

    private long To { get; init; } = long.MaxValue;

    /// <summary>Reads the parameters, decoded, in order; what is wrong otherwise.</summary>
    public static (EverythingQuery? Query, SearchIssue? Issue) Parse(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var query = new EverythingQuery();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
        {
            if (!seen.Add(name) && name != "_type")
            {
                return (null, new SearchIssue(SearchIssueCode.InvalidValue, name, "may be given once."));
            }

            switch (name)
            {
                case "_count" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0:
                    query = query with { Count = count };
                    break;
                case "_since" when HistoryQuery.Period(value) is { } since:
                    query = query with { Since = since.Low };
                    break;
                case "start" when Day(value) is { } start:
                    query = query with { From = start.Low };
                    break;
                case "end" when Day(value) is { } end:
                    query = query with { To = end.High };
                    break;
                case "_type" when value.Split(',') is var types && types.All(t => FhirDefinitions.R4.ResourceType(t) is not null):
                    query = query with { Types = new HashSet<string>([.. query.Types ?? new HashSet<string>(), .. types], StringComparer.Ordinal) };
                    break;
                case "_count" or "_since" or "start" or "end" or "_type":
                    return (null, new SearchIssue(SearchIssueCode.InvalidValue, name, name switch
                    {
                        "_count" => "takes a whole number from 1.",
                        "_since" => "takes an instant, such as 2026-03-04T10:00:00Z.",
                        "_type" => "takes resource types of FHIR R4, separated by commas.",
                        _ => "takes a date, such as 2026-03-04.",
                    }));
                default:
                    return (null, new SearchIssue(SearchIssueCode.NotSupported, name, "$everything takes start, end, _since, _type, _count, _elements and _summary."));
            }
        }

        return (query, null);
    }

    /// <summary>True for a record about care in the time that is asked for; one without a clinical date belongs to any time.</summary>
    public bool IsInTime(ResourceTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return terms.ClinicalPeriod is not var (low, high) || (high > From && low < To);
    }

    /// <summary>True for a record of a wanted type that was written late enough.</summary>
    public bool Wants(string type, DateTimeOffset lastUpdated) => (Types is null || Types.Contains(type)) && lastUpdated.UtcTicks >= Since;

    /// <summary>A date of any precision: the instants it may mean.</summary>
    private static (long Low, long High)? Day(string text) =>
        text.Length <= 10 && Temporal.TryParse(text, TemporalKind.DateTime, out var value) ? value.UtcRange() : null;
}
