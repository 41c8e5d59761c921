using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>Strings out of JSON that may hold a lone surrogate escape, for which JsonElement throws: it becomes U+FFFD, since one bad character must not stop an index.</summary>
internal static class JsonText
{
    public static string String(JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Lossy(Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(json)[1..^1]));
        }
    }

    /// <summary>A string's content as UTF-8. Escapes are resolved: <c>"Pat\u0069ent"</c> is Patient.</summary>
    public static ReadOnlySpan<byte> Utf8(JsonElement json)
    {
        var raw = JsonMarshal.GetRawUtf8Value(json)[1..^1];
        return raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(String(json)) : raw;
    }

    /// <summary>A property's name as UTF-8. Escapes are resolved, so that an escaped <c>subject</c> cannot hide whose record it is.</summary>
    public static ReadOnlySpan<byte> Name(JsonProperty property)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(property);
        return raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(Lossy(Encoding.UTF8.GetString(raw))) : raw;
    }

    private static string Lossy(string escaped)
    {
        var result = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                result.Append(escaped[i]);
                continue;
            }
            switch (escaped[++i])
            {
                case 'u':
                    result.Append((char)Convert.ToUInt16(escaped.Substring(i + 1, 4), 16));
                    i += 4;
                    break;
                case 'b': result.Append('\b'); break;
                case 'f': result.Append('\f'); break;
                case 'n': result.Append('\n'); break;
                case 'r': result.Append('\r'); break;
                case 't': result.Append('\t'); break;
                default: result.Append(escaped[i]); break;
            }
        }
        for (var i = 0; i < result.Length; i++)
        {
            if (!char.IsSurrogate(result[i])) continue;
            if (char.IsHighSurrogate(result[i]) && i + 1 < result.Length && char.IsLowSurrogate(result[i + 1])) i++;
            else result[i] = '\uFFFD';
        }
        return result.ToString();
    }
}
