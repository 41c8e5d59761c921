using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Gateway.Fhir;

/// <summary>A resource that a client sent, as JSON, whatever form it came in.</summary>
internal sealed class FhirContent
{
    private readonly XmlReading? _xml;

    private FhirContent(ReadOnlyMemory<byte> json, XmlReading? xml)
    {
        Json = json;
        _xml = xml;
    }

    /// <summary>The resource; what it says is not validated yet.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The body as JSON, if media type and size are good and XML can be read; else the fault.</summary>
    public static async ValueTask<(FhirContent? Content, FhirFault? Fault)> Read(HttpContext http)
    {
        if (FhirMedia.Of(http.Request.ContentType) is not { } format)
        {
            return (null, FhirFault.UnsupportedMediaType);
        }

        if (await FhirBody.Read(http, FhirBody.Maximum, http.RequestAborted) is not { } body)
        {
            return (null, FhirFault.BodyTooLarge);
        }

        return Of(body, format);
    }

    /// <summary>A body of a form; a fault where it is XML that cannot be read.</summary>
    public static (FhirContent? Content, FhirFault? Fault) Of(ReadOnlyMemory<byte> body, FhirFormat format)
    {
        if (format == FhirFormat.Json)
        {
            return (OfJson(body), null);
        }

        var xml = XmlResource.Read(body);
        return xml.Issues.Count > 0 ? (null, FhirFault.BadRequest(xml.Issues))
            : xml.Json.Length > FhirBody.Maximum ? (null, FhirFault.BodyTooLarge)
            : (new FhirContent(xml.Json, xml), null);
    }

    public static FhirContent OfJson(ReadOnlyMemory<byte> json) => new(json, null);

    /// <summary>Validates it against R4 alone; issues have the places of the text that was sent.</summary>
    public ValidationOutcome Validate(string type) => InOwnText(ResourceValidator.Validate(Json, type));

    /// <summary>The same, against profiles too.</summary>
    public ValidationOutcome Validate(ProfileValidator validator, string? type, IReadOnlyList<string>? profiles = null, bool withWarnings = false) =>
        InOwnText(validator.Validate(Json, type, profiles, withWarnings));

    private ValidationOutcome InOwnText(ValidationOutcome outcome) =>
        _xml is null || outcome.Issues.Count == 0 ? outcome : outcome with { Issues = _xml.InXml(outcome.Issues) };
}
