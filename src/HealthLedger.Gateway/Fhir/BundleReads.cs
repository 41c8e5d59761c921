using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>The reads, searches, histories and operations among the entries of a batch or transaction (http://hl7.org/fhir/R4/http.html#transaction).</summary>
internal sealed class BundleReads(FhirSearches searches, FhirHistory history, Disclosure disclosure, SmartUrls urls)
{
    /// <summary>What the request alone tells is wrong with a search or a history: told before a transaction changes anything.</summary>
    public FhirFault? Fault(FhirCall call, BundleCall entry) =>
        entry.Query is not { } query ? null
        : entry.Place is { } place ? searches.Fault(call, place, query)
        : history.Fault(call, entry.Type.Length == 0 ? null : entry.Type, entry.Id, query);

    /// <summary>
    /// The reads by id of a transaction, before its changes: "servers SHALL either accept all actions (i.e. process each entry resulting in a 2xx or 3xx response code) [...] or reject
    /// all" (http://hl7.org/fhir/R4/http.html#transaction-response), and the changes cannot be taken back once they are recorded. One that finds nothing ends it. Not asked before are records that the
    /// transaction names to write, and any where it changes consents, which say what may be seen.
    /// </summary>
    public async ValueTask<FirstReads> Before(FhirCall call, IReadOnlyList<BundleCall> entries, AnswerLimit limit)
    {
        var answers = new Dictionary<int, (EntryToWrite Answer, ReceiptId? Receipt)>();
        if (entries.Any(e => e is { Changes: true, Type: "Consent" }))
        {
            return new FirstReads(answers);
        }

        var written = entries.Where(e => e is { Changes: true, Id: not null }).ToLookup(e => (e.Type, e.Id!), e => e.Interaction);
        for (var at = 0; at < entries.Count; at++)
        {
            if (entries[at] is { Interaction: "read", Id: { } gone } && written[(entries[at].Type, gone)].Contains("delete"))
            {
                return new FirstReads(answers, ReadsWhatItDeletes, at);
            }
        }

        for (var at = 0; at < entries.Count && !limit.IsReached; at++)
        {
            if (entries[at] is not { Interaction: "read" or "vread" or "history-instance", Id: { } id } entry || written[(entry.Type, id)].Any())
            {
                continue;
            }

            var (answer, fault, receipt) = await Find(call, entry);
            if (fault is not null)
            {
                return new FirstReads(answers, fault, at, receipt);
            }

            answers.Add(at, (Shown(entry, answer, limit.Takes(answer)), receipt));
        }

        return new FirstReads(answers);
    }

    /// <summary>The answer to a read; to a HEAD without what it would show.</summary>
    public async ValueTask<(EntryToWrite Answer, ReceiptId? Receipt)> Read(FhirCall call, BundleCall entry, ReadOperation? operation, AnswerLimit limit)
    {
        var isChange = entry.Operation is { Operation.OnlyReads: false };
        if (limit.IsReached && !isChange)
        {
            return (Answer(FhirFault.AnswerTooLarge), null);
        }

        if (operation is null)
        {
            var (found, _, its) = await Find(call, entry);
            return (Shown(entry, found, limit.Takes(found)), its);
        }

        var (answer, receipt) = await operation.Run(call.Aborted);
        var fits = limit.Takes(answer);
        return (isChange && !fits ? answer with { Resource = default } : Shown(entry, answer, fits), receipt);
    }

    /// <summary>An answer that is a fault alone.</summary>
    public static EntryToWrite Answer(FhirFault fault) => new(
        Response: new EntryResponse(FhirFault.Text(fault.Status), Outcome: OperationOutcomeJson.From([.. fault.Issues])));

    /// <summary>What is shown of what was opened, which counted against the limit, shown or not.</summary>
    private static EntryToWrite Shown(BundleCall entry, EntryToWrite answer, bool fits) =>
        !fits ? Answer(FhirFault.AnswerTooLarge) : entry.IsHead ? answer with { Resource = default } : answer;

    private async ValueTask<(EntryToWrite Answer, FhirFault? Fault, ReceiptId? Receipt)> Find(FhirCall call, BundleCall entry)
    {
        if (entry.Interaction.StartsWith("history", StringComparison.Ordinal))
        {
            var (bundle, fault, receipt) = await history.Find(call, entry.Type.Length == 0 ? null : entry.Type, entry.Id, entry.Query!);
            return fault is null ? (new EntryToWrite(Resource: bundle, Response: new EntryResponse("200 OK")), null, receipt) : Nothing(fault, receipt);
        }

        if (entry.Query is { } query)
        {
            var (found, fault) = await searches.Find(call, entry.Place!, query);
            return fault is null ? (new EntryToWrite(Resource: found!.Bundle, Response: new EntryResponse("200 OK")), null, found.Receipt) : Nothing(fault, null);
        }

        using var result = await disclosure.Disclose(FhirReads.Request(call, new Target.Record(entry.Type, entry.Id!, entry.Version)), call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed { Records: [var record] } disclosed when KnownVersion.Is(entry.IfNoneMatch, entry.IfModifiedSince, record.Key.Version, record.LastUpdated) => (
                new EntryToWrite($"{urls.Fhir}/{entry.Type}/{entry.Id}", Response: new EntryResponse("304 Not Modified", null, FhirHeaders.ETag(record.Key.Version), record.LastUpdated)),
                null,
                disclosed.Receipt),
            DisclosureResult.Disclosed { Records: [var record] } disclosed => (
                new EntryToWrite($"{urls.Fhir}/{entry.Type}/{entry.Id}", entry.Subset is null ? record.Json.ToArray() : record.Part(entry.Subset), Response: new EntryResponse("200 OK", null, FhirHeaders.ETag(record.Key.Version), record.LastUpdated)),
                null,
                disclosed.Receipt),
            DisclosureResult.Gone gone => Nothing(FhirFault.Gone, gone.Receipt),
            DisclosureResult.NotThere absent => Nothing(FhirFault.NotThere, absent.Receipt),
            _ => Nothing(FhirFault.LedgerUnavailable, null),
        };
    }

    private static (EntryToWrite Answer, FhirFault? Fault, ReceiptId? Receipt) Nothing(FhirFault fault, ReceiptId? receipt) => (Answer(fault), fault, receipt);

    private static readonly FhirFault ReadsWhatItDeletes = FhirFault.BadRequest("The transaction deletes what this entry reads. Reads come after deletes: read it before, on its own.", IssueType.Conflict);
}

/// <summary>The reads of a transaction that were made before its changes.</summary>
/// <param name="Answers">By the entry's place, with the receipt of each.</param>
/// <param name="Fault">Why the transaction is refused; null where it is not.</param>
/// <param name="At">With a fault, the entry's place.</param>
/// <param name="Receipt">With a fault, where the attempt stands in the ledger.</param>
internal sealed record FirstReads(IReadOnlyDictionary<int, (EntryToWrite Answer, ReceiptId? Receipt)> Answers, FhirFault? Fault = null, int At = 0, ReceiptId? Receipt = null);
