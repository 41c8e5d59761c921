using System.Buffers;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>$everything</c> on a Patient, an Encounter and a Group (http://hl7.org/fhir/R4/patient-operation-everything.html, encounter-operation-everything.html, group-operation-everything.html): what the caller
/// may see of the compartment, or of those of the group's members, and what it leads to. A Group is read first, like any record, and then its members' records are decided on one by one.
/// </summary>
internal sealed class EverythingOperation(string type, Disclosure disclosure, PageCursors cursors, GroupMembers groups, SmartUrls urls) : IFhirOperation
{
    /// <summary>Where it is called.</summary>
    public static readonly string[] Types = ["Patient", "Encounter", "Group"];

    public string Name => "everything";

    public string Definition => $"http://hl7.org/fhir/OperationDefinition/{type}-everything";

    public OperationLevels Levels => OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == type;

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (purpose, caller) = (call.Call.Purpose.Purpose, call.Call.Caller);
        if (!call.Call.Covers(type, DisclosureRequest.Everything))
        {
            return AskedOperation.Wrong(FhirFault.Forbidden("No scope of this token covers both reading and searching this type."));
        }

        var (given, fault) = await OperationQuery.Read(call);
        if (fault is not null)
        {
            return AskedOperation.Wrong(fault);
        }

        var target = new Target.Everything(type, call.Id!, new EverythingQuery(), "", default);
        var page = default(PagePosition);
        string? cursorText = null;
        if (cursors.Take(ref given, target.Path, caller, purpose) is { } cursor)
        {
            if (cursor.Position is not { } position)
            {
                return AskedOperation.Wrong(FhirFault.BadRequest("This page link is not valid for this client, purpose and operation. Begin again.", IssueType.Value));
            }

            (page, cursorText) = (position, cursor.Text);
        }

        var (subset, isCountOnly, wrong) = SubsetParameters.Parse(null, given);
        if (isCountOnly || wrong is not null)
        {
            return AskedOperation.Wrong(isCountOnly ? FhirFault.BadRequest("_summary: count is for searches and histories; this operation takes true, text, data or false.", IssueType.Value) : FhirFault.BadRequest([FhirSearches.Issue(wrong!)]));
        }

        if (type == "Encounter" && given.FirstOrDefault(p => p.Key is "start" or "end") is { Key: { } date })
        {
            return AskedOperation.Wrong(OperationQuery.Unknown(date, "_since, _type and _count: an encounter has its own time"));
        }

        var (query, issue) = EverythingQuery.Parse(given.Where(p => !SubsetParameters.Has(p.Key)));
        if (query is null)
        {
            return AskedOperation.Wrong(FhirFault.BadRequest([FhirSearches.Issue(issue!)]));
        }

        var raw = QueryText.Join(given).TrimStart('?');
        if (raw.Length > FhirSearches.MaximumQuery)
        {
            return AskedOperation.Wrong(FhirFault.BadRequest($"The parameters have at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
        }

        return AskedOperation.Good(() => Tell(call, target with { Query = query, RawQuery = raw, Page = page }, given, subset, cursorText));
    }

    private async Task Tell(OperationCall call, Target.Everything target, IReadOnlyList<KeyValuePair<string, string>> given, ResourceSubset? subset, string? cursorText)
    {
        var http = call.Http;
        if (type == "Group")
        {
            var (members, fault, receipt) = await Members(call);
            if (members is null)
            {
                await http.Fault(fault!, receipt);
                return;
            }

            target = target with { Members = [.. members] };
        }

        using var result = await disclosure.Disclose(FhirReads.Request(call.Call, target), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed disclosed:
                http.Receipt(disclosed.Receipt);
                await http.Json(StatusCodes.Status200OK, Bundle(call, target.Path, given, subset, cursorText, disclosed));
                break;
            case DisclosureResult.NotThere { Receipt: var receipt }:
                await http.Fault(FhirFault.NotThere, receipt);
                break;
            default:
                await http.Fault(FhirFault.LedgerUnavailable);
                break;
        }
    }

    /// <summary>The patients of the Group, for whoever may read it.</summary>
    private async ValueTask<(IReadOnlyList<string>? Members, FhirFault? Fault, ReceiptId? Receipt)> Members(OperationCall call)
    {
        using var result = await disclosure.Disclose(FhirReads.Request(call.Call, new Target.Record(type, call.Id!, null)), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var group], Receipt: var receipt }:
                var members = groups.Active(group.Json);
                return members.Count <= Target.Everything.MaximumMembers ? (members, null, receipt)
                    : (null, FhirFault.Of(StatusCodes.Status403Forbidden, IssueType.TooCostly, $"The group has more than {Target.Everything.MaximumMembers} patients: use $export on it."), receipt);
            case DisclosureResult.NotThere { Receipt: var receipt }:
                return (null, FhirFault.NotThere, receipt);
            case DisclosureResult.Gone { Receipt: var receipt }:
                return (null, FhirFault.Gone, receipt);
            default:
                return (null, FhirFault.LedgerUnavailable, null);
        }
    }

    private ReadOnlyMemory<byte> Bundle(OperationCall call, string path, IReadOnlyList<KeyValuePair<string, string>> given, ResourceSubset? subset, string? cursor, DisclosureResult.Disclosed disclosed)
    {
        var output = new ArrayBufferWriter<byte>(4096 + disclosed.Records.Sum(r => r.Json.Length + 256));
        using var bundle = new BundleWriter(output, "searchset", total: disclosed.Total);
        var next = disclosed.Next is { } position ? cursors.Seal(path, given, call.Call.Caller, call.Call.Purpose.Purpose, position) : null;
        PageLinks.Write(bundle, call.Http, $"{urls.Fhir}/{path}", given, cursor, next);
        foreach (var record in disclosed.Records)
        {
            bundle.Entry(new EntryToWrite($"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}", record.Part(subset), record.IsIncluded ? "include" : "match"));
        }

        bundle.Finish();
        return output.WrittenMemory;
    }
}
