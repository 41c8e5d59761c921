using System.Globalization;
using System.Text.Json;

namespace HealthLedger.Risk.Features;

/// <summary>One resource of the chart and the version-specific reference by which an assessment names it.</summary>
internal readonly record struct ChartResource(string Type, string Reference, JsonElement Json);

/// <summary>The resources of one patient, parsed once.</summary>
internal sealed class Chart : IDisposable
{
    public const int MostResources = 200_000;

    private readonly List<JsonDocument> _documents = [];
    private readonly ILookup<string, ChartResource> _byType;

    /// <exception cref="InvalidDataException">A resource is not a JSON object with a resourceType and an id: what the vault opened is broken.</exception>
    public Chart(IReadOnlyList<ReadOnlyMemory<byte>> resources)
    {
        if (resources.Count > MostResources) throw new InvalidDataException("A record holds more resources than an assessment reads.");
        var parsed = new List<ChartResource>(resources.Count);
        try
        {
            foreach (var bytes in resources)
            {
                var document = JsonDocument.Parse(bytes);
                _documents.Add(document);
                parsed.Add(Read(document.RootElement));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            Dispose();
            // The parser's own message may quote the content, so it is not passed on.
            throw new InvalidDataException("A record holds a resource that is not stored FHIR JSON.");
        }
        _byType = parsed.ToLookup(r => r.Type, StringComparer.Ordinal);
    }

    public IEnumerable<ChartResource> OfType(string type) => _byType[type];

    public void Dispose()
    {
        foreach (var document in _documents) document.Dispose();
    }

    private static ChartResource Read(JsonElement json)
    {
        if (Json.Text(json, "resourceType") is not { Length: > 0 } type) throw new InvalidDataException();
        // Whatever is used must be named in the basis of an assessment, so a resource without an id cannot be used.
        if (Json.Text(json, "id") is not { Length: > 0 } id) throw new InvalidDataException();
        var reference = $"{type}/{id}";
        var version = Json.Member(json, "meta") is { } meta ? Json.Text(meta, "versionId") : null;
        return new ChartResource(type, version is null ? reference : $"{reference}/_history/{version}", json);
    }
}

/// <summary>Reading FHIR JSON that was validated when it was stored, without trusting that it was.</summary>
internal static class Json
{
    public static JsonElement? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : null;

    public static string? Text(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static IEnumerable<JsonElement> Items(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    /// <summary>Whether any coding of the CodeableConcept is in the set.</summary>
    public static bool HasCode(JsonElement? concept, CodeSet codes)
    {
        if (concept is not { } json) return false;
        foreach (var coding in Items(json, "coding"))
        {
            if (Text(coding, "system") is { } system && Text(coding, "code") is { } code && codes.Contains(system, code)) return true;
        }
        return false;
    }

    /// <summary>The first code of the CodeableConcept in that system, whichever it is.</summary>
    public static string? CodeIn(JsonElement? concept, string system) =>
        concept is { } json ? Items(json, "coding").Where(c => Text(c, "system") == system).Select(c => Text(c, "code")).FirstOrDefault() : null;

    /// <summary>A FHIR date, dateTime or instant; a partial one means its beginning. Null where it is none.</summary>
    public static DateTimeOffset? Moment(string? text)
    {
        ReadOnlySpan<string> formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd", "yyyy-MM", "yyyy"];
        foreach (var format in formats)
        {
            if (DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)) return moment;
        }
        return null;
    }
}
