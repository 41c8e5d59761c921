using System.Globalization;
using System.Text.Json;
using HealthLedger.Access;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>$meta</c> (http://hl7.org/fhir/R4/resource-operation-meta.html). Of a record: its meta, for whoever may read the record; to read it is to read the record. Of a type, or of all that the token covers:
/// the profiles, labels and tags that the records have which the caller may see.
/// </summary>
internal sealed class MetaOperation(Disclosure disclosure, FhirSearches searches) : IFhirOperation
{
    public string Name => "meta";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Resource-meta";

    public OperationLevels Levels => OperationLevels.System | OperationLevels.Type | OperationLevels.Instance | OperationLevels.Version;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => true;

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        if (call.Id is not null && !call.Call.Covers(call.Type!, ScopeInteraction.Read))
        {
            return AskedOperation.Wrong(FhirFault.Forbidden("No scope of this token covers reading this type."));
        }

        var (given, fault) = await OperationQuery.Read(call);
        return fault is not null || given.Count > 0 ? AskedOperation.Wrong(fault ?? OperationQuery.Unknown(given[0].Key, "no parameters")) : AskedOperation.Good(() => Tell(call));
    }

    private async Task Tell(OperationCall call)
    {
        if (call.Id is null)
        {
            var (used, refused, entry) = await searches.Meta(call.Call, call.Type is null ? SearchPlace.Everything : new SearchPlace(call.Type));
            await (used is null ? call.Http.Fault(refused!, entry) : Told(call, used, entry));
            return;
        }

        int? version = call.Version is null ? null : int.TryParse(call.Version, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : int.MaxValue;
        using var result = await disclosure.Disclose(FhirReads.Request(call.Call, new Target.Record(call.Type!, call.Id!, version)), call.Aborted);
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var record], Receipt: var receipt }:
                call.Http.Receipt(receipt);
                using (var document = JsonDocument.Parse(record.Json, MetaText.Depth))
                {
                    await call.Http.Json(StatusCodes.Status200OK, MetaText.Answer(document.RootElement));
                }

                break;
            case DisclosureResult.Gone { Receipt: var receipt }:
                await call.Http.Fault(FhirFault.Gone, receipt);
                break;
            case DisclosureResult.NotThere { Receipt: var receipt }:
                await call.Http.Fault(FhirFault.NotThere, receipt);
                break;
            default:
                await call.Http.Fault(FhirFault.LedgerUnavailable);
                break;
        }
    }

    private static Task Told(OperationCall call, UsedMeta used, ReceiptId? receipt)
    {
        call.Http.Receipt(receipt);
        return call.Http.Json(StatusCodes.Status200OK, MetaText.Answer(used));
    }
}
