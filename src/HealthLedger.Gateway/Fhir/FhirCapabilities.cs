using System.Collections.Concurrent;
using System.Reflection;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary><c>GET /fhir/metadata</c>: open to everybody, made once.</summary>
internal sealed class FhirCapabilities(SmartUrls urls, FhirOperations operations, TimeProvider time)
{
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly ConcurrentDictionary<AnswerForm, ReadOnlyMemory<byte>> _inForms = new();
    private byte[]? _statement;

    public Task Answer(HttpContext http)
    {
        _statement ??= FhirMetadata.Write(urls.Fhir, _since, typeof(FhirCapabilities).Assembly.GetName().Version?.ToString(3) ?? "0", operations);
        // Anybody may ask, so each form of it is made once too.
        return http.Features.Get<AnswerForm>() is { } form
            ? http.Written(StatusCodes.Status200OK, $"{form.MediaType}; charset=utf-8", _inForms.GetOrAdd(form, f => f.Of(_statement)))
            : http.Json(StatusCodes.Status200OK, _statement);
    }
}
