using System.Text.Json;
using System.Text.Unicode;

namespace HealthLedger.Proofs;

/// <summary>JSON read without leniency: UTF-8, no comments, no duplicate members, a bounded depth and size.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    public static Parsed<JsonDocument> Parse(ReadOnlySpan<byte> json, int maxBytes)
    {
        if (json.Length > maxBytes)
        {
            return new Fault("json-too-long", $"At most {maxBytes} bytes of JSON are read here.");
        }

        // The reader itself would take such bytes inside strings, and throw where they are asked for.
        if (!Utf8.IsValid(json))
        {
            return new Fault("json-syntax", "Not UTF-8.");
        }

        try
        {
            return JsonDocument.Parse(json.ToArray(), s_options);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // The second is thrown for a member name with an escaped lone surrogate.
            return new Fault("json-syntax", "Not JSON, or a member twice.");
        }
    }

    /// <summary>True for an object with these members and no other.</summary>
    public static bool HasExactly(JsonElement element, params ReadOnlySpan<string> names) => Has(element, names, []);

    /// <summary>True for an object with all the required members, perhaps the optional ones, and no other.</summary>
    public static bool Has(JsonElement element, ReadOnlySpan<string> required, ReadOnlySpan<string> optional)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var found = 0;
        foreach (var member in element.EnumerateObject())
        {
            // Names are compared in place: reading one with an escaped lone surrogate as a string would throw.
            if (Holds(required, member))
            {
                found++;
            }
            else if (!Holds(optional, member))
            {
                return false;
            }
        }

        return found == required.Length;
    }

    private static bool Holds(ReadOnlySpan<string> names, JsonProperty member)
    {
        foreach (var name in names)
        {
            if (member.NameEquals(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A string member; null where it is missing, of another kind, or not Unicode.</summary>
    public static string? String(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? Text(value) : null;

    /// <summary>A string; null where it is of another kind or not Unicode.</summary>
    public static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate has no UTF-8 form.
            return null;
        }
    }

    /// <summary>A member of canonical base64; null otherwise.</summary>
    public static byte[]? Base64(JsonElement element, string name) => String(element, name) is { } text ? StrictBase64.Decode(text) : null;

    /// <summary>A member of canonical base64url without padding; null otherwise.</summary>
    public static byte[]? Base64Url(JsonElement element, string name) => String(element, name) is { } text ? StrictBase64.DecodeUrl(text) : null;

    /// <summary>A member that is a whole number of 0 to 2^64-1; null otherwise.</summary>
    public static ulong? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) ? number : null;

    /// <summary>A member that is a whole number of 0 to 2^63-1, such as Unix seconds; null otherwise.</summary>
    public static long? Seconds(JsonElement element, string name) => Number(element, name) is { } number and <= long.MaxValue ? (long)number : null;
}
