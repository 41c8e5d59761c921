using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Patch;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// PATCH (http://hl7.org/fhir/R4/http.html#patch). A patch reads before it writes: the version that the caller may see is disclosed and recorded like any read, the patch is
/// applied to it, and what comes out is validated and goes the road of an update of that version. So a test of what may not be seen finds nothing to test.
/// </summary>
internal sealed class FhirPatches(Disclosure disclosure, FhirWrites writes)
{
    /// <summary>How often a patch is applied anew because another change came between.</summary>
    public const int MaximumAttempts = 4;

    private const string JsonPatchType = "application/json-patch+json";
    private const string XmlPatchType = "application/xml-patch+xml";

    /// <summary>The media types of patches, as <c>/fhir/metadata</c> lists them.</summary>
    public static readonly string[] Formats = [JsonPatchType, XmlPatchType, "application/fhir+json", "application/fhir+xml"];

    private static readonly FhirFault UnknownFormat = FhirFault.Of(
        415, IssueType.NotSupported, "Send a JSON Patch (application/json-patch+json), an XML Patch (application/xml-patch+xml) or a FHIRPath Patch (a Parameters resource, application/fhir+json or +xml).");

    /// <summary>PATCH of one record, or of the one that the query finds where <paramref name="id"/> is null.</summary>
    public async Task Answer(FhirCall call, string type, string? id)
    {
        if (Forbidden(call.Caller, type) is { } forbidden)
        {
            await call.Http.Fault(forbidden);
            return;
        }

        var (document, unread) = await Document(call.Http);
        if (unread is not null)
        {
            // RFC 5789 section 2.2 and 3.1: of a format that is not known, which are.
            if (unread == UnknownFormat)
            {
                call.Http.Response.Headers["Accept-Patch"] = string.Join(", ", Formats);
            }

            await call.Http.Fault(unread);
            return;
        }

        Target.Criteria? condition = null;
        int? version;
        if (id is null)
        {
            if (await writes.Condition(call, type) is not var (where, ifMatch))
            {
                return;
            }

            (condition, version) = (where, ifMatch);
        }
        else if (FhirWrites.IfMatch(call.Http.Request.Headers.IfMatch, out version) is { } fault)
        {
            await call.Http.Fault(fault);
            return;
        }

        var (patch, malformed) = Parse(OwnType(call.Http.Request.ContentType) ?? FhirHeaders.Json, document);
        if (patch is null)
        {
            await call.Http.Fault(malformed!);
            return;
        }

        var (changed, refused, receipt) = await Run(call, new PatchCall(type, id, condition, patch, version, null, new PatchTime()));
        call.Http.Receipt(receipt);
        await (changed is null ? call.Http.Fault(refused!, receipt) : writes.Answer(call, changed));
    }

    /// <summary>Reads, patches and updates one record; the record, or the fault.</summary>
    public async ValueTask<(ChangedRecord? Changed, FhirFault? Fault, ReceiptId? Receipt)> Run(FhirCall call, PatchCall patch)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (change, fault, read) = await Resolve(call, patch);
            if (change is null)
            {
                return (null, fault, read);
            }

            switch (await writes.Run(call, "patch", change))
            {
                case ChangeResult.Changed { Records: [var record] } done:
                    return (record, null, done.Receipt);
                case ChangeResult.Refused { Fault: ChangeFault.VersionConflict } when patch.IfMatch is null or Change.AnyVersion && attempt < MaximumAttempts:
                    continue;
                case ChangeResult.Refused refused:
                    return (null, FhirWrites.Fault(refused), refused.Receipt ?? read);
                default:
                    return (null, FhirFault.LedgerUnavailable, read);
            }
        }
    }

    /// <summary>The update that a patch comes to, of the version that it was applied to; else the fault. The reading is recorded either way.</summary>
    public async ValueTask<(Change? Change, FhirFault? Fault, ReceiptId? Receipt)> Resolve(FhirCall call, PatchCall patch)
    {
        using var result = await disclosure.Disclose(FhirReads.Request(call, patch.Condition is { } condition ? condition : new Target.Record(patch.Type, patch.Id!, null)), call.Aborted);
        return result switch
        {
            DisclosureResult.Disclosed { Total: > 1 } several => (null, FhirFault.SeveralMatch, several.Receipt),
            DisclosureResult.Disclosed { Records: [var record] } found => Apply(patch, record) is var (change, fault) ? (change, fault, found.Receipt) : default,
            DisclosureResult.Disclosed none => (null, FhirFault.NotThere, none.Receipt),
            DisclosureResult.NotThere absent => (null, FhirFault.NotThere, absent.Receipt),
            DisclosureResult.Gone gone => (null, FhirFault.Gone, gone.Receipt),
            DisclosureResult.TooBroad => (null, FhirFault.TooManyPatients, null),
            _ => (null, FhirFault.LedgerUnavailable, null),
        };
    }

    /// <summary>What the scopes of a token say of patching a type: it reads and it changes.</summary>
    public static FhirFault? Forbidden(Caller caller, string type) => caller.Covers(type, ScopeInteraction.Update) && caller.Covers(type, ScopeInteraction.Read)
        ? null
        : FhirFault.Forbidden("No scope of this token covers patching this type, which takes the scopes to read and to update it.");

    /// <summary>A patch document by its media type; else the fault.</summary>
    public static (ResourcePatch? Patch, FhirFault? Fault) Parse(string? contentType, ReadOnlyMemory<byte> document)
    {
        switch (OwnType(contentType))
        {
            case JsonPatchType:
                var (patch, malformed) = JsonPatch.Parse(document);
                return (patch, malformed is null ? null : Fault(malformed));
            case XmlPatchType:
                (var xml, malformed) = XmlPatch.Parse(document);
                return (xml, malformed is null ? null : Fault(malformed));
        }

        if (FhirMedia.Of(contentType) != FhirFormat.Json)
        {
            return (null, UnknownFormat);
        }

        if (document.Span.TrimStart(" \t\r\n"u8).StartsWith("["u8))
        {
            // An array is no resource: this is a JSON Patch under the media type of something else.
            return (null, UnknownFormat);
        }

        var outcome = ResourceValidator.Validate(document, "Parameters");
        if (!outcome.IsValid)
        {
            return (null, FhirFault.BadRequest(outcome.Issues));
        }

        var (parameters, wrong) = FhirPathPatch.Parse(document);
        return (parameters, wrong is null ? null : Fault(wrong));
    }

    private (Change? Change, FhirFault? Fault) Apply(PatchCall patch, DisclosedRecord record)
    {
        if (patch.IfMatch is { } version and not Change.AnyVersion && version != record.Key.Version)
        {
            return (null, FhirFault.PreconditionFailed);
        }

        var (patched, misfit) = patch.Patch.Apply(record.Json, patch.Time);
        if (patched is null)
        {
            return (null, Fault(misfit!));
        }

        var outcome = writes.Check(patched, patch.Type);
        if (!outcome.IsValid)
        {
            return (null, new FhirFault(StatusCodes.Status422UnprocessableEntity, outcome.Issues));
        }

        return ResourceJson.ReadHeader(patched).Id == record.Key.Id
            ? (new Change(ChangeKind.Update, patch.Type, record.Key.Id, patched, patch.FullUrl, record.Key.Version), null)
            : (null, FhirFault.Of(422, IssueType.BusinessRule, "A patch leaves the id of a record as it is."));
    }

    private static FhirFault Fault(PatchFault fault) => FhirFault.Of(
        fault.Kind == PatchFaultKind.Malformed ? 400 : 422,
        fault.Kind switch { PatchFaultKind.Malformed => IssueType.Structure, PatchFaultKind.TooCostly => IssueType.TooCostly, _ => IssueType.Processing },
        fault.Operation is { } at ? string.Create(CultureInfo.InvariantCulture, $"Operation {at} of the patch (from 0): {fault.Message}") : fault.Message);

    /// <summary>The body: a JSON or XML Patch as it is, Parameters as JSON whatever form they came in.</summary>
    private static async ValueTask<(ReadOnlyMemory<byte> Document, FhirFault? Fault)> Document(HttpContext http)
    {
        if (OwnType(http.Request.ContentType) is not null)
        {
            return await FhirBody.Read(http, FhirBody.Maximum, http.RequestAborted) is { } body ? (body, null) : (default, FhirFault.BodyTooLarge);
        }

        if (FhirMedia.Of(http.Request.ContentType) is null)
        {
            return (default, UnknownFormat);
        }

        var (content, fault) = await FhirContent.Read(http);
        return (content?.Json ?? default, fault);
    }

    /// <summary>The media type of a patch that is no resource; null for any other type.</summary>
    private static string? OwnType(string? contentType) =>
        (contentType ?? "").Split(';')[0].Trim() is var type && type.Equals(JsonPatchType, StringComparison.OrdinalIgnoreCase) ? JsonPatchType
            : type.Equals(XmlPatchType, StringComparison.OrdinalIgnoreCase) ? XmlPatchType
            : null;
}

/// <summary>One patch of one record.</summary>
/// <param name="Type">Resource type.</param>
/// <param name="Id">Logical id; null where a condition finds the record.</param>
/// <param name="Condition">A search that finds it, as the caller; null where there is an id.</param>
/// <param name="Patch">What to do with it.</param>
/// <param name="IfMatch">The version that it must be at; null where it does not matter.</param>
/// <param name="FullUrl">The entry's fullUrl in its transaction; null where there is none.</param>
/// <param name="Time">What evaluating it may take, with the other patches of its Bundle.</param>
internal sealed record PatchCall(string Type, string? Id, Target.Criteria? Condition, ResourcePatch Patch, int? IfMatch, string? FullUrl, PatchTime Time);
