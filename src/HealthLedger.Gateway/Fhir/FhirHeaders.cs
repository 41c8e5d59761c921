namespace HealthLedger.Gateway.Fhir;

/// <summary>Header names and values of the FHIR API.</summary>
internal static class FhirHeaders
{
    public const string Receipt = "X-Ledger-Receipt";
    public const string Purpose = "X-Purpose-Of-Use";
    public const string BreakGlassReason = "X-Break-Glass-Reason";
    public const string RequestId = "X-Request-Id";
    public const string Json = "application/fhir+json; charset=utf-8";

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
