using System.Buffers;
using System.Buffers.Text;

namespace HealthLedger.Smart.Jose;

/// <summary>Base64url without padding (RFC 7515 section 2), strictly: one text for each byte string, so that no token has a second spelling.</summary>
internal static class Base64UrlText
{
    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>The bytes; null for padding, white space, foreign characters, an impossible length or unused bits that are not zero.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length % 4 == 1 || text.ContainsAnyExcept(Alphabet))
        {
            return null;
        }

        var unused = (text.Length % 4) switch { 2 => 15, 3 => 3, _ => 0 };
        if (unused != 0 && (Sextet(text[^1]) & unused) != 0)
        {
            return null;
        }

        return Base64Url.DecodeFromChars(text);
    }

    private static int Sextet(char letter) => letter switch
    {
        >= 'A' and <= 'Z' => letter - 'A',
        >= 'a' and <= 'z' => letter - 'a' + 26,
        >= '0' and <= '9' => letter - '0' + 52,
        '-' => 62,
        _ => 63,
    };
}
