using System.Buffers;
using System.Buffers.Text;

namespace HealthLedger.Proofs;

/// <summary>Base64 in its one canonical spelling (RFC 4648 sections 3.5, 4, 5): no white space, right padding, unused bits zero. So nothing signed has a second spelling.</summary>
public static class StrictBase64
{
    private static readonly SearchValues<char> s_urlAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>The bytes of padded base64 (RFC 4648 section 4); false for another spelling, or where <paramref name="destination"/> is too short.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (text.Length % 4 != 0 || text.ContainsAny(" \t\r\n") || !Convert.TryFromBase64Chars(text, destination, out written))
        {
            return false;
        }

        return LastBitsAreZero(text.TrimEnd('='), '+', '/');
    }

    /// <summary>The bytes of padded base64 (RFC 4648 section 4); null for another spelling.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var buffer = new byte[(text.Length / 4 * 3) + 3];
        return TryDecode(text, buffer, out var written) ? buffer[..written] : null;
    }

    /// <summary>
    /// The bytes of base64url without padding, as JSON web tokens use it (RFC 7515 section 2); null for padding of any kind, white space, foreign characters, an
    /// impossible length or unused bits that are not zero.
    /// </summary>
    public static byte[]? DecodeUrl(ReadOnlySpan<char> text)
    {
        // The platform's decoder takes white space, '=' and '%' too.
        if (text.ContainsAnyExcept(s_urlAlphabet) || !LastBitsAreZero(text, '-', '_'))
        {
            return null;
        }

        return Base64Url.DecodeFromChars(text);
    }

    /// <summary>Base64url without padding.</summary>
    public static string EncodeUrl(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private static bool LastBitsAreZero(ReadOnlySpan<char> digits, char plus, char slash)
    {
        var unused = (digits.Length % 4) switch { 2 => 4, 3 => 2, 0 => 0, _ => -1 };
        if (unused <= 0)
        {
            return unused == 0;
        }

        var last = digits[^1];
        var value = last switch
        {
            >= 'A' and <= 'Z' => last - 'A',
            >= 'a' and <= 'z' => last - 'a' + 26,
            >= '0' and <= '9' => last - '0' + 52,
            _ when last == plus => 62,
            _ when last == slash => 63,
            _ => -1,
        };
        return value >= 0 && (value & ((1 << unused) - 1)) == 0;
    }
}
