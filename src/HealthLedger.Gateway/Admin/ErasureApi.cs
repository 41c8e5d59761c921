using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// Erasures: <c>GET /admin/erasures</c>, <c>POST /admin/erasures/preview</c> with <c>{"patient"}</c>, <c>POST /admin/erasures</c> with <c>{"patient","ground"}</c>, and the steps with the audit key that is left,
/// <c>POST /admin/erasures/ID/hold</c>, <c>/release</c>, <c>/audit-key</c>, <c>/audit-key/confirm</c>.
/// </summary>
internal static class ErasureApi
{
    private static readonly string[] Grounds = ["patient-request", "legal-duty", "recorded-in-error"];

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/erasures", List);
        admin.MapPost("/erasures", Erase);
        admin.MapPost("/erasures/preview", Preview);
        admin.MapPost("/erasures/{id}/hold", (HttpContext http, string id) => Step(http, id, AuditKeyStep.Hold));
        admin.MapPost("/erasures/{id}/release", (HttpContext http, string id) => Step(http, id, AuditKeyStep.Release));
        admin.MapPost("/erasures/{id}/audit-key", (HttpContext http, string id) => Step(http, id, AuditKeyStep.Request));
        admin.MapPost("/erasures/{id}/audit-key/confirm", (HttpContext http, string id) => Step(http, id, AuditKeyStep.Confirm));
    }

    private static async Task List(HttpContext http, OperatorActs acts, RecordVault vault, AuditKeyErasure auditKeys, ErasurePolicy policy)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "erasures-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var all = vault.Erasures.All;
        await http.Json(new { message = all.Count == 1 ? "1 erasure." : $"{all.Count} erasures.", erasures = all.Select(erasure => Show(erasure, auditKeys, policy)) });
    }

    private static async Task Erase(HttpContext http, RecordErasure road, AuditKeyErasure auditKeys, ErasurePolicy policy)
    {
        if (await http.ReadTexts("patient", "ground") is not [var patient, var ground] || !FhirId.IsValid(patient) || !Grounds.Contains(ground))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", $"Send {{\"patient\": ID, \"ground\": GROUND}} with a Patient id and one of {string.Join(", ", Grounds)}.");
            return;
        }

        await Answer(http, await road.Erase(http.Operator(), http.TraceIdentifier, patient, ground, http.RequestAborted), auditKeys, policy);
    }

    private static async Task Preview(HttpContext http, RecordErasure road, AuditKeyErasure auditKeys, ErasurePolicy policy)
    {
        if (await http.ReadTexts("patient") is not [var patient] || !FhirId.IsValid(patient))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"patient\": ID} with a Patient id.");
            return;
        }

        await Answer(http, await road.Preview(http.Operator(), http.TraceIdentifier, patient, http.RequestAborted), auditKeys, policy);
    }

    private static Task Answer(HttpContext http, ErasureResult result, AuditKeyErasure auditKeys, ErasurePolicy policy)
    {
        switch (result)
        {
            case ErasureResult.Erased done:
                http.Response.Headers[FhirHeaders.Receipt] = $"{http.RequestServices.GetRequiredService<Smart.SmartUrls>().Issuer}/ledger/receipts/{done.Receipt}";
                return http.Json(new
                {
                    message = $"Erased. The keys are destroyed here; the erasure is complete when the last backup of the key directory from before it is gone, in {policy.KeyBackupDays} days.",
                    erasure = Show(done.Erasure, auditKeys, policy),
                    records = done.Extent.Records,
                    versions = done.Extent.Versions,
                    rows = done.Extent.Rows,
                    shared = done.Extent.Shared,
                    sharedKeepers = Keepers(done.Extent),
                    consentsWithdrawn = done.Extent.Withdrawn,
                });
            case ErasureResult.Previewed planned:
                return http.Json(new
                {
                    message = "Nothing is erased yet. An erasure now would, for good, destroy the keys of these records and remove their rows; it cannot be taken back.",
                    destroyed = new { records = planned.Extent.Records - planned.Extent.Shared, versions = planned.Extent.Versions, rows = planned.Extent.Rows, consentsWithdrawn = planned.Extent.Withdrawn },
                    stays = new
                    {
                        ledgerEntries = "for ever, commitments alone",
                        auditKeyUntil = AdminApi.Text(auditKeys.RetainedUntil(planned.Erasure)),
                        keyBackupsUntil = AdminApi.Text(planned.Erasure.At.AddDays(policy.KeyBackupDays)),
                        shared = planned.Extent.Shared,
                        sharedKeepers = Keepers(planned.Extent),
                    },
                    complete = AdminApi.Text(planned.Erasure.At.AddDays(policy.KeyBackupDays)),
                });
            case ErasureResult.Refused { Fault: ErasureFault.NotThere }:
                return http.Refuse(StatusCodes.Status404NotFound, "absent", "There is no such patient, or not any more.");
            case ErasureResult.Refused:
                return http.Refuse(StatusCodes.Status422UnprocessableEntity, "too-large", "The patient has more rows than one change may remove (docs/errors.md). Nothing was erased.");
            default:
                return http.Unavailable();
        }
    }

    private static IEnumerable<object> Keepers(ErasureExtent extent) => extent.Keepers.Select(keeper => new { keeper = keeper.Key, records = keeper.Value });

    private static async Task Step(HttpContext http, string id, AuditKeyStep step)
    {
        var auditKeys = http.RequestServices.GetRequiredService<AuditKeyErasure>();
        var policy = http.RequestServices.GetRequiredService<ErasurePolicy>();
        if (Erasure.ParseId(id) is not { } mark)
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "An erasure's id has 32 hexadecimal digits; GET /admin/erasures lists them.");
            return;
        }

        switch (await auditKeys.Take(http.Operator(), http.TraceIdentifier, mark, step, http.RequestAborted))
        {
            case AuditKeyResult.Done { Erasure: var erasure }:
                await http.Json(new { message = Said(step), erasure = Show(erasure, auditKeys, policy) });
                break;
            case AuditKeyResult.Refused { Fault: AuditKeyFault.NotThere }:
                await http.Refuse(StatusCodes.Status404NotFound, "absent", "There is no such erasure.");
                break;
            case AuditKeyResult.Refused { Fault: var fault }:
                await http.Refuse(StatusCodes.Status409Conflict, AuditKeyErasure.Code(fault), Why(fault));
                break;
            default:
                await http.Unavailable();
                break;
        }
    }

    private static object Show(Erasure erasure, AuditKeyErasure auditKeys, ErasurePolicy policy) => new
    {
        id = erasure.Id,
        erased = AdminApi.Text(erasure.At),
        complete = AdminApi.Text(erasure.At.AddDays(policy.KeyBackupDays)),
        auditKey = erasure.AuditKeyDestroyed is null ? "kept" : "destroyed",
        auditKeyDestroyed = erasure.AuditKeyDestroyed is { } destroyed ? AdminApi.Text(destroyed) : null,
        retainedUntil = AdminApi.Text(auditKeys.RetainedUntil(erasure)),
        legalHold = erasure.Held,
        requestedBy = erasure.RequestedBy,
    };

    private static string Said(AuditKeyStep step) => step switch
    {
        AuditKeyStep.Hold => "A legal hold keeps the audit key until it is released.",
        AuditKeyStep.Release => "The legal hold has ended; the retention still counts.",
        AuditKeyStep.Request => "Another operator confirms it within 7 days.",
        _ => "The audit key is destroyed. What was done with these records cannot be opened any more; that it was done, and when, stays on the ledger.",
    };

    private static string Why(AuditKeyFault fault) => fault switch
    {
        AuditKeyFault.Destroyed => "The audit key is destroyed already.",
        AuditKeyFault.Retained => "The retention has not ended: see retainedUntil.",
        AuditKeyFault.Held => "A legal hold keeps the audit key; release it first.",
        AuditKeyFault.InUse => "The patient has records again, whose events are told on the same chain.",
        AuditKeyFault.NotRequested => "Nobody asked for it within the last 7 days: one operator asks, another confirms.",
        _ => "Who asked for it cannot confirm it: another operator does.",
    };
}
