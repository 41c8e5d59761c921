using System.Text.Json;
using System.Text.Unicode;

namespace HealthLedger.Smart.Jose;

/// <summary>Reads a JSON object as a signed thing must be read: valid UTF-8, no member twice, no comments, shallow, of limited size.</summary>
internal static class StrictJson
{
    private const int MaxDepth = 8;

    private static readonly JsonDocumentOptions Options = new()
    {
        MaxDepth = MaxDepth,
        CommentHandling = JsonCommentHandling.Disallow,
        AllowTrailingCommas = false,
        AllowDuplicateProperties = false,
    };

    /// <summary>The object; null where <paramref name="utf8"/> is not exactly one strict JSON object of at most <paramref name="maxBytes"/>.</summary>
    public static JsonElement? ParseObject(ReadOnlyMemory<byte> utf8, int maxBytes)
    {
        if (utf8.Length > maxBytes || !Utf8.IsValid(utf8.Span))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            ReadEveryText(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped lone surrogate, which has no UTF-8.
            return null;
        }
    }

    /// <summary>Escapes are resolved late: resolving all of them here keeps an impossible one from surfacing where nobody expects it.</summary>
    private static void ReadEveryText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    ReadEveryText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadEveryText(member.Value);
                }

                break;
        }
    }

    /// <summary>The string member; null where it is absent, of another type, empty, or too long.</summary>
    public static string? Text(this JsonElement element, string name, int maxLength = 1024)
    {
        if (!element.TryGetProperty(name, out var member) || member.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var text = member.GetString();
        return text is { Length: > 0 } && text.Length <= maxLength ? text : null;
    }

    /// <summary>True where the member exists, whatever it holds.</summary>
    public static bool Has(this JsonElement element, string name) => element.TryGetProperty(name, out _);

    /// <summary>
    /// A NumericDate member (RFC 7519 section 2) in whole seconds, fractions cut off. False where the member is present and no date between 1970 and 9999;
    /// <paramref name="seconds"/> is null where it is absent.
    /// </summary>
    public static bool TryDate(this JsonElement element, string name, out long? seconds)
    {
        const double Year10000 = 253_402_300_800;
        seconds = null;
        if (!element.TryGetProperty(name, out var member))
        {
            return true;
        }

        if (member.ValueKind != JsonValueKind.Number || !member.TryGetDouble(out var value) || !(value >= 0 && value < Year10000))
        {
            return false;
        }

        seconds = (long)value;
        return true;
    }
}
