using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Fhir.Audit;

/// <summary>A search for AuditEvents, understood: R4's parameters of the type, as far as they look at the event alone.</summary>
/// <param name="Query">Matches an event by its terms.</param>
/// <param name="Patient">The one patient whose events are meant; null for everybody's.</param>
/// <param name="Subset">The part of each event that is asked for; null for all of it.</param>
/// <param name="Since">No event before this instant can match.</param>
/// <param name="Until">No event at or after this instant can match.</param>
/// <param name="Warnings">What was left out.</param>
internal sealed record AuditSearch(SearchQuery Query, string? Patient, ResourceSubset? Subset, DateTimeOffset? Since, DateTimeOffset? Until, IReadOnlyList<SearchIssue> Warnings)
{
    /// <summary>Not the vault's: what is found in events must not stay in memory among the strings of records.</summary>
    private readonly TermPool _pool = new(capacity: 10_000);

    public bool IsCountOnly => Query.IsCountOnly;

    public bool CountsAll => Query.IsCountOnly || Query.Total is SearchTotal.Accurate or SearchTotal.Estimate;

    /// <summary>Whether an event matches, as the caller may see it; null where every event does.</summary>
    public Func<FoundEvent, bool>? Matches => Query.Criteria.Count == 0 ? null : found =>
        SearchTermExtractor.Extract(found.ToAuditEvent(withProof: false), _pool) is { } terms
        && Query.Matches(new SearchCandidate(terms, Proofs.Facts.AuditEventWriter.IdOf(found.Entry), found.Time ?? default));

    /// <summary>A search, or what is wrong with it.</summary>
    public static (AuditSearch? Search, FhirFault? Fault) Parse(IReadOnlyList<KeyValuePair<string, string>> parameters, Caller caller, SearchOptions options)
    {
        var (subset, _, wrong) = SubsetParameters.Parse(FhirAuditEvents.Type, parameters);
        if (wrong is not null)
        {
            return (null, FhirFault.BadRequest([FhirSearches.Issue(wrong)]));
        }

        var parsed = SearchQuery.Parse(FhirAuditEvents.Type, parameters, options);
        if (parsed.Query is not { } query)
        {
            return (null, FhirFault.BadRequest([.. parsed.Errors.Select(e => FhirSearches.Issue(e))]));
        }

        if (!query.IsLocal || query.Includes.Count > 0 || query.LooksAt.Count > 0)
        {
            return (null, FhirFault.BadRequest("Recorded events are matched alone: chains, _has, _list and includes, which look at other records, are not supported for them.", IssueType.NotSupported));
        }

        if (query.Sort is not ([] or [{ Code: "date", IsDescending: true }]))
        {
            return (null, FhirFault.Parameter("_sort", "recorded events come newest first; -date asks for that.", IssueType.NotSupported));
        }

        string? patient = null;
        if (query.PatientIds() is { } named)
        {
            if (named.Count != 1)
            {
                return (null, FhirFault.Parameter("patient", "name one patient: each has a chain of events of their own.", IssueType.NotSupported));
            }

            patient = named.Single();
        }

        // A patient's question is about the own events whatever it names; naming another finds none.
        patient = caller.Role == CallerRole.Patient ? caller.Patient : patient;
        var (since, until) = Bounds(parameters);
        return (new AuditSearch(query, patient, subset, since, until, parsed.Warnings), null);
    }

    /// <summary>A span outside which no event can match, from the dates that bound it; wider than they say by two days, so that no time zone and no precision counts.</summary>
    private static (DateTimeOffset? Since, DateTimeOffset? Until) Bounds(IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        DateTimeOffset? since = null, until = null;
        foreach (var value in parameters.Where(p => p.Key is "date" or "_lastUpdated").Select(p => p.Value))
        {
            var prefix = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[..2] : "eq";
            var text = value.Length > 2 && char.IsAsciiLetter(value[0]) ? value[2..] : value;
            if (text.Contains(',', StringComparison.Ordinal) || text.Length < 10
                || !DateTimeOffset.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day)
                || day.Year is < 1971 or > 9990)
            {
                continue;
            }

            if (prefix is "eq" or "ge" or "gt" or "sa" && !(since > day.AddDays(-2)))
            {
                since = day.AddDays(-2);
            }

            if (prefix is "eq" or "le" or "lt" or "eb" && !(until < day.AddDays(3)))
            {
                until = day.AddDays(3);
            }
        }

        return (since, until);
    }
}
