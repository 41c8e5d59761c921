using System.Globalization;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Which versions a history asks for (http://hl7.org/fhir/R4/http.html#history): <c>_count</c>, <c>_since</c> and <c>_at</c>. Newest first; R4 knows no other order.
/// </summary>
public sealed record HistoryQuery
{
    /// <summary>Entries per page; 0 asks for the total alone; null where absent.</summary>
    public int? Count { get; private init; }

    /// <summary>Only versions made at this instant or later, in UTC ticks; null where absent.</summary>
    public long? Since { get; private init; }

    /// <summary>Only versions that were current at some time in [Low, High), in UTC ticks; null where absent.</summary>
    public (long Low, long High)? At { get; private init; }

    /// <summary><c>_summary</c> or <c>_elements</c>: the part of each version that is asked for; null for all of it.</summary>
    public ResourceSubset? Subset { get; private init; }

    /// <summary>Reads the parameters, decoded, in order; what is wrong otherwise. The type is null for the history of the system.</summary>
    public static (HistoryQuery? Query, SearchIssue? Issue) Parse(string? resourceType, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var (subset, isCountOnly, wrong) = SubsetParameters.Parse(resourceType, parameters);
        if (wrong is not null)
        {
            return (null, wrong);
        }

        var query = new HistoryQuery { Subset = subset };
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters.Where(p => !SubsetParameters.Has(p.Key)))
        {
            if (name is not ("_count" or "_since" or "_at"))
            {
                return (null, new SearchIssue(SearchIssueCode.NotSupported, name, name switch
                {
                    "_sort" => "a history of R4 has one order, newest first.",
                    "_list" => "a history of the members of a list is not served; ask for the history of each.",
                    _ => "a history takes _count, _since, _at, _summary and _elements.",
                }));
            }

            if (!seen.Add(name))
            {
                return (null, new SearchIssue(SearchIssueCode.InvalidValue, name, "may be given once."));
            }

            switch (name)
            {
                case "_count" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count):
                    query = query with { Count = count };
                    break;
                case "_since" when Period(value) is { } since:
                    query = query with { Since = since.Low };
                    break;
                case "_at" when Period(value) is { } at:
                    query = query with { At = at };
                    break;
                default:
                    return (null, new SearchIssue(SearchIssueCode.InvalidValue, name, name == "_count" ? "takes a whole number from 0." : "takes a date or an instant, such as 2026-03-04T10:00:00Z."));
            }
        }

        return (isCountOnly ? query with { Count = 0 } : query, null);
    }

    /// <summary>True for a version that was made at <paramref name="made"/> and replaced at <paramref name="replaced"/> (null: it is the current one), in UTC ticks.</summary>
    public bool Asks(long made, long? replaced) =>
        (Since is not { } since || made >= since) && (At is not var (low, high) || (made < high && (replaced is not { } end || end > low)));

    internal static (long Low, long High)? Period(string text)
    {
        // A plus sign in a URL that was not encoded arrives as a blank.
        var written = text.Replace(' ', '+');
        return written.Length <= 48 && Temporal.TryParse(written, TemporalKind.DateTime, out var value) && value.Precision != TemporalPrecision.Hour ? value.UtcRange() : null;
    }
}
