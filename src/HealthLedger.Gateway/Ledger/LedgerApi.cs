using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Gateway.Ledger;

/// <summary>
/// The ledger over HTTP. Checkpoint, hash tiles and verifier keys are for everybody (C2SP tlog-tiles); entry bundles are for auditors; a receipt is for the client
/// that got it.
/// </summary>
internal static class LedgerApi
{
    private const string Final = "/ledger/final/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var ledger = routes.ServiceProvider.GetRequiredService<LedgerLog>();
        routes.MapGet("/ledger/checkpoint", http => Checkpoint(http, ledger));
        var mlDsa = routes.ServiceProvider.GetService<LocalCosigner>();
        routes.MapGet("/ledger/vkey", http => Text(http, $"{ledger.VerifierKey}\n{ledger.CosignerVerifierKey}\n{(mlDsa is null ? "" : $"{mlDsa.VerifierKey}\n")}"));
        routes.MapGet("/ledger/successions", http => Successions(http, ledger));
        routes.MapGet("/ledger/tile/{**path}", http => Tile(http, ledger, "/ledger/"));

        // The same ledger as of the newest checkpoint that the quorum covers: for tools that demand a quorum and take a log's address.
        routes.MapGet(Final + "checkpoint", http => FinalCheckpoint(http, ledger));
        routes.MapGet(Final + "tile/{**path}", http => Tile(http, ledger, Final));
        routes.MapGet("/ledger/receipts/{id}", Receipt);
        routes.MapPost("/ledger/challenge", ChallengeApi.Answer);
    }

    private static Task Checkpoint(HttpContext http, LedgerLog ledger)
    {
        http.Response.Headers.CacheControl = "no-cache";
        return Text(http, System.Text.Encoding.UTF8.GetString(ledger.Newest.Note.Span));
    }

    private static Task Successions(HttpContext http, LedgerLog ledger)
    {
        http.Response.Headers.CacheControl = "no-cache";
        if (ledger.Successions() is not { } successions)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        http.Response.ContentType = "application/json";
        return http.Response.Body.WriteAsync(successions.ToJson(), http.RequestAborted).AsTask();
    }

    private static Task FinalCheckpoint(HttpContext http, LedgerLog ledger)
    {
        http.Response.Headers.CacheControl = "no-cache";
        if (ledger.Cosignatures?.Final is { } final)
        {
            return Text(http, System.Text.Encoding.UTF8.GetString(final.Note.Span));
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static Task Text(HttpContext http, string text)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    private static async Task Tile(HttpContext http, LedgerLog ledger, string prefix)
    {
        if (TilePath.Parse((http.Request.Path.Value ?? "")[prefix.Length..]) is not { } path)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (path.IsEntries && Auditor(http) is null)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return;
        }

        var tile = path.IsEntries ? ledger.ReadEntryBundle(path.Index, path.Width) : ledger.ReadTile(path.Level, path.Index, path.Width);
        if (tile is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        http.Response.ContentType = "application/octet-stream";
        http.Response.Headers.CacheControl = path.IsEntries ? "private" : "public, max-age=31536000, immutable";
        http.Response.ContentLength = tile.Length;
        await http.Response.Body.WriteAsync(tile, http.RequestAborted);
    }

    private static async Task Receipt(HttpContext http)
    {
        var services = http.RequestServices;
        if (Caller(http) is not { } caller)
        {
            await http.NotSignedIn();
            return;
        }

        var id = (string)http.Request.RouteValues["id"]!;
        var receipt = services.GetRequiredService<Receipts>().Find(id, caller.ClientId);
        if (receipt is null)
        {
            await http.Fault(FhirFault.NotThere);
            return;
        }

        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "private, no-store";
        await http.Response.Body.WriteAsync(receipt.Value, http.RequestAborted);
    }

    /// <summary>The auditor who asks; null for everybody else.</summary>
    internal static Caller? Auditor(HttpContext http) => Caller(http) is { MayAudit: true } caller ? caller : null;

    /// <summary>Who a bearer token speaks for; null for nobody.</summary>
    internal static Caller? Caller(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } text] && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && http.RequestServices.GetRequiredService<AccessTokenValidator>().Validate(text.AsSpan(7).Trim()) is TokenValidation.Valid valid
            ? valid.Caller
            : null;
}
