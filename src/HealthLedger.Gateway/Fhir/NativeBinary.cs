using System.Buffers;
using System.Text.Json;
using System.Xml;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using Microsoft.Net.Http.Headers;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Binary in its own content type (http://hl7.org/fhir/R4/binary.html#rest): reads that do not name a FHIR type get the bytes, and a body that is no Binary resource is the
/// content of one. Which of the two a request is follows from the request alone.
/// </summary>
internal static class NativeBinary
{
    public const string Type = "Binary";

    /// <summary>The header that stands for <c>Binary.securityContext</c> where the content comes as it is.</summary>
    public const string SecurityContext = "X-Security-Context";

    /// <summary>The most bytes of content, just under 12 MiB: the record, with base64 and some room for the rest, is then no larger than a body may be.</summary>
    public const int Maximum = (FhirBody.Maximum - (40 * 1024)) / 4 * 3;

    private const int LongestType = 256;

    /// <summary>No script, style, form or frame of a stored page runs, whatever a browser makes of it.</summary>
    private const string NothingRuns = "default-src 'none'; frame-ancestors 'none'; sandbox";

    private static readonly FhirFault TooLarge = FhirFault.Of(413, IssueType.TooLong, $"Content sent as it is has at most {Maximum} bytes: with base64 the record then has 16 MiB.");

    /// <summary>True for a read, without parameters, of a Binary or a version of one that does not name a FHIR type.</summary>
    public static bool IsWanted(HttpRequest request, string method, ReadOnlySpan<string> segments) =>
        HttpMethods.IsGet(method)
        && segments is [Type, not "_history" and not "_search"] or [Type, _, "_history", _]
        && !request.QueryString.HasValue
        && (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept!, out var ranges)
            || !ranges.Any(r => r.Quality is null or > 0 && r.MediaType.Value is { } type && type.StartsWith("application/fhir+", StringComparison.OrdinalIgnoreCase)));

    /// <summary>The content of a stored Binary.</summary>
    public static Task Write(HttpContext http, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = ResourceValidator.MaxDepth });
        var type = document.RootElement.TryGetProperty("contentType"u8, out var stated) ? stated.GetString() : null;
        var content = document.RootElement.TryGetProperty("data"u8, out var data) ? Convert.FromBase64String(data.GetString()!) : [];
        var headers = http.Response.Headers;
        headers.ContentDisposition = "attachment";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = NothingRuns;
        return http.Written(StatusCodes.Status200OK, IsSendable(type) ? type! : "application/octet-stream", content);
    }

    /// <summary>A body sent to Binary as the resource it is or is the content of.</summary>
    /// <param name="http">The request.</param>
    /// <param name="id">The id that the resource gets if the body is content; null for none.</param>
    public static async ValueTask<(FhirContent? Content, FhirFault? Fault)> Read(HttpContext http, string? id)
    {
        var format = FhirMedia.Of(http.Request.ContentType);
        if (format is null && !IsSendable(http.Request.ContentType))
        {
            return (null, FhirFault.Of(415, IssueType.NotSupported, "Content needs a Content-Type: a media type of at most 256 characters."));
        }

        if (await FhirBody.Read(http, FhirBody.Maximum, http.RequestAborted) is not { } body)
        {
            return (null, FhirFault.BodyTooLarge);
        }

        if (format is { } known && IsResource(body, known))
        {
            return FhirContent.Of(body, known);
        }

        var contexts = http.Request.Headers[SecurityContext];
        return body.IsEmpty ? (null, FhirFault.BadRequest("The body is empty.", IssueType.Required))
            : body.Length > Maximum ? (null, TooLarge)
            : contexts.Count > 1 ? (null, FhirFault.BadRequest($"{SecurityContext} stands once.", IssueType.Value))
            : (FhirContent.OfJson(Resource(id, http.Request.ContentType!, contexts.Count == 0 ? null : contexts[0], body.Span)), null);
    }

    /// <summary>True for a Binary resource, and for what cannot be read as its media type says: that is told, and not stored.</summary>
    private static bool IsResource(ReadOnlyMemory<byte> body, FhirFormat format)
    {
        try
        {
            if (format == FhirFormat.Json)
            {
                using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = ResourceValidator.MaxDepth });
                return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("resourceType"u8, out var type) && type.ValueEquals(Type);
            }

            using var text = new MemoryStream(body.ToArray());
            using var xml = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return xml.MoveToContent() == XmlNodeType.Element && xml.LocalName == Type && xml.NamespaceURI == "http://hl7.org/fhir";
        }
        catch (Exception unreadable) when (unreadable is JsonException or XmlException or InvalidOperationException)
        {
            return true;
        }
    }

    private static byte[] Resource(string? id, string contentType, string? securityContext, ReadOnlySpan<byte> content)
    {
        var output = new ArrayBufferWriter<byte>((content.Length / 3 * 4) + 512);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", Type);
            if (id is not null)
            {
                json.WriteString("id", id);
            }

            json.WriteString("contentType", MediaTypeHeaderValue.Parse(contentType).ToString());
            if (securityContext is not null)
            {
                json.WriteStartObject("securityContext");
                json.WriteString("reference", securityContext);
                json.WriteEndObject();
            }

            json.WriteBase64String("data", content);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>True for a media type that can stand in a header: anything else a client has stored goes out as bytes of no type.</summary>
    private static bool IsSendable(string? type) =>
        type is { Length: <= LongestType } && type.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && MediaTypeHeaderValue.TryParse(type, out var parsed) && !parsed.MatchesAllSubTypes;
}
