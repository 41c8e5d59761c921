using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Review;

namespace HealthLedger.Gateway.Ledger;

/// <summary><c>POST /ledger/challenge</c>: a regulator names entries, <c>{"indices":[...]}</c>, and is told whose each is and where on that chain it stands.</summary>
internal static class ChallengeApi
{
    private const int MaxBody = 4096;

    public static async Task Answer(HttpContext http)
    {
        if (LedgerApi.Auditor(http) is not { } auditor)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return;
        }

        // An answer names patients: for the purpose that its entry will state, and no other.
        if (!auditor.Purposes.Contains(PurposeOfUse.Compliance))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var services = http.RequestServices;
        if (await Indices(http) is not { } indices || indices.Exists(i => i >= services.GetRequiredService<LedgerLog>().Published.Size))
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync($"Send {{\"indices\":[...]}} with 1 to {Challenges.Max} entries below the checkpoint's size.\n", http.RequestAborted);
            return;
        }

        if (await services.GetRequiredService<Challenges>().Answer(auditor, http.TraceIdentifier, indices, http.RequestAborted) is not { } answer)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "private, no-store";
        await http.Response.Body.WriteAsync(answer.ToJson(), http.RequestAborted);
    }

    private static async Task<List<ulong>?> Indices(HttpContext http)
    {
        try
        {
            var body = new byte[MaxBody];
            var length = await http.Request.Body.ReadAtLeastAsync(body, MaxBody, throwOnEndOfStream: false, http.RequestAborted);
            using var json = JsonDocument.Parse(body.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = 4 });
            var indices = json.RootElement.GetProperty("indices").EnumerateArray().Select(i => i.GetUInt64()).Distinct().ToList();
            return indices.Count is >= 1 and <= Challenges.Max ? indices : null;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
