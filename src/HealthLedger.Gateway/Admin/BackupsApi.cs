using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Gateway.Backups;
using HealthLedger.Sqlite.Smart;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// Backups: <c>GET /admin/backups</c>, <c>POST /admin/backups/data</c> and <c>POST /admin/backups/keys</c> with <c>{"name"}</c>. Where they go is a setting; who asks says only
/// how one is called there.
/// </summary>
internal static class BackupsApi
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/backups", List);
        admin.MapPost("/backups/data", (HttpContext http, OperatorActs acts, OnlineBackup backups, SmartDatabase people, IHostApplicationLifetime life) =>
            Make(http, acts, "data-backed-up", name => backups.Data(people, name, life.ApplicationStopping)));
        admin.MapPost("/backups/keys", (HttpContext http, OperatorActs acts, OnlineBackup backups, IHostApplicationLifetime life) =>
            Make(http, acts, "keys-backed-up", name => backups.Keys(name, life.ApplicationStopping)));
    }

    private static async Task List(HttpContext http, OperatorActs acts, OnlineBackup backups, TimeProvider time)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "backups-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var now = time.GetUtcNow();
        var all = new[] { BackupKind.Data, BackupKind.Keys }.SelectMany(kind => backups.List(kind).Select(backup => (kind, backup))).ToList();
        var due = all.Count(one => one.backup.IsDue(now));
        var unknown = all.Count(one => one.backup.Manifest is null);
        await http.Json(new
        {
            message = (all.Count == 1 ? "1 backup." : $"{all.Count} backups.")
                + (due > 0 ? $" {due} of the keys had to be gone by now: no erasure from before is complete until they are destroyed." : "")
                + (unknown > 0 ? $" {unknown} are damaged or not this gateway's: see to them by hand." : ""),
            backups = all.Select(one => Show(one.kind, one.backup, now)),
        });
    }

    private static async Task Make(HttpContext http, OperatorActs acts, string act, Func<string, Task<BackupResult>> make)
    {
        if (await http.ReadTexts("name") is not [var name] || !BackupPlace.IsName(name))
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"name\": NAME} with 1 to 64 of a-z, 0-9 and hyphen, beginning with a letter or digit: a date, such as nightly-2026-11-29.");
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, act, JsonSerializer.Serialize(new { name }), http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        switch (await make(name))
        {
            case BackupResult.Made { Manifest: var made }:
                await http.Json(new
                {
                    message = made.Kind == BackupKind.Data
                        ? $"The data up to entry {made.LedgerSize} is in {name}. Back up the keys after it: keys of patients that came since are in no older copy."
                        : $"The keys are in {name}, sealed, without the passphrase. They are destroyed there at {BackupManifest.Text(made.DeleteAfter!.Value)}; destroy copies elsewhere by then too.",
                    backup = Show(made.Kind, new StoredBackup(name, made, made.DeleteAfter), made.Created),
                });
                break;
            case BackupResult.Refused { Fault: var fault }:
                var (status, error, message) = Why(fault, name);
                await http.Refuse(status, error, message);
                break;
        }
    }

    private static object Show(BackupKind kind, StoredBackup backup, DateTimeOffset now) => new
    {
        kind = BackupManifest.CodeOf(kind),
        name = backup.Name,
        created = backup.Manifest is { Created: var created } ? BackupManifest.Text(created) : null,
        ageHours = backup.Manifest is { Created: var made } ? (long?)Math.Max(0, (now - made).TotalHours) : null,
        ledgerSize = backup.Manifest?.LedgerSize,
        deleteAfter = backup.DeleteAfter is { } deleteAfter ? BackupManifest.Text(deleteAfter) : null,
        due = kind == BackupKind.Keys && backup.Manifest is not null ? backup.IsDue(now) : (bool?)null,
        problem = backup.Manifest is null ? "damaged, or not this gateway's" : null,
    };

    private static (int Status, string Error, string Message) Why(BackupFault fault, string name) => fault switch
    {
        BackupFault.NotConfigured => (StatusCodes.Status409Conflict, "not-configured", "No place for these backups is configured: set HealthLedger:Backups:Data and HealthLedger:Backups:Keys, two different directories, and start again."),
        BackupFault.Exists => (StatusCodes.Status409Conflict, "exists", $"There is a backup {name} already; choose another name."),
        BackupFault.Busy => (StatusCodes.Status409Conflict, "busy", "Another backup is being made; try again when it is done."),
        BackupFault.NoRoom => (StatusCodes.Status507InsufficientStorage, "no-room", "The disk of the backups has too little room. Nothing was left there."),
        _ => (StatusCodes.Status500InternalServerError, "failed", "The backup could not be written: the gateway's log says where. Nothing was left under its name."),
    };
}
