using HealthLedger.Gateway.Fhir;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Hosting;

/// <summary>
/// Gives each request an id of its own, never the client's words, which go back to the client and nowhere else, and turns what nobody foresaw into one answer that tells nothing. What went wrong is
/// logged by type and place only: messages can carry data.
/// </summary>
internal static class RequestBoundary
{
    /// <summary>SQLITE_FULL (https://www.sqlite.org/rescode.html#full).</summary>
    private const int SqliteFull = 13;

    public static async Task Pass(HttpContext http, RequestDelegate next)
    {
        http.TraceIdentifier = FreshBytes.Hex(8);
        http.Response.Headers[FhirHeaders.RequestId] = http.TraceIdentifier;
        if (FhirHeaders.CorrelationOf(http.Request.Headers) is { } given)
        {
            http.Response.Headers[FhirHeaders.CorrelationId] = given;
        }

        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await next(http);
        }
        catch (BadHttpRequestException bad) when (!http.Response.HasStarted)
        {
            // Answered here, since the framework's page for developers would show its insides.
            http.Response.Headers.Remove(FhirHeaders.Receipt);
            http.Response.StatusCode = bad.StatusCode;
            http.Response.ContentLength = 0;
        }
        catch (Exception unheld) when (unheld is KeyHolderException or LostKeysException && !http.Response.HasStarted)
        {
            var logger = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("HealthLedger.Gateway");
            logger.LogError("Request {RequestId}: {Refusal}", http.TraceIdentifier, unheld.Message);
            http.Response.Headers.Remove(FhirHeaders.Receipt);
            await http.Fault(FhirFault.KeysUnavailable);
        }
        catch (Exception broken) when (!http.Response.HasStarted && broken is not OperationCanceledException)
        {
            var logger = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("HealthLedger.Gateway");
            logger.LogError("Request {RequestId} broke: {Type} {Place}", http.TraceIdentifier, broken.GetType().Name, broken.StackTrace?.Split('\n').FirstOrDefault()?.Trim());
            http.Response.Headers.Remove(FhirHeaders.Receipt);
            await http.Fault(broken is Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: SqliteFull } ? FhirFault.StorageFull : FhirFault.Unexpected);
        }
    }
}
