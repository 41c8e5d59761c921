using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// What a reader knows already: If-None-Match, or else If-Modified-Since (http://hl7.org/fhir/R4/http.html#cread, RFC 9110 section 13.2.2). Compared after the request is
/// recorded: that nothing changed is an answer too.
/// </summary>
internal static class KnownVersion
{
    /// <summary>True where the version is one that the headers name, so that the answer is 304.</summary>
    public static bool Is(IHeaderDictionary headers, int version, DateTimeOffset lastUpdated) =>
        Is(headers.IfNoneMatch, DateTimeOffset.TryParseExact(headers.IfModifiedSince, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : null, version, lastUpdated);

    /// <summary>The same for an entry of a Bundle.</summary>
    public static bool Is(string? ifNoneMatch, string? ifModifiedSince, int version, DateTimeOffset lastUpdated) =>
        Is(ifNoneMatch ?? default(StringValues), DateTimeOffset.TryParse(ifModifiedSince, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : null, version, lastUpdated);

    private static bool Is(StringValues ifNoneMatch, DateTimeOffset? since, int version, DateTimeOffset lastUpdated) => ifNoneMatch.Count > 0
        ? ifNoneMatch.SelectMany(h => (h ?? "").Split(',')).Any(tag => tag.Trim() == "*" || FhirHeaders.ParseETag(tag) == version)
        : since is { } known && WholeSeconds(lastUpdated) <= known;

    /// <summary>HTTP dates have no smaller parts.</summary>
    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
