using System.Buffers;
using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// history of a record, of a type, of the system (http://hl7.org/fhir/R4/http.html#history): a Bundle of versions, newest first, deletions as entries without resource.
/// </summary>
internal sealed class FhirHistory(Disclosure disclosure, PageCursors cursors, SmartUrls urls)
{
    private const int ServerIdLength = 32;

    public async Task Answer(FhirCall call, string? type, string? id)
    {
        var (found, fault, receipt) = await Find(call, type, id, call.Http.Request.QueryString.Value ?? "");
        if (fault is not null)
        {
            await call.Http.Fault(fault, receipt);
            return;
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, found);
    }

    /// <summary>What is wrong with the request for a history, as far as the request alone tells; null where nothing is.</summary>
    public FhirFault? Fault(FhirCall call, string? type, string? id, string rawQuery) => Understand(call, type, id, rawQuery.TrimStart('?')).Fault;

    /// <summary>A history Bundle, or the fault; with the receipt where there is one.</summary>
    public async Task<(byte[]? Bundle, FhirFault? Fault, ReceiptId? Receipt)> Find(FhirCall call, string? type, string? id, string rawQuery)
    {
        rawQuery = rawQuery.TrimStart('?');
        var (asked, fault) = Understand(call, type, id, rawQuery);
        if (asked is null)
        {
            return (null, fault, null);
        }

        var request = FhirReads.Request(call, new Target.History(type, id, asked.Query, rawQuery, asked.Page));
        using var result = await disclosure.Disclose(request, call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed disclosed => (Bundle(call, asked, disclosed), null, disclosed.Receipt),
            DisclosureResult.NotThere absent => (null, FhirFault.NotThere, absent.Receipt),
            DisclosureResult.TooBroad => (null, FhirFault.TooManyPatients, null),
            _ => (null, FhirFault.LedgerUnavailable, null),
        };
    }

    /// <summary>A history as it is asked for, or the fault. Nothing stored is looked at.</summary>
    private (Asked? Asked, FhirFault? Fault) Understand(FhirCall call, string? type, string? id, string rawQuery)
    {
        var interaction = id is null ? ScopeInteraction.Search : ScopeInteraction.Read;
        if (type is null ? !FhirDefinitions.R4.RecordTypes.Any(t => call.Covers(t, interaction)) : !call.Covers(type, interaction))
        {
            return (null, FhirFault.Forbidden("No scope of this token covers this history."));
        }

        if (rawQuery.Length > FhirSearches.MaximumQuery)
        {
            return (null, FhirFault.BadRequest($"A query has at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
        }

        var parameters = QueryText.Split(rawQuery);
        var path = new Target.History(type, id, new HistoryQuery(), "", default).Path;
        var page = default(PagePosition);
        string? cursorText = null;
        if (cursors.Take(ref parameters, path, call.Caller, call.Purpose.Purpose) is { } cursor)
        {
            if (cursor.Position is not { } position)
            {
                return (null, FhirFault.Parameter(PageCursors.Parameter, "This page link is not valid for this client, purpose and history. Begin again."));
            }

            (page, cursorText) = (position, cursor.Text);
        }

        var (query, issue) = HistoryQuery.Parse(type, parameters);
        if (query is null)
        {
            return (null, FhirFault.BadRequest([FhirSearches.Issue(issue!)]));
        }

        return (new Asked(path, query, parameters, cursorText, page), null);
    }

    private byte[] Bundle(FhirCall call, Asked asked, DisclosureResult.Disclosed disclosed)
    {
        var (path, query, parameters, cursor, _) = asked;
        var output = new ArrayBufferWriter<byte>(4096 + disclosed.Records.Sum(r => r.Json.Length + 512));
        using var bundle = new BundleWriter(output, "history", total: disclosed.Total);
        var next = disclosed.Next is { } position ? cursors.Seal(path, parameters, call.Caller, call.Purpose.Purpose, position) : null;
        PageLinks.Write(bundle, call.Http, $"{urls.Fhir}/{path}", parameters, cursor, next);
        foreach (var record in disclosed.Records)
        {
            bundle.Entry(Entry(record, query.Subset));
        }

        bundle.Finish();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What was asked for and what came of it (R4 Bundle, bdl-3 and bdl-4): told from the version alone, since versions before it may be hidden.</summary>
    private EntryToWrite Entry(DisclosedRecord record, ResourceSubset? subset)
    {
        var (type, id, version) = record.Key;
        var (method, status) = record.Json.IsEmpty ? ("DELETE", "204") : version > 1 ? ("PUT", "200") : (IsOfTheServer(id) ? "POST" : "PUT", "201");
        return new EntryToWrite(
            $"{urls.Fhir}/{type}/{id}",
            record.Json.IsEmpty ? default : record.Part(subset),
            RequestMethod: method,
            RequestUrl: method == "POST" ? type : $"{type}/{id}",
            Response: new EntryResponse(status, string.Create(CultureInfo.InvariantCulture, $"{urls.Fhir}/{record.Key}"), FhirHeaders.ETag(version), record.LastUpdated));
    }

    /// <summary>True for an id as the server makes them, for a create; a record under any other came by an update.</summary>
    private static bool IsOfTheServer(string id) => id.Length == ServerIdLength && !id.AsSpan().ContainsAnyExcept("0123456789abcdef");

    /// <summary>One history, understood.</summary>
    /// <param name="Path">As in the address, without the server's.</param>
    /// <param name="Query">What is asked for.</param>
    /// <param name="Parameters">As sent, without the cursor.</param>
    /// <param name="Cursor">The cursor as sent; null on the first page.</param>
    /// <param name="Page">Where the page begins.</param>
    private sealed record Asked(string Path, HistoryQuery Query, IReadOnlyList<KeyValuePair<string, string>> Parameters, string? Cursor, PagePosition Page);
}
