using HealthLedger.Access;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Reads the condition of a conditional create, update, patch or delete (http://hl7.org/fhir/R4/http.html#cond-update): a search of the caller, which needs the scope to
/// search and says what is sought, not how the answer should look.
/// </summary>
internal sealed class FhirConditions(SmartUrls urls, ITerminology terminology, TimeProvider time)
{
    /// <summary>Two matches tell that there are several.</summary>
    private static readonly KeyValuePair<string, string> Two = new("_count", "2");

    /// <summary>A condition that says nothing of this change: passed over, it would let through what the client wants held back.</summary>
    /// <param name="method">POST, PUT, PATCH or DELETE.</param>
    /// <param name="isConditional">Whether a query says of what record it is.</param>
    /// <param name="hasIfMatch">If-Match is given, or request.ifMatch in a Bundle.</param>
    /// <param name="hasIfNoneMatch">The same of If-None-Match.</param>
    /// <param name="hasIfNoneExist">The same of If-None-Exist.</param>
    public static FhirFault? Misplaced(string method, bool isConditional, bool hasIfMatch, bool hasIfNoneMatch, bool hasIfNoneExist) =>
        hasIfNoneExist && method != "POST" ? FhirFault.BadRequest("If-None-Exist (request.ifNoneExist) is for POST. The condition of another change stands in its URL, as in Patient?identifier=SYSTEM|VALUE.", IssueType.Value)
        : hasIfMatch && method == "POST" ? FhirFault.BadRequest("If-Match (request.ifMatch) is for changes of a record that is there; a POST makes a new one.", IssueType.Value)
        : hasIfNoneMatch && (method != "PUT" || isConditional) ? FhirFault.BadRequest("Of changes, If-None-Match (request.ifNoneMatch) is for a PUT by id alone.", IssueType.Value)
        : null;

    /// <summary>The same of a request on its own, and of a query that it does not take.</summary>
    public static FhirFault? Misplaced(HttpRequest request, string method, bool isConditional) =>
        Misplaced(method, isConditional, request.Headers.IfMatch.Count > 0, request.Headers.IfNoneMatch.Count > 0, request.Headers["If-None-Exist"].Count > 0)
        ?? (!isConditional && request.Query.Keys.Any(name => name is not ("_format" or "_pretty")) ? FhirFault.NoQueryHere : null);

    /// <summary>The condition; neither where there is none.</summary>
    /// <param name="caller">Whose search it is.</param>
    /// <param name="type">The type of what is sought.</param>
    /// <param name="text">The query, with or without its question mark; null where there is none.</param>
    public (Target.Criteria? Condition, FhirFault? Fault) Read(Caller caller, string type, string? text)
    {
        if (text is null)
        {
            return default;
        }

        if (!caller.Covers(type, ScopeInteraction.Search))
        {
            return (null, FhirFault.NoScope("searching", [type], ", which a conditional request does"));
        }

        var raw = text.TrimStart('?');
        if (raw.Length > FhirSearches.MaximumQuery)
        {
            return (null, FhirFault.BadRequest($"A condition has at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
        }

        if (raw.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question && !raw.AsSpan(0, question).ContainsAny('=', '&'))
        {
            return (null, FhirFault.BadRequest("A condition is the query alone, such as identifier=SYSTEM|VALUE: leave out the type or URL and the question mark before it.", IssueType.Value));
        }

        var parameters = QueryText.Split(raw);
        var parsed = SearchQuery.Parse(type, [.. parameters, Two], new SearchOptions { Now = time.GetUtcNow(), LocalBase = urls.Fhir, Terminology = terminology });
        if (parsed.Query is not { } query)
        {
            return (null, FhirFault.BadRequest([.. parsed.Errors.Select(e => FhirSearches.Issue(e))]));
        }

        if (query.LooksAt.FirstOrDefault(step => !step.Any(t => caller.Covers(t, ScopeInteraction.Search))) is { } closed)
        {
            return (null, FhirFault.NoScope("searching", [.. closed], ", which the condition looks through"));
        }

        return query.Criteria.Count == 0 || query.Includes.Count > 0 || parameters.Any(p => p.Key is "_count" or "_sort" or "_total" || SubsetParameters.Has(p.Key))
            ? (null, FhirFault.BadRequest("A condition takes search parameters of the type, at least one, and none that shape an answer, such as _count or _sort.", IssueType.Value))
            : (new Target.Criteria(type, query, raw, default), null);
    }
}
