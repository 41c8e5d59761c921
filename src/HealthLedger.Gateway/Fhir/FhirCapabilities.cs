using System.Reflection;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary><c>GET /fhir/metadata</c>: open to everybody, made once.</summary>
internal sealed class FhirCapabilities(SmartUrls urls, FhirOperations operations, TimeProvider time)
{
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private byte[]? _statement;

    public Task Answer(HttpContext http)
    {
        _statement ??= FhirMetadata.Write(urls.Fhir, _since, typeof(FhirCapabilities).Assembly.GetName().Version?.ToString(3) ?? "0", operations);
        return http.Json(StatusCodes.Status200OK, _statement);
    }
}
