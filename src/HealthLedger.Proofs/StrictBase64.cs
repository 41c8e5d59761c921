using System.Buffers.Text;

namespace HealthLedger.Proofs;

/// <summary>Base64 in its one canonical spelling (RFC 4648 sections 3.5, 4, 5): no white space, right padding, unused bits zero.</summary>
internal static class StrictBase64
{
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (text.Length % 4 != 0 || text.ContainsAny(" \t\r\n") || !Convert.TryFromBase64Chars(text, destination, out written))
        {
            return false;
        }

        return LastBitsAreZero(text.TrimEnd('='), '+', '/');
    }

    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var buffer = new byte[(text.Length / 4 * 3) + 3];
        return TryDecode(text, buffer, out var written) ? buffer[..written] : null;
    }

    /// <summary>Base64url without padding, as JSON web tokens use it (RFC 7515 section 2).</summary>
    public static byte[]? DecodeUrl(ReadOnlySpan<char> text)
    {
        if (text.ContainsAny(" \t\r\n=") || text.Length % 4 == 1 || !Base64Url.IsValid(text) || !LastBitsAreZero(text, '-', '_'))
        {
            return null;
        }

        return Base64Url.DecodeFromChars(text);
    }

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
