using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Successions;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// The log's key: <c>POST /admin/keys/log/request</c> makes a successor and the statement that the offline key is to sign, <c>POST /admin/keys/log/install</c> takes the signed statement
/// (<c>text/plain</c>), <c>POST /admin/keys/log/retire</c> destroys the retired key before its time, <c>GET /admin/keys/log</c> shows them.
/// </summary>
internal static class LogKeyApi
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/keys/log", Show);
        admin.MapPost("/keys/log/request", Request);
        admin.MapPost("/keys/log/install", Install);
        admin.MapPost("/keys/log/retire", Retire);
    }

    private static async Task Show(HttpContext http, OperatorActs acts, LedgerKeys keys)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "log-key-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var retires = keys.RetiresAt;
        await http.Json(new
        {
            message = (keys.Lineage, keys.Beside, retires) switch
            {
                (null, _, _) => "The log has named no offline key: its key cannot be rotated yet.",
                (_, null, _) => "The log's key signs alone.",
                (_, _, { } until) => $"The key before signs beside the log's key until {until:u}.",
                _ => "A successor signs beside the log's key, and waits for the offline key's signature.",
            },
            logKey = keys.VerifierKey,
            successor = retires is null ? keys.Beside?.ToString() : null,
            retiring = retires is null ? null : keys.Beside?.ToString(),
            retiresAt = retires,
            offlineKey = keys.Lineage?.Offline.ToString(),
            successions = keys.Stated.Select(each => new { number = each.Signed.Statement.Number, frozenAt = each.Signed.Statement.Size, entry = each.Index, reason = Succession.Word(each.Signed.Statement.Reason) }),
        });
    }

    private static async Task Request(HttpContext http, OperatorActs acts, LogKeySuccessions successions)
    {
        NoteVerifier? offline = null;
        if (await http.ReadTexts("offlineKey", "reason") is not [var vkey, var reason] || reason is not ("rotated" or "revoked")
            || (vkey.Length > 0 && (offline = NoteVerifier.Parse(vkey) is { IsValid: true, Value: { Type: NoteKeyType.Ed25519 } key } ? key : null) is null))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"offlineKey\": VKEY or \"\", \"reason\": \"rotated\" or \"revoked\"}; the offline key is of type 1.");
            return;
        }

        var detail = JsonSerializer.Serialize(new { reason, offlineKey = offline?.ToString() });
        var outcome = await successions.Ask(offline, reason == "revoked", cancellation => acts.Record(http.Operator(), http.TraceIdentifier, "log-key-requested", detail, cancellation), http.RequestAborted);
        switch (outcome)
        {
            case SuccessionOutcome.Asked { Statement: var statement, Note: var note }:
                await http.Json(new
                {
                    message = $"Have the offline key sign this statement, then install it: succession {statement.Number}, {Succession.Word(statement.Reason)}, at {statement.Size} entries.",
                    number = statement.Number,
                    successor = statement.Successor.ToString(),
                    statement = note.ToString(),
                });
                break;
            case SuccessionOutcome.Refused { Fault: var fault }:
                await RecordAndRefuse(http, acts, "log-key-request-refused", fault.Code, fault.Detail);
                break;
            default:
                await http.Unavailable();
                break;
        }
    }

    private static async Task Install(HttpContext http, OperatorActs acts, LogKeySuccessions successions, LedgerKeys keys)
    {
        var body = await http.ReadBody();
        if (body is null || body.Length == 0)
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", $"Send the signed statement, at most {AdminApi.MaxBody} bytes.");
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "log-key-installed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        switch (await successions.Install(body, http.RequestAborted))
        {
            case SuccessionOutcome.Installed { Succession: var installed }:
                await http.Json(new
                {
                    message = installed.Signed.Statement.Number == 0
                        ? $"The log names {installed.Signed.Statement.Offline.Name} as its offline key from now on, and no key succeeds its own without it."
                        : $"The log's key is {keys.VerifierKey} now. {(keys.RetiresAt is { } until ? $"The one before signs beside it until {until:u}: tell whoever pins it." : "The one before is destroyed: tell whoever pins it.")}",
                    logKey = keys.VerifierKey,
                    number = installed.Signed.Statement.Number,
                    entry = installed.Index,
                    retiresAt = keys.RetiresAt,
                });
                break;
            case SuccessionOutcome.Refused { Fault: var fault, Other: { } other }:
                await http.Json(new { error = fault.Code, message = fault.Detail, inForce = other.Note.ToString(), refused = System.Text.Encoding.UTF8.GetString(body) }, StatusCodes.Status409Conflict);
                break;
            case SuccessionOutcome.Refused { Fault: var fault }:
                await http.Refuse(StatusCodes.Status409Conflict, fault.Code, fault.Detail);
                break;
            default:
                await http.Unavailable();
                break;
        }
    }

    private static async Task Retire(HttpContext http, OperatorActs acts, LogKeySuccessions successions)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "log-key-retired", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        if (await successions.Retire(http.RequestAborted))
        {
            await http.Json(new { message = "The retired key is destroyed. Checkpoints bear the successor's signature alone." });
            return;
        }

        await http.Refuse(StatusCodes.Status409Conflict, "none-retires", "No retired key signs beside the log's key.");
    }

    private static async Task RecordAndRefuse(HttpContext http, OperatorActs acts, string act, string code, string detail)
    {
        if (await acts.Record(http.Operator(), http.TraceIdentifier, act, code, http.RequestAborted))
        {
            await http.Refuse(StatusCodes.Status409Conflict, code, detail);
            return;
        }

        await http.Unavailable();
    }
}
