using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir;

/// <summary>read and vread: each one a request on the disclosure road.</summary>
internal sealed class FhirReads(Disclosure disclosure)
{
    public async Task Read(FhirCall call, string type, string id, string? version, bool isNative = false)
    {
        if (!call.Covers(type, ScopeInteraction.Read))
        {
            await call.Http.Fault(FhirFault.NoScope("reading", [type]));
            return;
        }

        int? number = null;
        if (version is not null)
        {
            // A version that is no number of ours cannot exist: it is asked for, recorded and absent like any other.
            number = int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : int.MaxValue;
        }

        var (subset, fault) = Subset(type, call.Http.Request.QueryString.Value ?? "");
        if (fault is not null)
        {
            await call.Http.Fault(fault);
            return;
        }

        using var result = await disclosure.Disclose(Request(call, new Target.Record(type, id, number)), call.Aborted);
        await Answer(call.Http, result, subset, isNative);
    }

    /// <summary>The part of a record that a read asks for; null for all of it.</summary>
    public static (ResourceSubset? Subset, FhirFault? Fault) Subset(string type, string rawQuery)
    {
        if (rawQuery.Length == 0)
        {
            return default;
        }

        var (subset, isCountOnly, issue) = SubsetParameters.Parse(type, QueryText.Split(rawQuery.TrimStart('?')));
        return isCountOnly ? (null, FhirFault.Parameter("_summary", "count is for searches and histories; a read takes true, text, data or false."))
            : issue is not null ? (null, FhirFault.BadRequest([FhirSearches.Issue(issue)]))
            : (subset, null);
    }

    /// <summary>The answer to a read, for single requests and for entries of a batch alike.</summary>
    private static Task Answer(HttpContext http, DisclosureResult result, ResourceSubset? subset, bool isNative)
    {
        switch (result)
        {
            case DisclosureResult.Disclosed { Records: [var record], Receipt: var receipt }:
                http.Receipt(receipt);
                http.VersionHeaders(record.Key.Version, record.LastUpdated);
                if (KnownVersion.Is(http.Request.Headers, record.Key.Version, record.LastUpdated))
                {
                    http.Response.StatusCode = StatusCodes.Status304NotModified;
                    return Task.CompletedTask;
                }

                return isNative ? NativeBinary.Write(http, record.Json) : http.Json(StatusCodes.Status200OK, record.Part(subset));
            case DisclosureResult.Gone { Receipt: var receipt }:
                return http.Fault(FhirFault.Gone, receipt);
            case DisclosureResult.NotThere { Receipt: var receipt }:
                return http.Fault(FhirFault.NotThere, receipt);
            default:
                return http.Fault(FhirFault.LedgerUnavailable);
        }
    }

    /// <summary>The request of a call on the disclosure road.</summary>
    public static DisclosureRequest Request(FhirCall call, Target target) => new()
    {
        Caller = call.Caller,
        Purpose = call.Purpose.Purpose,
        EmergencyReason = call.Purpose.EmergencyReason,
        RequestId = call.RequestId,
        Target = target,
    };
}
