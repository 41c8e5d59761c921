using System.Buffers;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>Patient/id/$everything</c> (http://hl7.org/fhir/R4/patient-operation-everything.html): what the caller may see of a patient's compartment, and the practitioners, organizations and other records of no
/// patient that it leads to.
/// </summary>
internal sealed class EverythingOperation(Disclosure disclosure, PageCursors cursors, SmartUrls urls) : IFhirOperation
{
    public string Name => "everything";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Patient-everything";

    public OperationLevels Levels => OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "Patient";

    public async Task Answer(OperationCall call)
    {
        var (purpose, caller, http) = (call.Call.Purpose.Purpose, call.Call.Caller, call.Http);
        if (!call.Call.Covers("Patient", DisclosureRequest.Everything))
        {
            await http.Fault(FhirFault.Forbidden("No scope of this token covers both reading and searching this type."));
            return;
        }

        var (given, fault) = await OperationQuery.Read(call);
        if (fault is not null)
        {
            await http.Fault(fault);
            return;
        }

        var target = new Target.Everything(call.Id!, new EverythingQuery(), "", default);
        var page = default(PagePosition);
        if (cursors.Take(ref given, target.Path, caller, purpose) is { } cursor)
        {
            if (cursor.Position is not { } position)
            {
                await http.Fault(FhirFault.BadRequest("This page link is not valid for this client, purpose and operation. Begin again.", IssueType.Value));
                return;
            }

            page = position;
        }

        var (query, issue) = EverythingQuery.Parse(given);
        if (query is null)
        {
            await http.Fault(FhirFault.BadRequest([FhirSearches.Issue(issue!)]));
            return;
        }

        var raw = QueryText.Join(given).TrimStart('?');
        if (raw.Length > FhirSearches.MaximumQuery)
        {
            await http.Fault(FhirFault.BadRequest($"The parameters have at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
            return;
        }

        target = target with { Query = query, RawQuery = raw, Page = page };
        using var result = await disclosure.Disclose(FhirReads.Request(call.Call, target), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed disclosed:
                http.Receipt(disclosed.Receipt);
                await http.Json(StatusCodes.Status200OK, Bundle(call, target.Path, given, disclosed));
                break;
            case DisclosureResult.NotThere { Receipt: var receipt }:
                await http.Fault(FhirFault.NotThere, receipt);
                break;
            default:
                await http.Fault(FhirFault.LedgerUnavailable);
                break;
        }
    }

    private ReadOnlyMemory<byte> Bundle(OperationCall call, string path, IReadOnlyList<KeyValuePair<string, string>> given, DisclosureResult.Disclosed disclosed)
    {
        var output = new ArrayBufferWriter<byte>(4096 + disclosed.Records.Sum(r => r.Json.Length + 256));
        using var bundle = new BundleWriter(output, "searchset", total: disclosed.Total);
        var self = $"{urls.Fhir}/{path}{QueryText.Join(given)}";
        bundle.Link("self", self);
        if (disclosed.Next is { } next)
        {
            var cursor = cursors.Seal(path, given, call.Call.Caller, call.Call.Purpose.Purpose, next);
            bundle.Link("next", $"{self}{(given.Count == 0 ? '?' : '&')}{PageCursors.Parameter}={cursor}");
        }

        foreach (var record in disclosed.Records)
        {
            bundle.Entry(new EntryToWrite($"{urls.Fhir}/{record.Key.Type}/{record.Key.Id}", record.Json, record.IsIncluded ? "include" : "match"));
        }

        bundle.Finish();
        return output.WrittenMemory;
    }
}
