using Microsoft.Net.Http.Headers;

namespace HealthLedger.Gateway.Fhir;

/// <summary>The two forms of a resource on the wire.</summary>
internal enum FhirFormat
{
    Json,
    Xml,
}

/// <summary>The media types of the two forms (http://hl7.org/fhir/R4/http.html#mime-type).</summary>
internal static class FhirMedia
{
    private static readonly Dictionary<string, FhirFormat> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/fhir+json"] = FhirFormat.Json,
        ["application/json"] = FhirFormat.Json,
        ["text/json"] = FhirFormat.Json,
        ["application/fhir+xml"] = FhirFormat.Xml,
        ["application/xml"] = FhirFormat.Xml,
        ["text/xml"] = FhirFormat.Xml,
    };

    /// <summary>The types by preference where a range takes several.</summary>
    public static IReadOnlyCollection<string> Preferred { get; } = [.. Types.Keys.OrderByDescending(t => t.Contains("/fhir+", StringComparison.Ordinal))];

    /// <summary>The form that a Content-Type names; null where it is none that is taken, such as another charset or another release of FHIR.</summary>
    public static FhirFormat? Of(string? contentType)
    {
        if (contentType is "application/fhir+json" or "application/json" or FhirHeaders.Json)
        {
            return FhirFormat.Json;
        }

        return MediaTypeHeaderValue.TryParse(contentType, out var media) && IsOurs(media) && Known(media) is { } type ? Types[type] : null;
    }

    /// <summary>The media type as we write it, without its parameters; null where it is none of ours.</summary>
    public static string? Known(MediaTypeHeaderValue media) => Preferred.FirstOrDefault(t => media.MediaType.Equals(t, StringComparison.OrdinalIgnoreCase));

    /// <summary>True for UTF-8 and FHIR R4, which a type says or is silent about.</summary>
    public static bool IsOurs(MediaTypeHeaderValue media)
    {
        var charset = HeaderUtilities.RemoveQuotes(media.Charset);
        var release = HeaderUtilities.RemoveQuotes(media.Parameters.FirstOrDefault(p => p.Name.Equals("fhirVersion", StringComparison.OrdinalIgnoreCase))?.Value ?? default);
        return (charset.Length == 0 || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) && (release.Length == 0 || release.Value is "4.0" or "4.0.1");
    }
}
