using System.Text.Json;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// The operators' answers: one JSON object. A refusal has <c>error</c>, a code that scripts rely on, and <c>message</c>, what is wrong and what to do; it never says
/// whether a patient exists beyond what was asked for.
/// </summary>
internal static class AdminAnswer
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task Json(this HttpContext http, object answer, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(answer, Plain, "application/json", http.RequestAborted);
    }

    public static Task Refuse(this HttpContext http, int status, string error, string message) => http.Json(new { error, message }, status);

    public static Task Unavailable(this HttpContext http) =>
        http.Refuse(StatusCodes.Status503ServiceUnavailable, "unavailable", "The ledger takes no entries now, and without an entry nothing is done. Try again shortly.");
}
