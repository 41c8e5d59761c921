using System.Globalization;
using HealthLedger.Access;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// The check of the vault at rest: <c>POST /admin/vault/check</c> with <c>{"from"}</c>, empty for the first part and the <c>next</c> of the answer before for each one after. Places are keyed names.
/// </summary>
internal static class VaultApi
{
    /// <summary>The most findings that one answer lists; all are counted.</summary>
    private const int MostListed = 1000;

    public static void Map(IEndpointRouteBuilder admin) => admin.MapPost("/vault/check", Check);

    private static async Task Check(HttpContext http, OperatorActs acts, VaultCheck check)
    {
        if (await http.ReadTexts("from") is not [var from])
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "Send {\"from\": \"\"}, and after that the next of each answer.");
            return;
        }

        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "vault-checked", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        if (await check.Check(from, http.RequestAborted) is not { } part)
        {
            await http.Refuse(StatusCodes.Status400BadRequest, "invalid", "That is no next of an answer.");
            return;
        }

        await http.Json(new
        {
            message = part.Next is null ? "The last part is checked." : "A part is checked; there is more.",
            next = part.Next,
            done = Math.Round(part.Done, 4),
            shelves = part.Shelves,
            records = part.Records,
            versions = part.Versions,
            rows = part.Rows,
            bytes = part.Bytes,
            faults = part.Faults.Count,
            findings = part.Faults.Take(MostListed).Select(fault => new { place = Name(fault.Place), finding = fault.Finding }),
        });
    }

    private static string Name(Vault.Storage.RowPlace place) => string.Create(CultureInfo.InvariantCulture, $"{place.Table.ToString().ToLowerInvariant()}/{place.Shelf.Value:x32}/{place.Row.Value:x32}");
}
