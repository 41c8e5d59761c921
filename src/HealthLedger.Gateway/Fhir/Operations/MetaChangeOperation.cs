using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>Type/id/$meta-add</c> and <c>$meta-delete</c> (http://hl7.org/fhir/R4/resource-operation-meta-add.html): an update of the record that changes its profiles, labels and tags alone. The record is first read
/// as the caller, so that nobody takes a label off a record that this label hides from them; then the road of all changes asks who keeps it, as for any update, and makes a new version.
/// </summary>
internal sealed class MetaChangeOperation(bool adds, Disclosure disclosure, FhirWrites writes) : IFhirOperation
{
    private const int MaximumBody = 256 * 1024;
    private const int Attempts = 3;

    public string Name => adds ? "meta-add" : "meta-delete";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Resource-" + Name;

    public OperationLevels Levels => OperationLevels.Instance;

    public bool OnlyReads => false;

    public bool IsOn(string resourceType) => true;

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        if (!call.Call.Covers(call.Type!, ScopeInteraction.Read) || !call.Call.Covers(call.Type!, ScopeInteraction.Update))
        {
            return AskedOperation.Wrong(FhirFault.Forbidden("This operation needs scopes that cover reading and updating this type."));
        }

        var (meta, fault) = await Meta(call);
        int? version = null;
        fault ??= FhirWrites.IfMatch(call.Http.Request.Headers.IfMatch, out version);
        return fault is not null ? AskedOperation.Wrong(fault) : AskedOperation.Good(() => Change(call, meta!, version));
    }

    /// <summary>Reads, changes, writes; once more where somebody else wrote meanwhile.</summary>
    private async Task Change(OperationCall call, JsonObject meta, int? version)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var result = await disclosure.Disclose(FhirReads.Request(call.Call, new Target.Record(call.Type!, call.Id!, null)), call.Aborted);
            var fault = result switch
            {
                DisclosureResult.Disclosed => null,
                DisclosureResult.Gone => FhirFault.Gone,
                DisclosureResult.NotThere => FhirFault.NotThere,
                _ => FhirFault.LedgerUnavailable,
            };
            if (result is not DisclosureResult.Disclosed { Records: [var record], Receipt: var read })
            {
                await call.Http.Fault(fault!, (result as DisclosureResult.Gone)?.Receipt ?? (result as DisclosureResult.NotThere)?.Receipt);
                return;
            }

            if (version is not (null or HealthLedger.Access.Change.AnyVersion) && version != record.Key.Version)
            {
                await call.Http.Fault(FhirFault.PreconditionFailed, read);
                return;
            }

            if (MetaText.Change(record.Json, meta, adds) is not { } changed)
            {
                await Told(call, record.Json, read);
                return;
            }

            var outcome = writes.Check(changed, call.Type!);
            if (!outcome.IsValid)
            {
                await call.Http.Fault(FhirFault.BadRequest(outcome.Issues), read);
                return;
            }

            switch (await writes.Run(call.Call, "update", new Change(ChangeKind.Update, call.Type!, call.Id, changed, IfMatch: record.Key.Version)))
            {
                case ChangeResult.Changed { Records: [var written], Receipt: var receipt }:
                    call.Http.VersionHeaders(written.Key.Version, written.LastUpdated);
                    await Told(call, written.Json, receipt);
                    return;
                case ChangeResult.Refused { Fault: ChangeFault.VersionConflict } when attempt < Attempts:
                    continue;
                case ChangeResult.Refused refused:
                    await call.Http.Fault(FhirWrites.Fault(refused), refused.Receipt);
                    return;
                default:
                    await call.Http.Fault(FhirFault.LedgerUnavailable);
                    return;
            }
        }
    }

    private static async Task Told(OperationCall call, ReadOnlyMemory<byte> resource, ReceiptId? receipt)
    {
        call.Http.Receipt(receipt);
        using var document = JsonDocument.Parse(resource, MetaText.Depth);
        await call.Http.Json(StatusCodes.Status200OK, MetaText.Answer(document.RootElement));
    }

    /// <summary>The one parameter: <c>meta</c>, with profiles, labels or tags.</summary>
    private async ValueTask<(JsonObject? Meta, FhirFault? Fault)> Meta(OperationCall call)
    {
        var (content, fault) = await FhirContent.Read(call.Http);
        if (content is null || content.Json.Length > MaximumBody)
        {
            return (null, fault ?? FhirFault.Of(413, IssueType.TooLong, $"The parameters of an operation have at most {MaximumBody / 1024} KiB."));
        }

        var outcome = content.Validate("Parameters");
        if (!outcome.IsValid)
        {
            return (null, FhirFault.BadRequest(outcome.Issues));
        }

        return JsonNode.Parse(content.Json.Span, null, MetaText.Depth)!["parameter"] is JsonArray { Count: 1 } parameters && parameters[0] is JsonObject parameter
            && parameter["name"]?.ToString() == "meta" && parameter["valueMeta"] is JsonObject meta && meta.All(p => p.Key is "profile" or "security" or "tag")
            ? (meta, null)
            : (null, FhirFault.BadRequest($"${Name} takes a Parameters resource with one parameter, meta, whose valueMeta has profile, security or tag.", IssueType.Invalid));
    }
}
