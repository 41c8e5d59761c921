using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>create, update, delete: checked here for what the request alone tells, then one road.</summary>
internal sealed class FhirWrites(ProfileValidator validator, RecordChange records, Disclosure disclosure, FhirConditions conditions, SmartUrls urls)
{
    public async Task Create(FhirCall call, string type)
    {
        if (await Body(call, type, ScopeInteraction.Create) is not { } body)
        {
            return;
        }

        var header = call.Http.Request.Headers["If-None-Exist"];
        var (condition, fault) = conditions.Read(call.Caller, type, header.Count == 0 ? null : header.ToString());
        if (fault is not null)
        {
            await call.Http.Fault(fault);
            return;
        }

        await Apply(call, "create", new Change(ChangeKind.Create, type, null, body, Condition: condition));
    }

    public async Task Update(FhirCall call, string type, string id)
    {
        if (await Body(call, type, ScopeInteraction.Update, id) is not { } body)
        {
            return;
        }

        if (ResourceJson.ReadHeader(body.Span).Id != id)
        {
            await call.Http.Fault(FhirFault.BadRequest("The resource's id must be there and be the id in the URL.", IssueType.Value));
            return;
        }

        var headers = call.Http.Request.Headers;
        if (IfMatch(headers.IfMatch.Count == 0 ? null : headers.IfMatch.ToString(), headers.IfNoneMatch.Count == 0 ? null : headers.IfNoneMatch.ToString(), out var version) is { } fault)
        {
            await call.Http.Fault(fault);
            return;
        }

        await Apply(call, "update", new Change(ChangeKind.Update, type, id, body, IfMatch: version));
    }

    /// <summary>An update of the one record that the query finds (http://hl7.org/fhir/R4/http.html#cond-update).</summary>
    public async Task UpdateWhere(FhirCall call, string type)
    {
        if (await Body(call, type, ScopeInteraction.Update) is { } body && await Condition(call, type) is var (condition, version))
        {
            await Apply(call, "update", new Change(ChangeKind.Update, type, ResourceJson.ReadHeader(body.Span).Id, body, IfMatch: version, Condition: condition));
        }
    }

    public async Task Delete(FhirCall call, string type, string id)
    {
        if (!call.Covers(type, ScopeInteraction.Delete))
        {
            await call.Http.Fault(FhirFault.Forbidden("No scope of this token covers deleting this type."));
            return;
        }

        if (IfMatch(call.Http.Request.Headers.IfMatch, out var version) is { } fault)
        {
            await call.Http.Fault(fault);
            return;
        }

        await Apply(call, "delete", new Change(ChangeKind.Delete, type, id, default, IfMatch: version));
    }

    /// <summary>A delete of the one record that the query finds (http://hl7.org/fhir/R4/http.html#3.1.0.7.1).</summary>
    public async Task DeleteWhere(FhirCall call, string type)
    {
        if (!call.Covers(type, ScopeInteraction.Delete))
        {
            await call.Http.Fault(FhirFault.Forbidden("No scope of this token covers deleting this type."));
            return;
        }

        if (await Condition(call, type) is var (condition, version))
        {
            await Apply(call, "delete", new Change(ChangeKind.Delete, type, null, default, IfMatch: version, Condition: condition));
        }
    }

    /// <summary>What the URL's query and If-Match ask for; where they are wrong, the fault is written.</summary>
    public async ValueTask<(Target.Criteria Condition, int? Version)?> Condition(FhirCall call, string type)
    {
        int? version = null;
        var (condition, fault) = conditions.Read(call.Caller, type, call.Http.Request.QueryString.Value ?? "");
        fault ??= IfMatch(call.Http.Request.Headers.IfMatch, out version);
        if (fault is null)
        {
            return (condition!, version);
        }

        await call.Http.Fault(fault);
        return null;
    }

    /// <summary>What If-Match and If-None-Match of an update ask for: <c>If-None-Match: *</c> is that there be none yet (RFC 9110 section 13.1.2).</summary>
    public static FhirFault? IfMatch(string? ifMatch, string? ifNoneMatch, out int? version)
    {
        if (ifNoneMatch is null)
        {
            return IfMatch(ifMatch, out version);
        }

        version = 0;
        return ifNoneMatch == "*" && ifMatch is null ? null : FhirFault.BadRequest("Of an update, If-None-Match takes an asterisk, and no If-Match beside it.", IssueType.Value);
    }

    /// <summary>What an If-Match header asks for.</summary>
    public static FhirFault? IfMatch(string? header, out int? version)
    {
        version = string.IsNullOrEmpty(header) ? null : header.Trim() == "*" ? Change.AnyVersion : FhirHeaders.ParseETag(header);
        return string.IsNullOrEmpty(header) || version is not null
            ? null
            : FhirFault.BadRequest("If-Match takes one ETag as this server gives it, such as W/\"3\", or an asterisk.", IssueType.Value);
    }

    /// <summary>What a road's refusal is on the wire.</summary>
    /// <param name="refused">The refusal.</param>
    /// <param name="asked">
    /// What the caller asked for: where it names a version, that there is none is a condition that does not hold, of what is absent and of what is hidden alike (RFC 9110 section 13.1.1).
    /// </param>
    public static FhirFault Fault(ChangeResult.Refused refused, Change? asked = null) => refused.Fault switch
    {
        ChangeFault.NotThere when asked is { Kind: ChangeKind.Update, IfMatch: > 0 or Change.AnyVersion } => FhirFault.PreconditionFailed,
        ChangeFault.NotThere when asked is { Kind: ChangeKind.Update } => FhirFault.NothingToUpdate,
        ChangeFault.VersionConflict => FhirFault.PreconditionFailed,
        ChangeFault.SeveralMatch => FhirFault.SeveralMatch,
        ChangeFault.OtherId => FhirFault.OtherId,
        ChangeFault.TooBroad => FhirFault.TooManyPatients,
        ChangeFault.NotTheirs => FhirFault.NotTheirs,
        ChangeFault.OutOfScope => FhirFault.Forbidden("No scope of this token covers a record of the patient that it names."),
        ChangeFault.Invalid => new FhirFault(StatusCodes.Status422UnprocessableEntity, refused.Issues),
        _ => FhirFault.NotThere,
    };

    /// <summary>Makes the changes of one request, all or none.</summary>
    public ValueTask<ChangeResult> Run(FhirCall call, string interaction, params IReadOnlyList<Change> changes)
    {
        var request = new ChangeRequest
        {
            Caller = call.Caller,
            Purpose = call.Purpose.Purpose,
            EmergencyReason = call.Purpose.EmergencyReason,
            RequestId = call.RequestId,
            Interaction = interaction,
            LocalBase = urls.Fhir,
            Changes = [.. changes],
        };
        return records.Apply(request, call.Aborted);
    }

    /// <summary>The location of a version, as responses carry it.</summary>
    public string Location(ChangedRecord record) => $"{urls.Fhir}/{record.Key}";

    private async Task Apply(FhirCall call, string interaction, Change change)
    {
        switch (await Run(call, interaction, change))
        {
            case ChangeResult.Changed { Records: [var record], Receipt: var receipt }:
                call.Http.Receipt(receipt);
                await Answer(call, record);
                break;
            case ChangeResult.Refused { Fault: ChangeFault.NotThere } refused when change.Kind == ChangeKind.Delete:
                // http://hl7.org/fhir/R4/http.html#delete: what is not there is as good as deleted, so absent and hidden answer alike.
                call.Http.Receipt(refused.Receipt);
                call.Http.Response.StatusCode = StatusCodes.Status204NoContent;
                if (ReturnPreference.Of(call.Http.Request.Headers) == ReturnForm.OperationOutcome)
                {
                    await call.Http.Json(StatusCodes.Status200OK, ReturnPreference.NothingToDelete);
                }

                break;
            case ChangeResult.Refused refused:
                var fault = Fault(refused, change);
                if (fault == FhirFault.NothingToUpdate)
                {
                    call.Http.Response.Headers.Allow = "GET, HEAD, PATCH, DELETE";
                }

                await call.Http.Fault(fault, refused.Receipt);
                break;
            default:
                await call.Http.Fault(FhirFault.LedgerUnavailable);
                break;
        }
    }

    /// <summary>The answer to a change that was made, as Prefer wants it (http://hl7.org/fhir/R4/http.html#ops).</summary>
    public async Task Answer(FhirCall call, ChangedRecord record)
    {
        var http = call.Http;
        var wanted = ReturnPreference.Of(http.Request.Headers);
        if (!record.WasAbsent)
        {
            http.VersionHeaders(record.Key.Version, record.LastUpdated);
        }

        if (record.Kind == ChangeKind.Delete)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            if (wanted == ReturnForm.OperationOutcome)
            {
                await http.Json(StatusCodes.Status200OK, ReturnPreference.Outcome(record));
            }

            return;
        }

        var status = record.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        http.Response.Headers.Location = Location(record);
        if (wanted == ReturnForm.OperationOutcome)
        {
            await http.Json(status, ReturnPreference.Outcome(record));
        }
        else if (await Representation(call, record, wanted, byDefault: true) is { IsEmpty: false } representation)
        {
            await http.Json(status, representation);
        }
        else
        {
            http.Response.StatusCode = status;
            http.Response.ContentLength = 0;
        }
    }

    /// <summary>
    /// The record after a change, for who wants it; else empty. What a conditional create found is shown only to who asks for it and may read it: a read of that version, recorded
    /// as one (http://hl7.org/fhir/R4/http.html#ccreate).
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>> Representation(FhirCall call, ChangedRecord record, ReturnForm wanted, bool byDefault)
    {
        if (!record.Existed)
        {
            return wanted == ReturnForm.Representation || (byDefault && wanted == ReturnForm.Unstated) ? record.Json : default;
        }

        if (wanted != ReturnForm.Representation || !call.Covers(record.Key.Type, ScopeInteraction.Read))
        {
            return default;
        }

        using var result = await disclosure.Disclose(FhirReads.Request(call, new Target.Record(record.Key.Type, record.Key.Id, record.Key.Version)), call.Aborted);
        return result is DisclosureResult.Disclosed { Records: [var read] } ? read.Json.ToArray() : default;
    }

    /// <summary>What a resource that the server has changed itself is against R4 and the profiles it claims.</summary>
    public ValidationOutcome Check(ReadOnlyMemory<byte> json, string type) => validator.Validate(json, type);

    /// <summary>The body, if scope, media type, size and content are good; else the fault is written.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> Body(FhirCall call, string type, ScopeInteraction interaction, string? id = null)
    {
        if (!call.Covers(type, interaction))
        {
            await call.Http.Fault(FhirFault.Forbidden("No scope of this token covers writing this type."));
            return null;
        }

        var (content, fault) = type == NativeBinary.Type ? await NativeBinary.Read(call.Http, id) : await FhirContent.Read(call.Http);
        if (content is null)
        {
            await call.Http.Fault(fault!);
            return null;
        }

        var outcome = content.Validate(validator, type);
        if (!outcome.IsValid)
        {
            await call.Http.Fault(FhirFault.BadRequest(outcome.Issues));
            return null;
        }

        return content.Json;
    }
}
