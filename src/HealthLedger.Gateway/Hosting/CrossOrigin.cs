using HealthLedger.Gateway.Fhir;

namespace HealthLedger.Gateway.Hosting;

/// <summary>
/// CORS for apps that run in a browser (SMART App Launch 2.2, "CORS"): the FHIR API and what a token is got by, for the configured origins alone. No credentials: the APIs take
/// bearer tokens, and the pages' cookie is of no use on them. Without origins there is none of it.
/// </summary>
internal static class CrossOrigin
{
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    public static void Use(WebApplication app, IReadOnlyCollection<string> origins)
    {
        if (origins.Count == 0)
        {
            return;
        }

        // An answer that a cache keeps differs by who asked for it, even where nobody did.
        app.UseWhen(IsApi, api => api.Use(static (http, next) =>
        {
            http.Response.Headers.Append("Vary", "Origin");
            return next(http);
        }));
        app.UseWhen(IsApi, api => api.UseCors(policy => policy
            .WithOrigins([.. origins])
            .WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            .WithHeaders(
                "Authorization", "Accept", "Content-Type", "If-Match", "If-None-Match", "If-Modified-Since", "If-None-Exist", "Prefer",
                FhirHeaders.Purpose, FhirHeaders.BreakGlassReason, NativeBinary.SecurityContext)
            .WithExposedHeaders("ETag", "Location", "Content-Location", "Last-Modified", FhirHeaders.Receipt, FhirHeaders.RequestId, FhirHeaders.CorrelationId)
            .SetPreflightMaxAge(PreflightAge)));
    }

    private static bool IsApi(HttpContext http) =>
        http.Request.Path.StartsWithSegments("/fhir") || http.Request.Path.StartsWithSegments("/auth") || http.Request.Path.StartsWithSegments("/.well-known") || http.Request.Path.StartsWithSegments("/ledger");
}
