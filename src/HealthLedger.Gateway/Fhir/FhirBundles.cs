using System.Buffers;
using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// batch and transaction (http://hl7.org/fhir/R4/http.html#transaction). A transaction's changes are one request on the record road, all or nothing, and its reads
/// come after them; a batch is its entries one by one.
/// </summary>
internal sealed class FhirBundles(FhirWrites writes, FhirSearches searches, FhirHistory history, FhirConditions conditions, Disclosure disclosure, SmartUrls urls)
{
    /// <summary>The most searches in one Bundle, conditions of creates among them: each may look through every permitted patient.</summary>
    private const int MaximumSearches = 100;

    public async Task Answer(FhirCall call)
    {
        var (content, fault) = await FhirContent.Read(call.Http);
        if (content is null)
        {
            await call.Http.Fault(fault!);
            return;
        }

        var outcome = content.Validate("Bundle");
        if (!outcome.IsValid)
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

        var entries = new List<BundleCall>();
        foreach (var entry in reader.Entries())
        {
            if (entries.Count == RecordChange.MaximumChanges)
            {
                await call.Http.Fault(FhirFault.BadRequest($"A Bundle has at most {RecordChange.MaximumChanges} entries.", IssueType.TooLong));
                return;
            }

            entries.Add(BundleCall.Of(entry, call.Caller, conditions, urls.Fhir));
        }

        if (entries.Count(e => e.Query is not null || (e.Change?.IfNoneExist is not null && RecordChange.SpansPatients(e.Type))) > MaximumSearches)
        {
            await call.Http.Fault(FhirFault.BadRequest($"A Bundle has at most {MaximumSearches} searches, and so many conditions of creates (ifNoneExist) together with them.", IssueType.TooCostly));
            return;
        }

        await (type == "transaction" ? Transaction(call, entries) : Batch(call, entries));
    }

    private async Task Transaction(FhirCall call, List<BundleCall> entries)
    {
        var wrong = entries.FindIndex(e => e.Fault is not null);
        if (wrong >= 0)
        {
            await call.Http.Fault(At(entries[wrong].Fault!, wrong));
            return;
        }

        var answers = new EntryToWrite[entries.Count];
        var changing = entries.Select((e, i) => (Entry: e, At: i)).Where(e => e.Entry.Change is not null).ToList();
        ReceiptId? receipt = null;
        if (changing.Count > 0)
        {
            switch (await writes.Run(call, "transaction", [.. changing.Select(c => c.Entry.Change!)]))
            {
                case ChangeResult.Changed changed:
                    receipt = changed.Receipt;
                    for (var i = 0; i < changing.Count; i++)
                    {
                        answers[changing[i].At] = Answer(changed.Records[i]);
                    }

                    break;
                case ChangeResult.Refused refused:
                    await call.Http.Fault(At(FhirWrites.Fault(refused), changing[refused.At].At), refused.Receipt);
                    return;
                default:
                    await call.Http.Fault(FhirFault.LedgerUnavailable);
                    return;
            }
        }

        foreach (var (entry, at) in entries.Select((e, i) => (e, i)).Where(e => e.e.Change is null))
        {
            (answers[at], var read) = await Read(call, entry);
            receipt ??= read;
        }

        await Write(call, "transaction-response", answers, receipt);
    }

    private async Task Batch(FhirCall call, List<BundleCall> entries)
    {
        var answers = new List<EntryToWrite>(entries.Count);
        ReceiptId? receipt = null;
        foreach (var entry in entries)
        {
            EntryToWrite answer;
            ReceiptId? its;
            if (entry.Fault is { } fault)
            {
                (answer, its) = (Answer(fault), null);
            }
            else if (entry.Change is { } change)
            {
                (answer, its) = await writes.Run(call, entry.Interaction, change) switch
                {
                    ChangeResult.Changed changed => (Answer(changed.Records[0]), changed.Receipt),
                    ChangeResult.Refused { Fault: ChangeFault.NotThere } refused when change.Kind == ChangeKind.Delete =>
                        (new EntryToWrite(Response: new EntryResponse("204 No Content")), refused.Receipt),
                    ChangeResult.Refused refused => (Answer(FhirWrites.Fault(refused)), refused.Receipt),
                    _ => (Answer(FhirFault.LedgerUnavailable), (ReceiptId?)null),
                };
            }
            else
            {
                (answer, its) = await Read(call, entry);
            }

            answers.Add(answer);
            receipt ??= its;
        }

        await Write(call, "batch-response", answers, receipt);
    }

    private async ValueTask<(EntryToWrite Answer, ReceiptId? Receipt)> Read(FhirCall call, BundleCall entry)
    {
        if (entry.Interaction.StartsWith("history", StringComparison.Ordinal))
        {
            var (bundle, fault, receipt) = await history.Find(call, entry.Type.Length == 0 ? null : entry.Type, entry.Id, entry.Query!);
            return fault is null ? (new EntryToWrite(Resource: bundle, Response: new EntryResponse("200 OK")), receipt) : (Answer(fault), receipt);
        }

        if (entry.Query is { } query)
        {
            var (found, fault) = await searches.Find(call, entry.Place!, query);
            return fault is null
                ? (new EntryToWrite(Resource: found!.Bundle, Response: new EntryResponse("200 OK")), found.Receipt)
                : (Answer(fault), null);
        }

        var request = new DisclosureRequest
        {
            Caller = call.Caller,
            Purpose = call.Purpose.Purpose,
            EmergencyReason = call.Purpose.EmergencyReason,
            RequestId = call.RequestId,
            Target = new Target.Record(entry.Type, entry.Id!, entry.Version),
        };
        using var result = await disclosure.Disclose(request, call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed { Records: [var record] } disclosed => (
                new EntryToWrite($"{urls.Fhir}/{entry.Type}/{entry.Id}", record.Json.ToArray(), Response: new EntryResponse("200 OK", null, FhirHeaders.ETag(record.Key.Version), record.LastUpdated)),
                disclosed.Receipt),
            DisclosureResult.Gone gone => (Answer(FhirFault.Gone), gone.Receipt),
            DisclosureResult.NotThere absent => (Answer(FhirFault.NotThere), absent.Receipt),
            _ => (Answer(FhirFault.LedgerUnavailable), null),
        };
    }

    private EntryToWrite Answer(ChangedRecord record) => new(
        record.Kind == ChangeKind.Delete ? null : $"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}",
        Response: new EntryResponse(
            record.Kind == ChangeKind.Delete ? "204 No Content" : record.Created ? "201 Created" : "200 OK",
            record.Kind == ChangeKind.Delete ? null : writes.Location(record),
            FhirHeaders.ETag(record.Key.Version),
            record.LastUpdated,
            record.Remarks.IsEmpty ? default : OperationOutcomeJson.From([.. record.Remarks])));

    private static EntryToWrite Answer(FhirFault fault) => new(
        Response: new EntryResponse(fault.Status.ToString(CultureInfo.InvariantCulture), Outcome: OperationOutcomeJson.From([.. fault.Issues])));

    /// <summary>The same fault, with the place of the entry in the Bundle.</summary>
    private static FhirFault At(FhirFault fault, int entry) => fault with
    {
        Issues = [.. fault.Issues.Select(i => i with { Location = i.Location.Length == 0 ? $"Bundle.entry[{entry}]" : $"Bundle.entry[{entry}].resource.ofType({i.Location})" })],
    };

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

/// <summary>One entry of a batch or transaction, read from its request alone.</summary>
internal sealed record BundleCall(string Interaction, string Type, string? Id, int? Version, string? Query, Change? Change, FhirFault? Fault)
{
    /// <summary>Where an entry searches; null for any other.</summary>
    public SearchPlace? Place { get; private init; }

    /// <summary>Reads an entry; a fault says what is wrong with it or that the caller's scopes do not cover it.</summary>
    public static BundleCall Of(BundleEntry entry, Caller caller, FhirConditions conditions, string fhirBase)
    {
        if (entry.Request is not { Method: { } method, Url: { } url })
        {
            return Wrong(FhirFault.BadRequest("An entry needs request.method and request.url.", IssueType.Required));
        }

        if (url.StartsWith(fhirBase + "/", StringComparison.Ordinal))
        {
            url = url[(fhirBase.Length + 1)..];
        }

        var question = url.IndexOf('?');
        var query = question < 0 ? null : url[(question + 1)..];
        var segments = (question < 0 ? url : url[..question]).Trim('/').Split('/');
        if (method == "GET" && SearchPlace.Of(segments) is { } place)
        {
            return place.IsCovered(caller)
                ? new BundleCall("search", place.Path, null, null, query ?? "", null, null) { Place = place }
                : Wrong(FhirFault.Forbidden("No scope of this token covers this entry."));
        }

        var type = segments[0];
        if (segments is not ["_history"] && FhirDefinitions.R4.ResourceType(type) is null)
        {
            return Wrong(FhirFault.UnknownResourceType);
        }

        if (segments.Length > 1 && segments is not [_, "_history"] && !FhirId.IsValid(segments[1]))
        {
            return Wrong(FhirFault.BadRequest("An id has 1 to 64 letters, digits, '-' and '.'.", IssueType.Value));
        }

        if (query is not null && method is not "GET")
        {
            return Wrong(FhirFault.BadRequest("Conditional update and delete are not supported here.", IssueType.NotSupported));
        }

        var (condition, badCondition) = method == "POST" ? conditions.Read(caller, type, entry.Request.IfNoneExist) : default;
        if (badCondition is not null)
        {
            return Wrong(badCondition);
        }

        if (FhirWrites.IfMatch(entry.Request.IfMatch, out var ifMatch) is { } badMatch)
        {
            return Wrong(badMatch);
        }

        return (method, segments) switch
        {
            ("GET", ["_history"]) => new BundleCall("history-system", "", null, null, query ?? "", null, null),
            (_, ["_history"] or [_, "_history"]) when method != "GET" => Wrong(FhirFault.MethodNotSupported),
            ("POST", [_]) => Change_(ScopeInteraction.Create, "create", new Change(ChangeKind.Create, type, null, entry.Resource, entry.FullUrl, IfNoneExist: condition)),
            ("PUT", [_, var id]) => Change_(ScopeInteraction.Update, "update", new Change(ChangeKind.Update, type, id, entry.Resource, entry.FullUrl, ifMatch)),
            ("DELETE", [_, var id]) => Change_(ScopeInteraction.Delete, "delete", new Change(ChangeKind.Delete, type, id, default, null, ifMatch)),
            ("GET", [_, "_history"]) => new BundleCall("history-type", type, null, null, query ?? "", null, null),
            ("GET", [_, var id, "_history"]) => new BundleCall("history-instance", type, id, null, query ?? "", null, null),
            ("GET", [_, var id]) => Read(ScopeInteraction.Read, new BundleCall("read", type, id, null, null, null, null)),
            ("GET", [_, var id, "_history", var version]) when int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 =>
                Read(ScopeInteraction.Read, new BundleCall("vread", type, id, number, null, null, null)),
            _ => Wrong(FhirFault.MethodNotSupported),
        };

        BundleCall Change_(ScopeInteraction interaction, string name, Change change)
        {
            if (!caller.Covers(type, interaction))
            {
                return Wrong(FhirFault.Forbidden("No scope of this token covers this entry."));
            }

            if (change.Kind != ChangeKind.Delete)
            {
                var header = entry.Resource.IsEmpty ? null : ResourceJson.ReadHeader(entry.Resource.Span);
                if (header is null || header.ResourceType != type)
                {
                    return Wrong(FhirFault.BadRequest("The entry needs a resource of the type in its URL.", IssueType.Value));
                }

                if (change.Kind == ChangeKind.Update && header.Id != change.Id)
                {
                    return Wrong(FhirFault.BadRequest("The resource's id must be there and be the id in the URL.", IssueType.Value));
                }
            }

            return new BundleCall(name, type, change.Id, null, null, change, null);
        }

        BundleCall Read(ScopeInteraction interaction, BundleCall read) =>
            caller.Covers(type, interaction) ? read : Wrong(FhirFault.Forbidden("No scope of this token covers this entry."));
    }

    private static BundleCall Wrong(FhirFault fault) => new("", "", null, null, null, null, fault);
}
