using System.Buffers;
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Proofs.Facts;
using HealthLedger.Review;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Audit;

/// <summary>
/// Search and read of AuditEvents that are made from the ledger's facts (http://hl7.org/fhir/R4/auditevent.html), for auditors and for patients on their own behalf. A search is
/// matched against the event as the caller may see it, so that no criterion finds what is closed to them. Each request is one entry, whatever it finds. For all other callers,
/// and on every other path, AuditEvents are the records that clients stored.
/// </summary>
internal sealed class FhirAuditEvents(AuditTrail trail, ReceiptIds receipts, PageCursors cursors, SmartUrls urls, ITerminology terminology, TimeProvider time)
{
    public const string Type = "AuditEvent";

    /// <summary>For the CapabilityStatement.</summary>
    public const string Documentation =
        "For auditors (role regulator) and for patients on their own behalf, read and search-type are answered from the facts that the ledger commits to: each event carries its entry, "
        + "proof and opening. There the parameters that look at other records, includes and any _sort but -date are refused. For other callers these are records that clients stored.";

    private const int MaximumCount = 200;
    private const int DefaultCount = 50;

    /// <summary>True where the ledger answers this: by who asks and for what, nothing stored is looked at.</summary>
    public bool Serves(FhirCall call, string method, string[] segments) => AuditTrail.MayAsk(call.Caller) && (method, segments) switch
    {
        ("GET", [Type]) or ("POST", [Type, "_search"]) => Covers(call.Caller, ScopeInteraction.Search),
        ("GET", [Type, "_search" or "_history"]) => false,
        ("GET", [Type, var id]) => Covers(call.Caller, ScopeInteraction.Read) && (call.Caller.Role == CallerRole.Regulator || AuditEventWriter.EntryOf(id) is not null),
        _ => false,
    };

    public async Task Answer(FhirCall call, string method, string[] segments)
    {
        if (call.Caller.Role == CallerRole.Regulator && call.Purpose.Purpose != PurposeOfUse.Compliance)
        {
            await call.Http.Fault(FhirFault.Forbidden("Recorded events are opened to auditors for the purpose HCOMPL alone."));
        }
        else if (segments is [_, var id] && method == "GET")
        {
            await Read(call, id);
        }
        else if (method == "GET")
        {
            await Search(call, call.Http.Request.QueryString.Value ?? "");
        }
        else
        {
            await SearchPosted(call);
        }
    }

    /// <summary>An auditor's scope is the right itself, as for entry bundles; a patient's token needs the scope.</summary>
    private static bool Covers(Caller caller, ScopeInteraction interaction) => caller.MayAudit || caller.Covers(Type, interaction);

    private async Task Read(FhirCall call, string id)
    {
        var (subset, fault) = FhirReads.Subset(Type, call.Http.Request.QueryString.Value ?? "");
        if (fault is not null)
        {
            await call.Http.Fault(fault);
            return;
        }

        if (await trail.Read(call.Caller, call.RequestId, id, call.Aborted) is not var (asked, found))
        {
            await call.Http.Fault(FhirFault.LedgerUnavailable);
            return;
        }

        if (found is null)
        {
            await call.Http.Fault(FhirFault.NotThere, Receipt(call, asked));
            return;
        }

        call.Http.Receipt(Receipt(call, asked));
        await call.Http.Json(StatusCodes.Status200OK, Part(found, subset));
    }

    private async Task SearchPosted(FhirCall call)
    {
        if (!call.Http.Request.HasFormContentType)
        {
            await call.Http.Fault(FhirFault.Of(415, IssueType.NotSupported, "POST _search takes application/x-www-form-urlencoded."));
            return;
        }

        if (await FhirBody.Read(call.Http, FhirSearches.MaximumQuery, call.Aborted) is not { } body)
        {
            await call.Http.Fault(FhirFault.BadRequest($"A query has at most {FhirSearches.MaximumQuery} bytes.", IssueType.TooLong));
            return;
        }

        var form = Encoding.UTF8.GetString(body.Span);
        if (AnswerForm.Choose(call.Http, form) is { } noForm)
        {
            await call.Http.Fault(noForm);
            return;
        }

        await Search(call, string.Join('&', new[] { call.Http.Request.QueryString.Value?.TrimStart('?') ?? "", form }.Where(part => part.Length > 0)));
    }

    private async Task Search(FhirCall call, string rawQuery)
    {
        rawQuery = rawQuery.TrimStart('?');
        if (rawQuery.Length > FhirSearches.MaximumQuery)
        {
            await call.Http.Fault(FhirFault.BadRequest($"A query has at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
            return;
        }

        var parameters = QueryText.Split(rawQuery);
        var cursor = cursors.TakeEntry(ref parameters, Type, call.Caller, call.Purpose.Purpose);
        if (cursor is { Before: null })
        {
            await call.Http.Fault(FhirFault.Parameter(PageCursors.Parameter, "This page link is not valid for this client, purpose and search. Begin the search again."));
            return;
        }

        var options = new SearchOptions { Now = time.GetUtcNow(), LocalBase = urls.Fhir, Terminology = terminology, IsLenient = FhirSearches.IsLenient(call.Http.Request) };
        var (search, fault) = AuditSearch.Parse([.. parameters.Where(p => p.Value.Length > 0)], call.Caller, options);
        if (search is null)
        {
            await call.Http.Fault(fault!);
            return;
        }

        var question = new ReviewQuestion(Before: cursor?.Before, Max: search.IsCountOnly ? 1 : Math.Clamp(search.Query.Count ?? DefaultCount, 1, MaximumCount))
        {
            Interaction = "search-type", Patient = search.Patient, Search = $"{Type}?{QueryText.Join(parameters).TrimStart('?')}",
        };
        var scope = new AuditScope(AccessReview.MaxScan, search.CountsAll, search.Since, search.Until);
        if (await trail.Ask(call.Caller, call.RequestId, question, scope, search.Matches, call.Aborted) is not { } answer)
        {
            await call.Http.Fault(FhirFault.LedgerUnavailable);
            return;
        }

        if (search.IsCountOnly && answer.Total is null)
        {
            await call.Http.Fault(FhirFault.Of(403, IssueType.TooCostly, $"More than {AccessReview.MaxScan} events would have to be looked at to count these. Narrow it by date or by patient."), Receipt(call, answer));
            return;
        }

        call.Http.Receipt(Receipt(call, answer));
        await call.Http.Json(StatusCodes.Status200OK, Bundle(call, search, cursor?.Text, question.Max, answer));
    }

    private byte[] Bundle(FhirCall call, AuditSearch search, string? cursor, int max, AuditAnswer answer)
    {
        var output = new ArrayBufferWriter<byte>(16 * 1024);
        using var bundle = new BundleWriter(output, "searchset", total: search.Query.Total == SearchTotal.None && !search.IsCountOnly ? null : answer.Total);
        var next = answer.Next is { } before && !search.IsCountOnly ? cursors.SealEntry(Type, search.Query.Understood, call.Caller, call.Purpose.Purpose, before) : null;
        PageLinks.Write(bundle, call.Http, $"{urls.Fhir}/{Type}", search.Query.Understood, cursor, next);
        foreach (var found in search.IsCountOnly ? [] : answer.Events())
        {
            bundle.Entry(new EntryToWrite($"{urls.Fhir}/{Type}/{AuditEventWriter.IdOf(found.Entry)}", Part(found, search.Subset), "match"));
        }

        var remarks = search.Warnings.Select(w => FhirSearches.Issue(w, IssueSeverity.Warning)).ToList();
        if (next is not null && answer.Count < max)
        {
            remarks.Add(new(IssueSeverity.Warning, IssueType.TooCostly, $"{answer.Scanned} events were looked at, and there are more: the next link goes on with them. A date or a patient narrows the search.", ""));
        }

        if (remarks.Count > 0)
        {
            bundle.Entry(new EntryToWrite(Resource: OperationOutcomeJson.From(remarks), SearchMode: "outcome"));
        }

        bundle.Finish();
        return output.WrittenSpan.ToArray();
    }

    private static ReadOnlyMemory<byte> Part(FoundEvent found, ResourceSubset? subset)
    {
        var json = found.ToAuditEvent(withProof: true);
        return subset is null ? json : subset.Of(json);
    }

    private ReceiptId Receipt(FhirCall call, AuditAnswer answer) => receipts.Seal(answer.Asked, answer.AskedOn, call.Caller.ClientId);
}
