namespace HealthLedger.Gateway.Fhir;

/// <summary>Header names and values of the FHIR API.</summary>
internal static class FhirHeaders
{
    public const string Receipt = "X-Ledger-Receipt";
    public const string Purpose = "X-Purpose-Of-Use";
    public const string BreakGlassReason = "X-Break-Glass-Reason";
    public const string RequestId = "X-Request-Id";
    public const string CorrelationId = "X-Correlation-Id";
    public const string Json = "application/fhir+json; charset=utf-8";

    /// <summary>
    /// The id that the client gave its request, to be given back since ours is another (http://hl7.org/fhir/R4/http.html#custom); null where there is none, or it is longer than 128 characters or has others than
    /// letters, digits and a few signs.
    /// </summary>
    public static string? CorrelationOf(IHeaderDictionary headers) =>
        headers[RequestId] is [{ Length: > 0 and <= 128 } id] && id.All(c => char.IsAsciiLetterOrDigit(c) || "-_.:/+=".Contains(c)) ? id : null;

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
