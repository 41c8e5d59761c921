using System.Buffers;
using System.Globalization;
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>read, vread and search: each one a request on the disclosure road.</summary>
internal sealed class FhirReads(Disclosure disclosure, PageCursors cursors, SmartUrls urls, TimeProvider time)
{
    /// <summary>The longest query, in characters.</summary>
    public const int MaximumQuery = 8 * 1024;

    public async Task Read(FhirCall call, string type, string id, string? version)
    {
        if (!call.Covers(type, ScopeInteraction.Read))
        {
            await call.Http.Fault(FhirFault.Forbidden("No scope of this token covers reading this type."));
            return;
        }

        int? number = null;
        if (version is not null)
        {
            // A version that is no number of ours cannot exist: it is asked for, recorded and absent like any other.
            number = int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : int.MaxValue;
        }

        using var result = await disclosure.Disclose(Request(call, new Target.Record(type, id, number)), call.Aborted);
        await Answer(call.Http, result);
    }

    /// <summary>The answer to a read, for single requests and for entries of a batch alike.</summary>
    private static Task Answer(HttpContext http, DisclosureResult result)
    {
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var record], Receipt: var receipt }:
                http.Receipt(receipt);
                http.VersionHeaders(record.Key.Version, record.LastUpdated);
                return http.Json(StatusCodes.Status200OK, record.Json);
            case DisclosureResult.Gone { Receipt: var receipt }:
                return http.Fault(FhirFault.Gone, receipt);
            case DisclosureResult.NotThere { Receipt: var receipt }:
                return http.Fault(FhirFault.NotThere, receipt);
            default:
                return http.Fault(FhirFault.LedgerUnavailable);
        }
    }

    public async Task SearchByForm(FhirCall call, string type)
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

        await Search(call, type, url.Length == 0 ? form : form.Length == 0 ? url : $"{url}&{form}");
    }

    public async Task Search(FhirCall call, string type, string rawQuery)
    {
        var (outcome, fault) = await Find(call, type, rawQuery);
        if (fault is not null)
        {
            await call.Http.Fault(fault);
            return;
        }

        call.Http.Receipt(outcome!.Receipt);
        await call.Http.Json(StatusCodes.Status200OK, outcome.Bundle);
    }

    /// <summary>A searchset Bundle with its receipt, or the fault.</summary>
    public async Task<(FoundRecords? Found, FhirFault? Fault)> Find(FhirCall call, string type, string rawQuery)
    {
        rawQuery = rawQuery.TrimStart('?');
        if (!call.Covers(type, ScopeInteraction.Search))
        {
            return (null, FhirFault.Forbidden("No scope of this token covers searching this type."));
        }

        if (rawQuery.Length > MaximumQuery)
        {
            return (null, FhirFault.BadRequest($"A query has at most {MaximumQuery} characters.", IssueType.TooLong));
        }

        var page = default(PagePosition);
        var parameters = QueryText.Split(rawQuery);
        if (cursors.Take(ref parameters, type, call.Caller, call.Purpose.Purpose) is { } cursor)
        {
            if (cursor.Position is not { } position)
            {
                return (null, FhirFault.BadRequest("This page link is not valid for this client, purpose and search. Begin the search again.", IssueType.Value));
            }

            page = position;
        }

        var parsed = SearchQuery.Parse(type, parameters, new SearchOptions { Now = time.GetUtcNow(), LocalBase = urls.Fhir });
        if (parsed.Query is not { } query)
        {
            return (null, FhirFault.BadRequest([.. parsed.Errors.Select(Issue)]));
        }

        var target = new Target.Criteria(type, query, rawQuery, page);
        using var result = await disclosure.Disclose(Request(call, target), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed disclosed:
                return (new FoundRecords(Bundle(call, type, query, parameters, disclosed), disclosed.Receipt), null);
            case DisclosureResult.TooBroad:
                return (null, FhirFault.TooManyPatients);
            default:
                return (null, FhirFault.LedgerUnavailable);
        }
    }

    private byte[] Bundle(FhirCall call, string type, SearchQuery query, IReadOnlyList<KeyValuePair<string, string>> parameters, DisclosureResult.Disclosed disclosed)
    {
        var output = new ArrayBufferWriter<byte>(4096 + disclosed.Records.Sum(r => r.Json.Length + 256));
        using (var bundle = new BundleWriter(output, "searchset", total: query.Total == SearchTotal.None ? null : disclosed.Total))
        {
            var self = $"{urls.Fhir}/{type}{QueryText.Join(parameters)}";
            bundle.Link("self", self);
            if (disclosed.Next is { } next)
            {
                var cursor = cursors.Seal(type, parameters, call.Caller, call.Purpose.Purpose, next);
                bundle.Link("next", $"{self}{(parameters.Count == 0 ? '?' : '&')}{PageCursors.Parameter}={cursor}");
            }

            foreach (var record in disclosed.Records)
            {
                bundle.Entry(new EntryToWrite($"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}", record.Json, "match"));
            }

            bundle.Finish();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>What a parser says of a query, as it goes out.</summary>
    public static ValidationIssue Issue(SearchIssue issue) => new(
        IssueSeverity.Error,
        issue.Code switch
        {
            SearchIssueCode.UnknownParameter or SearchIssueCode.NotSupported => IssueType.NotSupported,
            SearchIssueCode.TooMany => IssueType.TooCostly,
            _ => IssueType.Value,
        },
        $"{issue.Parameter}: {issue.Message}",
        "");

    /// <summary>The request of a call on the disclosure road.</summary>
    public static DisclosureRequest Request(FhirCall call, Target target) => new()
    {
        Caller = call.Caller,
        Purpose = call.Purpose.Purpose,
        EmergencyReason = call.Purpose.EmergencyReason,
        RequestId = call.RequestId,
        Target = target,
    };
}

/// <summary>A searchset Bundle and where its request stands in the ledger.</summary>
internal sealed record FoundRecords(byte[] Bundle, ReceiptId Receipt);
