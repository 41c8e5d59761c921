using System.Buffers;
using System.Globalization;
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Searches over one type, over several, and within a compartment (http://hl7.org/fhir/R4/search.html): each one a request on the disclosure road. What the address, the
/// parameters and the scopes tell is answered before anything stored is looked at.
/// </summary>
internal sealed class FhirSearches(Disclosure disclosure, PageCursors cursors, SmartUrls urls, ITerminology terminology, TimeProvider time)
{
    /// <summary>The longest query, in characters.</summary>
    public const int MaximumQuery = 8 * 1024;

    public async Task AnswerPosted(FhirCall call, SearchPlace place)
    {
        if (!call.Http.Request.HasFormContentType)
        {
            await call.Http.Fault(FhirFault.Of(415, IssueType.NotSupported, "POST _search takes application/x-www-form-urlencoded."));
            return;
        }

        var body = await FhirBody.Read(call.Http, MaximumQuery, call.Aborted);
        if (body is null)
        {
            await call.Http.Fault(FhirFault.BadRequest($"A query has at most {MaximumQuery} bytes.", IssueType.TooLong));
            return;
        }

        var url = call.Http.Request.QueryString.Value?.TrimStart('?') ?? "";
        var form = Encoding.UTF8.GetString(body.Value.Span);
        if (AnswerForm.Choose(call.Http, form) is { } noForm)
        {
            await call.Http.Fault(noForm);
            return;
        }

        await Answer(call, place, url.Length == 0 ? form : form.Length == 0 ? url : $"{url}&{form}");
    }

    public Task Answer(FhirCall call, SearchPlace place) => Answer(call, place, call.Http.Request.QueryString.Value ?? "");

    public async Task Answer(FhirCall call, SearchPlace place, string rawQuery)
    {
        var (outcome, fault) = await Find(call, place, rawQuery);
        if (fault is not null)
        {
            await call.Http.Fault(fault);
            return;
        }

        call.Http.Receipt(outcome!.Receipt);
        await call.Http.Json(StatusCodes.Status200OK, outcome.Bundle);
    }

    /// <summary>An operation that is this search.</summary>
    public AskedOperation Asked(FhirCall call, SearchPlace place, string rawQuery) =>
        Fault(call, place, rawQuery) is { } fault ? AskedOperation.Wrong(fault) : AskedOperation.Good(() => Answer(call, place, rawQuery));

    /// <summary>What is wrong with a search, as far as the request alone tells; null where nothing is.</summary>
    public FhirFault? Fault(FhirCall call, SearchPlace place, string rawQuery) => Understand(call, place, rawQuery.TrimStart('?')).Fault;

    /// <summary>A searchset Bundle with its receipt, or the fault.</summary>
    public async Task<(FoundRecords? Found, FhirFault? Fault)> Find(FhirCall call, SearchPlace place, string rawQuery)
    {
        rawQuery = rawQuery.TrimStart('?');
        var (search, cursor, page, fault) = Understand(call, place, rawQuery);
        if (search is null)
        {
            return (null, fault);
        }

        var target = new Target.Criteria(search.Queries[0].ResourceType, search.Queries[0], place.Latest is { } max ? $"{rawQuery}&max={max}" : rawQuery, page)
        {
            Others = [.. search.Queries.Skip(1)], Path = place.Path, Latest = place.Latest,
        };
        using var result = await disclosure.Disclose(FhirReads.Request(call, target), call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed disclosed => (Bundle(call, place, search, cursor, disclosed), null),
            DisclosureResult.TooBroad => (null, FhirFault.TooManyPatients),
            _ => (null, FhirFault.LedgerUnavailable),
        };
    }

    /// <summary>A search with the page that its cursor names, or the fault. Nothing stored is looked at.</summary>
    private (Search? Search, string? Cursor, PagePosition Page, FhirFault? Fault) Understand(FhirCall call, SearchPlace place, string rawQuery)
    {
        if (!place.IsCovered(call.Caller))
        {
            return (null, null, default, FhirFault.NoScope("searching", [.. place.Types]));
        }

        if (rawQuery.Length > MaximumQuery)
        {
            return (null, null, default, FhirFault.BadRequest($"A query has at most {MaximumQuery} characters.", IssueType.TooLong));
        }

        var page = default(PagePosition);
        string? cursorText = null;
        var parameters = QueryText.Split(rawQuery);
        if (cursors.Take(ref parameters, place.Path, call.Caller, call.Purpose.Purpose) is { } cursor)
        {
            if (cursor.Position is not { } position)
            {
                return (null, null, default, FhirFault.Parameter(PageCursors.Parameter, "This page link is not valid for this client, purpose and search. Begin the search again."));
            }

            (page, cursorText) = (position, cursor.Text);
        }

        // "Empty parameters are not an error - they are just ignored by the server" (http://hl7.org/fhir/R4/search.html#3.1.1.3). Not so in the condition of a change (FhirConditions), which would reach further.
        parameters = [.. parameters.Where(p => p.Value.Length > 0)];
        var (search, fault) = Parse(call, place, parameters);
        if (search is null)
        {
            return (null, null, default, fault);
        }

        if (place.Latest is not null && search.Queries[0].PatientIds() is null)
        {
            return (null, null, default, FhirFault.Parameter("patient", "the operation needs a patient, by patient or subject.", IssueType.Required));
        }

        return (search, cursorText, page, null);
    }

    /// <summary>What the meta of all that the caller may see there has: a search that counts, which tells that instead of the count.</summary>
    public async Task<(UsedMeta? Meta, FhirFault? Fault, ReceiptId? Receipt)> Meta(FhirCall call, SearchPlace place)
    {
        if (!place.IsCovered(call.Caller))
        {
            return (null, FhirFault.NoScope("searching", [.. place.Types]), null);
        }

        var (search, fault) = Parse(call, place, [new("_summary", "count")]);
        if (search is null)
        {
            return (null, fault, null);
        }

        var target = new Target.Criteria(search.Queries[0].ResourceType, search.Queries[0], "", default)
        {
            Others = [.. search.Queries.Skip(1)], Path = $"{place.Path}/$meta".TrimStart('/'), WithMeta = true,
        };
        using var result = await disclosure.Disclose(FhirReads.Request(call, target), call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed disclosed => (disclosed.Meta, null, disclosed.Receipt),
            DisclosureResult.TooBroad => (null, FhirFault.TooManyPatients, null),
            _ => (null, FhirFault.LedgerUnavailable, null),
        };
    }

    private (Search? Search, FhirFault? Fault) Parse(FhirCall call, SearchPlace place, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        var types = place.Types.ToList();
        if (types.Count == 0)
        {
            return (null, FhirFault.BadRequest("Records of this type are in no such compartment.", IssueType.NotSupported));
        }

        if (place == SearchPlace.Everything && parameters.Count == 0)
        {
            return (null, FhirFault.BadRequest("A search over all types needs _type, or another parameter.", IssueType.TooCostly));
        }

        if (place.Type is null)
        {
            var named = parameters.Where(p => p.Key == "_type").SelectMany(p => p.Value.Split(',')).Distinct(StringComparer.Ordinal).ToList();
            if (named.Find(t => !types.Contains(t)) is not null)
            {
                return (null, FhirFault.Parameter("_type", "resource types of FHIR R4 are expected, within a compartment those that can be in it."));
            }

            if (named.Find(t => !call.Caller.Covers(t, ScopeInteraction.Search)) is { } uncovered)
            {
                return (null, FhirFault.NoScope("searching", [uncovered], ", which _type names"));
            }

            types = named.Count > 0 ? named : types.FindAll(t => call.Caller.Covers(t, ScopeInteraction.Search));
        }

        var (subset, _, wrong) = SubsetParameters.Parse(place.Type, parameters);
        if (wrong is not null)
        {
            return (null, FhirFault.BadRequest([Issue(wrong)]));
        }

        var isLenient = IsLenient(call.Http.Request);
        var options = new SearchOptions { Now = time.GetUtcNow(), LocalBase = urls.Fhir, Terminology = terminology, IsLenient = isLenient };
        var ofTypes = place.Type is null ? parameters.Where(p => p.Key != "_type").ToList() : parameters;
        var queries = new List<SearchQuery>(types.Count);
        var warnings = new List<SearchIssue>();
        foreach (var type in types)
        {
            var parsed = SearchQuery.Parse(type, ofTypes, options);
            if (parsed.Query is not { } query)
            {
                return (null, FhirFault.BadRequest([.. parsed.Errors.Select(e => Issue(e))]));
            }

            if (query.LooksAt.FirstOrDefault(step => !step.Any(t => call.Caller.Covers(t, ScopeInteraction.Search))) is { } closed)
            {
                return (null, FhirFault.NoScope("searching", [.. closed], ", which this query looks through"));
            }

            warnings.AddRange(parsed.Warnings.Except(warnings));
            queries.Add(place.Compartment is { } within ? query.Within(within.Type, within.Id) : query);
        }

        // http://hl7.org/fhir/R4/search.html#summary
        if (subset == ResourceSubset.Text && queries[0].Includes.Count > 0)
        {
            return (null, FhirFault.Parameter("_summary", "text does not go with _include and _revinclude."));
        }

        // What one of several types does not know is left out of the search for all of them.
        var left = warnings.Select(w => w.Parameter).ToHashSet(StringComparer.Ordinal);
        if (left.Count > 0 && types.Count > 1)
        {
            var known = parameters.Where(p => !left.Contains(p.Key)).ToList();
            var (again, fault) = Parse(call, place, known);
            return (again is null ? null : again with { Warnings = warnings }, fault);
        }

        return (new Search(queries, [.. parameters.Where(p => (place.Type is null && p.Key == "_type") || queries[0].Understood.Contains(p))], subset, warnings), null);
    }

    /// <summary>Prefer: handling=lenient (http://hl7.org/fhir/R4/search.html#errors). By default what is not understood is refused: a filter that is ignored discloses too much.</summary>
    public static bool IsLenient(HttpRequest request) => request.Headers["Prefer"]
        .SelectMany(header => (header ?? "").Split([',', ';'], StringSplitOptions.TrimEntries))
        .Any(preference => preference.Replace(" ", "", StringComparison.Ordinal).Equals("handling=lenient", StringComparison.OrdinalIgnoreCase));

    private FoundRecords Bundle(FhirCall call, SearchPlace place, Search search, string? cursor, DisclosureResult.Disclosed disclosed)
    {
        var output = new ArrayBufferWriter<byte>(4096 + disclosed.Records.Sum(r => r.Json.Length + 256));
        string? next;

        // Who asks for nothing but the count gets it, whatever _total says.
        var hasTotal = search.Queries[0].Total != SearchTotal.None || search.Queries[0].IsCountOnly;
        using (var bundle = new BundleWriter(output, "searchset", total: hasTotal ? disclosed.Total : null))
        {
            var address = place.Path.Length == 0 ? urls.Fhir : $"{urls.Fhir}/{place.Path}";
            var understood = place.Latest is { } max ? [.. search.Understood.Where(p => p.Key != "_sort"), new("max", max.ToString(CultureInfo.InvariantCulture))] : search.Understood;
            next = disclosed.Next is { } position ? cursors.Seal(place.Path, search.Understood, call.Caller, call.Purpose.Purpose, position) : null;
            PageLinks.Write(bundle, call.Http, address, understood, cursor, next);
            foreach (var record in disclosed.Records)
            {
                bundle.Entry(new EntryToWrite($"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}", record.Part(search.Subset), record.IsIncluded ? "include" : "match"));
            }

            var remarks = Remarks(search, disclosed);
            if (remarks.Count > 0)
            {
                bundle.Entry(new EntryToWrite(Resource: OperationOutcomeJson.From(remarks), SearchMode: "outcome"));
            }

            bundle.Finish();
        }

        return new FoundRecords(output.WrittenSpan.ToArray(), disclosed.Receipt, next);
    }

    private static List<ValidationIssue> Remarks(Search search, DisclosureResult.Disclosed disclosed)
    {
        var remarks = search.Warnings.Select(w => Issue(w, IssueSeverity.Warning)).ToList();
        if (disclosed.IncludesCut)
        {
            remarks.Add(new(IssueSeverity.Warning, IssueType.TooCostly, "A page brings along at most 1000 included records, in 8 rounds of :iterate: the rest is left out. Ask for smaller pages by _count.", ""));
        }

        return remarks;
    }

    /// <summary>What a parser says of a query, as it goes out.</summary>
    public static ValidationIssue Issue(SearchIssue issue, IssueSeverity severity = IssueSeverity.Error) => new(
        severity,
        issue.Code switch
        {
            SearchIssueCode.UnknownParameter or SearchIssueCode.NotSupported => IssueType.NotSupported,
            SearchIssueCode.TooMany => IssueType.TooCostly,
            _ => IssueType.Value,
        },
        $"{issue.Parameter}: {issue.Message}",
        FhirFault.Place(issue.Parameter));

    /// <summary>One search, understood.</summary>
    /// <param name="Queries">One for each type, at least one.</param>
    /// <param name="Understood">Its parameters, for the self link.</param>
    /// <param name="Subset">The part of each record that is asked for; null for all of it.</param>
    /// <param name="Warnings">What was left out.</param>
    private sealed record Search(IReadOnlyList<SearchQuery> Queries, IReadOnlyList<KeyValuePair<string, string>> Understood, ResourceSubset? Subset, IReadOnlyList<SearchIssue> Warnings);
}

/// <summary>A searchset Bundle and where its request stands in the ledger.</summary>
/// <param name="Bundle">The Bundle as JSON.</param>
/// <param name="Receipt">The request's entry.</param>
/// <param name="Cursor">The cursor of the next page, as it stands in the Bundle's link; null on the last page.</param>
internal sealed record FoundRecords(byte[] Bundle, ReceiptId Receipt, string? Cursor);
