using System.Buffers;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace HealthLedger.Gateway.Fhir;

/// <summary><c>_format</c> and <c>_pretty</c> as the request has them: links to other pages of its answer carry them on.</summary>
internal sealed record FormParameters(IReadOnlyList<KeyValuePair<string, string>> Given)
{
    /// <summary>Those of a request; none where it has none.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(HttpContext http) => http.Features.Get<FormParameters>()?.Given ?? [];
}

/// <summary>
/// The form in which a request wants its answer: by <c>_format</c> and <c>_pretty</c>, else by Accept, else that of the body it sends (http://hl7.org/fhir/R4/http.html#mime-type).
/// A request that wants JSON as it is stored has no form at all, so that its answer goes out untouched.
/// </summary>
internal sealed record AnswerForm(string MediaType, bool IsPretty)
{
    private const int MaximumRanges = 32;

    /// <summary>Chooses the form, from the URL and, for a search by form, from that; a fault where none will do.</summary>
    public static FhirFault? Choose(HttpContext http, string searchForm = "")
    {
        var request = http.Request;
        var (format, pretty) = request.QueryString.HasValue ? (request.Query["_format"], request.Query["_pretty"]) : default;
        if (searchForm.Length > 0)
        {
            var form = QueryHelpers.ParseQuery(searchForm);
            (format, pretty) = (StringValues.Concat(format, form.GetValueOrDefault("_format")), StringValues.Concat(pretty, form.GetValueOrDefault("_pretty")));
        }

        var accept = request.Headers.Accept;
        if (format.Count == 0 && pretty.Count == 0 && accept.Count <= 1 && accept is [] or ["application/fhir+json"] or ["*/*"] && !HasXmlBody(request))
        {
            return null;
        }

        if (pretty.Count > 1 || (pretty.Count == 1 && pretty[0] is not ("true" or "false")))
        {
            return FhirFault.BadRequest("_pretty is true or false.", IssueType.Value);
        }

        if ((format.Count > 0 ? Named(format) : Accepted(accept, HasXmlBody(request))) is not { } media)
        {
            return FhirFault.NotAcceptable;
        }

        http.Features.Set(new AnswerForm(media, pretty is ["true"]));
        http.Features.Set(new FormParameters([.. format.Select(f => KeyValuePair.Create("_format", f ?? "")), .. pretty.Select(p => KeyValuePair.Create("_pretty", p ?? ""))]));
        return null;
    }

    /// <summary>True where the answer to this request is to be laid out for people.</summary>
    public static bool IsPrettyIn(HttpContext http) => http.Features.Get<AnswerForm>() is { IsPretty: true };

    /// <summary>A resource in this form.</summary>
    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> json)
    {
        if (FhirMedia.Of(MediaType) == FhirFormat.Xml)
        {
            return XmlResource.Write(json, IsPretty);
        }

        return IsPretty ? PrettyJson.Write(json.Span) : json;
    }

    private static bool HasXmlBody(HttpRequest request) => request.ContentType is { } type && FhirMedia.Of(type) == FhirFormat.Xml;

    /// <summary>What <c>_format</c> names: json, xml or a media type, whose plus sign arrives as a space where the client did not escape it.</summary>
    private static string? Named(StringValues format)
    {
        if (format is not [{ } text])
        {
            return null;
        }

        return text switch
        {
            "json" => "application/fhir+json",
            "xml" => "application/fhir+xml",
            _ => MediaTypeHeaderValue.TryParse(text.Replace("/fhir ", "/fhir+", StringComparison.OrdinalIgnoreCase), out var media) && FhirMedia.IsOurs(media) ? FhirMedia.Known(media) : null,
        };
    }

    /// <summary>
    /// The type of ours that the client likes best: by quality, then by how exactly it is named, then by the client's order. A range that takes both forms leaves the choice to
    /// the body that was sent.
    /// </summary>
    private static string? Accepted(StringValues accept, bool hasXmlBody)
    {
        var own = hasXmlBody ? "application/fhir+xml" : "application/fhir+json";
        if (accept.All(string.IsNullOrWhiteSpace))
        {
            return own;
        }

        if (!MediaTypeHeaderValue.TryParseList(accept!, out var ranges) || ranges.Count > MaximumRanges)
        {
            return null;
        }

        var ours = ranges.Where(FhirMedia.IsOurs).ToList();
        return FhirMedia.Preferred
            .Select(type => (Type: type, Range: ours.FindAll(r => Takes(r, type)).MaxBy(Exactness)))
            .Where(t => t.Range is { Quality: null or > 0 })
            .OrderByDescending(t => t.Range!.Quality ?? 1)
            .ThenByDescending(t => Exactness(t.Range!))
            .ThenBy(t => ours.IndexOf(t.Range!))
            .ThenByDescending(t => t.Type == own)
            .Select(t => t.Type)
            .FirstOrDefault();
    }

    private static bool Takes(MediaTypeHeaderValue range, string type) =>
        range.MatchesAllTypes || (range.MatchesAllSubTypes ? type.StartsWith(range.Type + "/", StringComparison.OrdinalIgnoreCase) : range.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase));

    private static int Exactness(MediaTypeHeaderValue range) => range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2;
}
