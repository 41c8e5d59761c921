namespace HealthLedger.Gateway.Fhir;

/// <summary>Header names and media types of the FHIR API.</summary>
internal static class FhirHeaders
{
    public const string Receipt = "X-Ledger-Receipt";
    public const string Purpose = "X-Purpose-Of-Use";
    public const string BreakGlassReason = "X-Break-Glass-Reason";
    public const string RequestId = "X-Request-Id";
    public const string Json = "application/fhir+json; charset=utf-8";

    /// <summary>True where the client takes JSON: by <c>_format</c> if given, else by Accept.</summary>
    public static bool AcceptsJson(HttpRequest request)
    {
        if (request.Query.TryGetValue("_format", out var format))
        {
            return IsJson(format.ToString());
        }

        var accept = request.Headers.Accept;
        if (accept.Count == 0)
        {
            return true;
        }

        foreach (var header in accept)
        {
            foreach (var range in (header ?? "").Split(','))
            {
                var type = range.AsSpan().Trim();
                var parameters = type.IndexOf(';');
                type = parameters < 0 ? type : type[..parameters].TrimEnd();
                if (type.Length == 0 || type is "*/*" or "application/*" || IsJson(type))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>True for the media types of FHIR JSON, with any parameters.</summary>
    public static bool IsJson(ReadOnlySpan<char> mediaType)
    {
        var parameters = mediaType.IndexOf(';');
        var type = (parameters < 0 ? mediaType : mediaType[..parameters]).Trim();
        // A plus sign in a query string arrives as a space: _format=application/fhir+json is written so by many clients.
        return type.Equals("application/fhir+json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/fhir json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("text/json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The version in <c>W/"3"</c>; null where it is not of that form.</summary>
    public static int? ParseETag(string? text)
    {
        var span = (text ?? "").AsSpan().Trim();
        if (span.StartsWith("W/"))
        {
            span = span[2..];
        }

        return span.Length > 2 && span[0] == '"' && span[^1] == '"'
            && int.TryParse(span[1..^1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version) && version > 0
            ? version
            : null;
    }

    public static string ETag(int version) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"W/\"{version}\"");
}
