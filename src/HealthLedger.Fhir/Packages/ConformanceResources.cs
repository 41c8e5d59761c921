using System.Text.Json;

namespace HealthLedger.Fhir.Packages;

/// <summary>
/// Conformance resources of loaded packages by canonical URL: StructureDefinition, ValueSet, CodeSystem, ImplementationGuide. They are read on the first question and each is parsed
/// on its first use. Safe for many threads.
/// </summary>
public sealed class ConformanceResources
{
    private readonly ConformanceResources? _below;
    private readonly Lazy<Dictionary<(string Type, string Url), List<Held>>> _held;

    /// <summary>Resources as JSON text; the source is asked once, when it is first needed. The last of two with the same URL and version stands.</summary>
    /// <param name="source">Gives the texts.</param>
    /// <param name="below">Where to look for what these do not have.</param>
    public ConformanceResources(Func<IEnumerable<ReadOnlyMemory<byte>>> source, ConformanceResources? below = null)
    {
        _held = new(() => Index(source()));
        _below = below;
    }

    /// <summary>None.</summary>
    public static ConformanceResources None { get; } = new(() => []);

    /// <summary>The resource of this type and canonical URL; with a version behind '|' that one, else the last one loaded. Null where there is none.</summary>
    public JsonElement? Find(string resourceType, string canonical)
    {
        ArgumentNullException.ThrowIfNull(canonical);
        var bar = canonical.LastIndexOf('|');
        var url = bar < 0 ? canonical : canonical[..bar];
        var version = bar < 0 ? null : canonical[(bar + 1)..];
        var versions = _held.Value.GetValueOrDefault((resourceType, url)) ?? [];
        for (var i = versions.Count - 1; i >= 0; i--)
        {
            if (version is null || versions[i].Version == version)
            {
                return versions[i].Parsed.Value;
            }
        }

        // HL7's code systems for single versions of v2 tables have a '|' in their URL.
        return bar > 0 && _held.Value.TryGetValue((resourceType, canonical), out var named) ? named[^1].Parsed.Value : _below?.Find(resourceType, canonical);
    }

    /// <summary>The canonical URLs of all resources of a type, without versions.</summary>
    public IEnumerable<string> Urls(string resourceType) => _held.Value.Keys.Where(k => k.Type == resourceType).Select(k => k.Url).Union(_below?.Urls(resourceType) ?? [], StringComparer.Ordinal);

    /// <summary>Whether some of these texts are resources that would be held.</summary>
    public static bool HasAny(IEnumerable<ReadOnlyMemory<byte>> texts) => texts.Any(t => IsHeld(Header(t.Span)));

    private static bool IsHeld((string? Type, string? Url, string? Version) header) =>
        header is { Type: "StructureDefinition" or "ValueSet" or "CodeSystem" or "ImplementationGuide", Url: not null };

    private static Dictionary<(string, string), List<Held>> Index(IEnumerable<ReadOnlyMemory<byte>> resources)
    {
        var held = new Dictionary<(string, string), List<Held>>();
        foreach (var text in resources)
        {
            var header = Header(text.Span);
            if (!IsHeld(header))
            {
                continue;
            }

            var (type, url, version) = (header.Type!, header.Url!, header.Version);

            if (!held.TryGetValue((type, url), out var versions))
            {
                held[(type, url)] = versions = [];
            }

            versions.Add(new(version, new(() => Parse(text))));
        }

        return held;
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> text) => JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 }).RootElement;

    private static (string? Type, string? Url, string? Version) Header(ReadOnlySpan<byte> text)
    {
        string? type = null, url = null, version = null;
        var reader = new Utf8JsonReader(text);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var which = reader.ValueTextEquals("resourceType"u8) ? 1 : reader.ValueTextEquals("url"u8) ? 2 : reader.ValueTextEquals("version"u8) ? 3 : 0;
            reader.Read();
            if (which > 0 && reader.TokenType == JsonTokenType.String)
            {
                var value = reader.GetString();
                (type, url, version) = (which == 1 ? value : type, which == 2 ? value : url, which == 3 ? value : version);
            }
            else
            {
                reader.Skip();
            }
        }

        return (type, url, version);
    }

    private sealed record Held(string? Version, Lazy<JsonElement> Parsed);
}
