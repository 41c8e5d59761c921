using System.Globalization;
using HealthLedger.Access;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Gateway.Fhir;

/// <summary>How the FHIR API writes answers: the same headers in the same order for whatever must not be told apart.</summary>
internal static class FhirAnswers
{
    /// <summary>The entry that records this request, where there is one: one header, on every answer that has an entry.</summary>
    public static void Receipt(this HttpContext http, ReceiptId? receipt)
    {
        if (receipt is { } id)
        {
            http.Response.Headers[FhirHeaders.Receipt] = $"{http.RequestServices.GetRequiredService<Smart.SmartUrls>().Issuer}/ledger/receipts/{id}";
        }
    }

    public static Task Fault(this HttpContext http, FhirFault fault, ReceiptId? receipt = null)
    {
        http.Receipt(receipt);
        return http.Json(fault.Status, OperationOutcomeJson.From([.. fault.Issues]));
    }

    public static Task MethodNotSupported(this HttpContext http, string allowed)
    {
        http.Response.Headers.Allow = allowed;
        return http.Fault(FhirFault.MethodNotSupported);
    }

    public static Task NotSignedIn(this HttpContext http)
    {
        http.Response.Headers.WWWAuthenticate = http.Request.Headers.Authorization.Count == 0 ? "Bearer" : "Bearer error=\"invalid_token\"";
        return http.Fault(FhirFault.NotSignedIn);
    }

    /// <summary>A resource, given as JSON, in the form that the request wants.</summary>
    public static Task Json(this HttpContext http, int status, ReadOnlyMemory<byte> body)
    {
        var form = http.Features.Get<AnswerForm>();
        return form is null ? http.Written(status, FhirHeaders.Json, body) : http.Written(status, $"{form.MediaType}; charset=utf-8", form.Of(body));
    }

    /// <summary>A body that has its form already.</summary>
    public static Task Written(this HttpContext http, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers.XContentTypeOptions = "nosniff";

        // Without a token: where the connection goes, the writing ends with it.
        return response.BodyWriter.WriteAsync(body, CancellationToken.None).AsTask();
    }

    /// <summary>The part of a record that was asked for; the record itself, not copied, where that is all of it.</summary>
    public static ReadOnlyMemory<byte> Part(this DisclosedRecord record, ResourceSubset? subset) => subset is null ? record.Json : subset.Of(record.Json.Span);

    /// <summary>Version and time of the record that an answer carries.</summary>
    public static void VersionHeaders(this HttpContext http, int version, DateTimeOffset lastUpdated)
    {
        http.Response.Headers.ETag = FhirHeaders.ETag(version);
        http.Response.Headers.LastModified = lastUpdated.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
    }
}
