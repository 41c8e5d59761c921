using System.Collections.Concurrent;
using System.Reflection;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Terminology;
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
    private readonly ConcurrentDictionary<(AnswerForm, string), ReadOnlyMemory<byte>> _inForms = new();
    private readonly ConcurrentDictionary<(string, ResourceSubset?), byte[]> _statements = new();

    public Task Answer(HttpContext http)
    {
        var mode = http.Request.Query["mode"] switch { [] or [""] => "full", [var one] => one, _ => null };
        if (mode is not ("full" or "normative" or "terminology"))
        {
            return http.Fault(FhirFault.Parameter("mode", "full, normative or terminology is expected, once."));
        }

        var (subset, fault) = FhirReads.Subset(mode == "terminology" ? "TerminologyCapabilities" : "CapabilityStatement", http.Request.QueryString.Value ?? "");
        if (fault is not null)
        {
            return http.Fault(fault);
        }

        var statement = Statement(mode, subset);
        return http.Features.Get<AnswerForm>() is { } form
            ? http.Written(StatusCodes.Status200OK, $"{form.MediaType}; charset=utf-8", subset is null ? _inForms.GetOrAdd((form, mode), f => f.Item1.Of(statement)) : form.Of(statement))
            : http.Json(StatusCodes.Status200OK, statement);
    }

    /// <summary>Anybody may ask, so what is asked for often is made once: the whole, and its summaries.</summary>
    private byte[] Statement(string mode, ResourceSubset? subset) =>
        subset is null ? _statements.GetOrAdd((mode, null), _ => Whole(mode))
        : subset == ResourceSubset.Summary || subset == ResourceSubset.Text || subset == ResourceSubset.Data ? _statements.GetOrAdd((mode, subset), _ => subset.Of(Statement(mode, null)))
        : subset.Of(Statement(mode, null));

    private byte[] Whole(string mode) => mode == "terminology"
        ? TerminologyStatement.Write(valueSets.CodeSystems, urls.Fhir, _since)
        : FhirMetadata.Write(
            urls.Fhir, _since, typeof(FhirCapabilities).Assembly.GetName().Version?.ToString(3) ?? "0", operations, profiles, options.Cors.Origins.Length > 0, isNormative: mode == "normative");
}
