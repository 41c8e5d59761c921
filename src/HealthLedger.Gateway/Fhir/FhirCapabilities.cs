using System.Collections.Concurrent;
using System.Reflection;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Gateway.Fhir.Operations.Terminology;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary><c>GET /fhir/metadata</c> and what it says of terminology (http://hl7.org/fhir/R4/http.html#capabilities): open to everybody, made once.</summary>
internal sealed class FhirCapabilities(SmartUrls urls, FhirOperations operations, ProfileValidator profiles, ValueSets valueSets, GatewayOptions options, TimeProvider time)
{
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly ConcurrentDictionary<(AnswerForm, bool), ReadOnlyMemory<byte>> _inForms = new();
    private byte[]? _statement;
    private byte[]? _terminology;

    public Task Answer(HttpContext http)
    {
        var mode = http.Request.Query["mode"].ToString();
        if (mode is not ("" or "full" or "normative" or "terminology"))
        {
            return http.Fault(FhirFault.BadRequest("mode is full, normative or terminology.", IssueType.Value));
        }

        var isTerminology = mode == "terminology";
        var statement = isTerminology
            ? _terminology ??= TerminologyStatement.Write(valueSets.CodeSystems, urls.Fhir, _since)
            : _statement ??= FhirMetadata.Write(urls.Fhir, _since, typeof(FhirCapabilities).Assembly.GetName().Version?.ToString(3) ?? "0", operations, profiles, options.Cors.Origins.Length > 0);
        // Anybody may ask, so each form of it is made once too.
        return http.Features.Get<AnswerForm>() is { } form
            ? http.Written(StatusCodes.Status200OK, $"{form.MediaType}; charset=utf-8", _inForms.GetOrAdd((form, isTerminology), f => f.Item1.Of(statement)))
            : http.Json(StatusCodes.Status200OK, statement);
    }
}
