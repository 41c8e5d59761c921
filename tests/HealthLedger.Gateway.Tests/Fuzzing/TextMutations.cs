using System.Text;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>Mutations that know nothing of a format: bytes flipped, cut, repeated, swapped, and pieces put in that parsers are known to trip over.</summary>
internal static class TextMutations
{
    /// <summary>Values at the edges of what FHIR's primitive types can be, and beyond.</summary>
    public static readonly string[] Values =
    [
        "", " ", "0", "-0", "00", "1", "-1", "2147483647", "2147483648", "-2147483649", "9223372036854775808", "0.0", "1.", ".5", "1e5", "1E-400", "1e400", "1e999999999", "-1e-999999999",
        "0.1000000000000000000000000000000000000000001", "79228162514264337593543950336", "123456789012345678901234567890.123456789012345678901234567890", "NaN", "Infinity", "+1", "0x1F", "1_000",
        "true", "false", "TRUE", "null", "2024", "2024-13", "2024-02-30", "2023-02-29", "0000", "0001-01-01", "9999-12-31", "9999-12-31T23:59:60Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+14:00",
        "2024-01-01T00:00:00-99:99", "2024-01-01T00:00:00.123456789012345678Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "T25:61", "23:59:60", "a", "A", "\u0000", "\t", "\r\n", "\u2028",
        "\ufeff", "\u0130", "\u00df", "e\u0301", "\U0001F600", "\u202e", "\uffff", "%", "%00", "%zz", "%C3%28", "%ED%A0%80", "\\", "\\,", "\\|", "\\$", "$", "|", ",", ",,", "||", "$$", "a|b|c|d", "#", "#x", "?", "&", "../..",
        "Patient/", "/Patient", "Patient/x", "Patient/x/_history/0", "Patient/x/_history/99999999999", "http://", "http://[", "http://x/Patient/1", "urn:uuid:", "urn:oid:1.2.3", "javascript:alert(1)", "<", "<a>", "&amp;", "&#0;",
        "]]>", "<!--", "'", "\"", "{", "[", "{}", "[]", "(", ")", "*", "_", "$this", "%resource", "-", "--", "/", "//", "a.b", "=", "W/\"1\"", "W/\"99999999999999999999\"", "\"", "2024-01-01/2024-01-02",
    ];

    private static readonly byte[][] Pieces =
    [
        [0], [0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf], [0xc0, 0xaf], .. Values.Select(Encoding.UTF8.GetBytes),
        "\\ud800"u8.ToArray(), "\\udc00\\ud800"u8.ToArray(), "\\u0000"u8.ToArray(), "\\x"u8.ToArray(), "/*"u8.ToArray(), "//\n"u8.ToArray(), "{\"a\":"u8.ToArray(), ",\"id\":\"x\""u8.ToArray(), ",,"u8.ToArray(),
    ];

    public static byte[] Mutate(byte[] text, Random random)
    {
        for (var times = random.Next(1, 5); times > 0; times--)
        {
            text = Once(text, random);
        }

        return text;
    }

    public static string Mutate(string text, Random random) => Encoding.UTF8.GetString(Mutate(Encoding.UTF8.GetBytes(text), random));

    public static T Pick<T>(this Random random, IReadOnlyList<T> from) => from[random.Next(from.Count)];

    private static byte[] Once(byte[] text, Random random)
    {
        if (text.Length == 0)
        {
            return random.Pick(Pieces);
        }

        var at = random.Next(text.Length);
        var length = Math.Min(text.Length - at, 1 << random.Next(10));
        var before = text.AsSpan(0, at);
        var span = text.AsSpan(at, length);
        var after = text.AsSpan(at + length);
        switch (random.Next(8))
        {
            case 0:
                var flipped = text.ToArray();
                flipped[at] ^= (byte)(1 << random.Next(8));
                return flipped;
            case 1:
                var other = text.ToArray();
                other[at] = (byte)random.Next(256);
                return other;
            case 2:
                return before.ToArray();
            case 3:
                return [.. before, .. after];
            case 4:
                return [.. before, .. span, .. span, .. after];
            case 5:
                return [.. before, .. random.Pick(Pieces), .. text.AsSpan(at)];
            case 6:
                var piece = random.Pick(Pieces);
                return [.. before, .. Enumerable.Repeat(piece, Math.Min(1 << random.Next(11), 8192 / (piece.Length + 1))).SelectMany(p => p), .. text.AsSpan(at)];
            default:
                var from = random.Next(text.Length);
                return [.. before, .. text.AsSpan(from, Math.Min(text.Length - from, length)), .. after];
        }
    }
}
