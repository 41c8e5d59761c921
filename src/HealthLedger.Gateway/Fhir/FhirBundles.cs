using System.Buffers;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Patch;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// batch and transaction (http://hl7.org/fhir/R4/http.html#transaction). A transaction's changes are one request on the record road, all or nothing, and its reads
/// show what they leave; one of a record that is not there refuses the whole. A batch is its entries one by one.
/// </summary>
internal sealed class FhirBundles(
    ProfileValidator validator, FhirWrites writes, BundleReads reads, FhirPatches patches, FhirConditions conditions, FhirOperations operations, SmartUrls urls)
{
    /// <summary>The most searches in one Bundle, conditions and operations among them: each may look through every permitted patient.</summary>
    private const int MaximumSearches = 100;

    public async Task Answer(FhirCall call)
    {
        var (content, fault) = await FhirContent.Read(call.Http);
        if (content is null)
        {
            await call.Http.Fault(fault!);
            return;
        }

        var outcome = content.Validate(validator, "Bundle");
        if (BatchFaults.Of(content.Json, outcome, validator) is not { } faults)
        {
            await call.Http.Fault(FhirFault.BadRequest(outcome.Issues));
            return;
        }

        var reader = new BundleReader(content.Json);
        var type = reader.Type;
        if (type is not ("batch" or "transaction"))
        {
            await call.Http.Fault(FhirFault.BadRequest("A Bundle sent to the base is of type batch or transaction.", IssueType.Value));
            return;
        }

        var (entries, time) = (new List<BundleCall>(), new PatchTime());
        foreach (var entry in reader.Entries())
        {
            if (entries.Count == RecordChange.MaximumChanges)
            {
                await call.Http.Fault(FhirFault.BadRequest($"A Bundle has at most {RecordChange.MaximumChanges} entries.", IssueType.TooLong));
                return;
            }

            entries.Add(faults.TryGetValue(entries.Count, out var wrong) && !IsToValidate(entry, wrong)
                ? BundleCall.Wrong(FhirFault.BadRequest(wrong))
                : BundleCall.Of(entry, call.Caller, conditions, operations, time, urls.Fhir));
        }

        if (entries.Count(e => e.Query is not null || e.Operation is not null || ((e.Change?.Condition ?? e.Patch?.Condition) is not null && RecordChange.SpansPatients(e.Type))) > MaximumSearches)
        {
            await call.Http.Fault(FhirFault.BadRequest($"A Bundle has at most {MaximumSearches} searches, conditions and operations among them.", IssueType.TooCostly));
            return;
        }

        await (type == "transaction" ? Transaction(call, entries) : Batch(call, entries));
    }

    /// <summary>True where an entry asks what is wrong with its resource, which is no fault of the entry then.</summary>
    private static bool IsToValidate(BundleEntry entry, IReadOnlyList<ValidationIssue> faults) =>
        entry.Request is { Method: "POST", Url: { } url } && url.Split('?')[0].EndsWith("$validate", StringComparison.Ordinal) && faults.All(f => BatchFaults.IsInResource(f.Location));

    private async Task Transaction(FhirCall call, List<BundleCall> entries)
    {
        var read = new ReadOperation?[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            var fault = entries[i].Fault ?? (entries[i].Operation is { Operation.OnlyReads: false } ? NotInTransaction : reads.Fault(call, entries[i]));
            if (fault is null && entries[i].Operation is { } operation)
            {
                read[i] = await operation.Read(call);
                fault = read[i]!.Fault;
            }

            if (fault is not null)
            {
                await call.Http.Fault(At(fault, i));
                return;
            }
        }

        var (answers, limit) = (new EntryToWrite[entries.Count], new AnswerLimit());
        var first = await reads.Before(call, entries, limit);
        if (first is { Fault: { } nothing, At: var place })
        {
            await call.Http.Fault(At(nothing, place), first.Receipt);
            return;
        }

        var (changed, receipt) = await Changes(call, entries, answers, limit);
        if (changed is null)
        {
            return;
        }

        // The changes are made: a read that does not fit is told off at its entry, like every other fault of a read here.
        foreach (var (entry, at) in entries.Select((e, i) => (e, i)).Where(e => !e.e.Changes))
        {
            (answers[at], var its) = first.Answers.TryGetValue(at, out var known) && !changed.Contains((entry.Type, entry.Id!)) ? known : await reads.Read(call, entry, read[at], limit);
            receipt ??= its;
        }

        await Write(call, "transaction-response", answers, receipt);
    }

    /// <summary>Makes the changes of a transaction, all or none, and tells which records they were of; where none, the fault is written. Patches are applied to what is there before it.</summary>
    private async ValueTask<(HashSet<(string Type, string Id)>? Changed, ReceiptId? Receipt)> Changes(FhirCall call, List<BundleCall> entries, EntryToWrite[] answers, AnswerLimit limit)
    {
        var changing = entries.Select((e, i) => (Entry: e, At: i)).Where(e => e.Entry.Changes).ToList();
        for (var attempt = 1; changing.Count > 0; attempt++)
        {
            var changes = new Change[changing.Count];
            for (var i = 0; i < changes.Length; i++)
            {
                var (change, fault, read) = changing[i].Entry.Patch is { } patch ? await patches.Resolve(call, patch) : (changing[i].Entry.Change, null, null);
                if (change is null)
                {
                    await call.Http.Fault(At(fault!, changing[i].At, isPatched: true), read);
                    return default;
                }

                changes[i] = change;
            }

            switch (await writes.Run(call, "transaction", changes))
            {
                case ChangeResult.Changed changed:
                    for (var i = 0; i < changing.Count; i++)
                    {
                        answers[changing[i].At] = await Answer(call, changed.Records[i], limit);
                    }

                    return ([.. changed.Records.Select(r => (r.Key.Type, r.Key.Id))], changed.Receipt);
                case ChangeResult.Refused { Fault: ChangeFault.VersionConflict, At: var at } when changing[at].Entry.Patch is { IfMatch: null or Change.AnyVersion } && attempt < FhirPatches.MaximumAttempts:
                    continue;
                case ChangeResult.Refused refused:
                    var (entry, place) = changing[refused.At];
                    await call.Http.Fault(At(FhirWrites.Fault(refused, entry.Change), place, isPatched: entry.Patch is not null), refused.Receipt);
                    return default;
                default:
                    await call.Http.Fault(FhirFault.LedgerUnavailable);
                    return default;
            }
        }

        return ([], null);
    }

    private async Task Batch(FhirCall call, List<BundleCall> entries)
    {
        var answers = new List<EntryToWrite>(entries.Count);
        var limit = new AnswerLimit();
        ReceiptId? receipt = null;
        foreach (var entry in entries)
        {
            EntryToWrite answer;
            ReceiptId? its;
            if (entry.Fault is { } fault)
            {
                (answer, its) = (BundleReads.Answer(fault), null);
            }
            else if (entry.Change is { } change)
            {
                (answer, its) = await writes.Run(call, entry.Interaction, change) switch
                {
                    ChangeResult.Changed changed => (await Answer(call, changed.Records[0], limit), changed.Receipt),
                    ChangeResult.Refused { Fault: ChangeFault.NotThere } refused when change.Kind == ChangeKind.Delete => (NothingToDelete(call), refused.Receipt),
                    ChangeResult.Refused refused => (BundleReads.Answer(FhirWrites.Fault(refused, change)), refused.Receipt),
                    _ => (BundleReads.Answer(FhirFault.LedgerUnavailable), (ReceiptId?)null),
                };
            }
            else if (entry.Patch is { } patch)
            {
                (var changed, var refused, its) = await patches.Run(call, patch);
                answer = changed is null ? BundleReads.Answer(refused!) : await Answer(call, changed, limit);
            }
            else
            {
                (answer, its) = await reads.Read(call, entry, entry.Operation is { } operation ? await operation.Read(call) : null, limit);
            }

            answers.Add(answer);
            receipt ??= its;
        }

        await Write(call, "batch-response", answers, receipt);
    }

    /// <summary>The answer to a change; without its record where that does not fit.</summary>
    private async ValueTask<EntryToWrite> Answer(FhirCall call, ChangedRecord record, AnswerLimit limit)
    {
        if (record.WasAbsent)
        {
            return NothingToDelete(call);
        }

        var wanted = ReturnPreference.Of(call.Http.Request.Headers);
        var deleted = record.Kind == ChangeKind.Delete;
        var answer = new EntryToWrite(
            deleted ? null : $"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}",
            limit.IsReached ? default : await writes.Representation(call, record, wanted, byDefault: false),
            Response: new EntryResponse(
                deleted ? "204 No Content" : record.Created ? "201 Created" : "200 OK",
                deleted ? null : writes.Location(record),
                FhirHeaders.ETag(record.Key.Version),
                record.LastUpdated,
                wanted == ReturnForm.OperationOutcome ? ReturnPreference.Outcome(record)
                    : record.Remarks.IsEmpty ? default : OperationOutcomeJson.From([.. record.Remarks])));
        return limit.Takes(answer) ? answer : answer with { Resource = default };
    }

    private static EntryToWrite NothingToDelete(FhirCall call) => new(Response: new EntryResponse(
        "204 No Content", Outcome: ReturnPreference.Of(call.Http.Request.Headers) == ReturnForm.OperationOutcome ? ReturnPreference.NothingToDelete : default));

    private static readonly FhirFault NotInTransaction = FhirFault.BadRequest(
        "An operation that changes a record is a change of its own, which a transaction cannot hold back: send it alone or in a batch.", IssueType.NotSupported);

    /// <summary>The same fault, with the place of the entry in the Bundle.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="entry">The entry's place, from 0.</param>
    /// <param name="isPatched">True where the fault is in what a patch makes of a record: the entry's resource is the patch, which has no such place.</param>
    private static FhirFault At(FhirFault fault, int entry, bool isPatched = false) => fault with
    {
        Issues = [.. fault.Issues.Select(i => i with { Location = $"Bundle.entry[{entry}]{(isPatched && i.Location.Length > 0 ? ".resource" : Within(i.Location))}" })],
    };

    /// <summary>The place within an entry of what is told as a parameter of the request (<c>http.name</c>), or from the type of the resource on (<c>Observation.subject</c>).</summary>
    private static string Within(string location) =>
        location.Length == 0 ? ""
        : location.StartsWith("http.", StringComparison.Ordinal) ? ".request"
        : ".resource" + (location.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? location[dot..] : "");

    private static async Task Write(FhirCall call, string type, IEnumerable<EntryToWrite> answers, ReceiptId? receipt)
    {
        var output = new ArrayBufferWriter<byte>(16 * 1024);
        using (var bundle = new BundleWriter(output, type))
        {
            foreach (var answer in answers)
            {
                bundle.Entry(answer);
            }

            bundle.Finish();
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, output.WrittenMemory);
    }
}
