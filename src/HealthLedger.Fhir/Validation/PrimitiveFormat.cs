using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>The texts that each primitive type allows (R4 datatypes.html#primitive: the official regular expressions and ranges, by hand).</summary>
internal static class PrimitiveFormat
{
    private const int LongestDecimal = 64;
    private const int LongestExponent = 3;

    private static readonly SearchValues<byte> Whitespace = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>The JSON token of a primitive; for boolean it is true here, false is as good.</summary>
    public static JsonTokenType Token(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.Boolean => JsonTokenType.True,
        PrimitiveKind.Integer or PrimitiveKind.PositiveInt or PrimitiveKind.UnsignedInt or PrimitiveKind.Decimal => JsonTokenType.Number,
        _ => JsonTokenType.String,
    };

    public static string JsonKind(PrimitiveKind kind) => Token(kind) switch
    {
        JsonTokenType.True => "true or false without quotes",
        JsonTokenType.Number => "a JSON number",
        _ => "a JSON string",
    };

    /// <summary>True where the text, unescaped and not empty, is one of the type. Narrative and references are checked elsewhere.</summary>
    public static bool Matches(PrimitiveKind kind, ReadOnlySpan<byte> text) => kind switch
    {
        PrimitiveKind.Code => IsCode(text),
        PrimitiveKind.Id => FhirId.IsValid(text),
        PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Canonical => text.IndexOfAny(Whitespace) < 0,
        PrimitiveKind.Oid => IsOid(text),
        PrimitiveKind.Uuid => IsUuid(text),
        PrimitiveKind.Date => DateFormat.IsDate(text),
        PrimitiveKind.DateTime => DateFormat.IsDateTime(text),
        PrimitiveKind.Instant => DateFormat.IsInstant(text),
        PrimitiveKind.Time => DateFormat.IsTime(text),
        PrimitiveKind.Base64Binary => Base64.IsValid(text, out var decoded) && decoded > 0,
        PrimitiveKind.Integer => IsInteger(text, int.MinValue),
        PrimitiveKind.UnsignedInt => IsInteger(text, 0),
        PrimitiveKind.PositiveInt => IsInteger(text, 1),
        PrimitiveKind.Decimal => IsDecimal(text),
        _ => true,
    };

    /// <summary>The form of a type in words, to complete "expected is".</summary>
    public static string Expected(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.Code => "text without white space at either end and with single spaces in it",
        PrimitiveKind.Id => "1 to 64 of A-Z, a-z, 0-9, '-' and '.'",
        PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Canonical => "a URI without white space",
        PrimitiveKind.Oid => "urn:oid: and numbers with dots between, such as urn:oid:1.2.3",
        PrimitiveKind.Uuid => "urn:uuid: and a UUID in lower case",
        PrimitiveKind.Date => "a day, month or year that exists, as YYYY-MM-DD, YYYY-MM or YYYY",
        PrimitiveKind.DateTime => "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or +hh:mm, a time that exists",
        PrimitiveKind.Instant => "YYYY-MM-DDThh:mm:ss with Z or +hh:mm, a time that exists",
        PrimitiveKind.Time => "hh:mm:ss",
        PrimitiveKind.Base64Binary => "base64 with padding",
        PrimitiveKind.Integer => "a whole number from -2147483648 to 2147483647",
        PrimitiveKind.UnsignedInt => "a whole number from 0 to 2147483647",
        PrimitiveKind.PositiveInt => "a whole number from 1 to 2147483647",
        PrimitiveKind.Decimal => "a number of at most 64 characters with an exponent of at most three digits",
        _ => "another text",
    };

    public static bool IsOid(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("urn:oid:"u8))
        {
            return false;
        }

        var rest = text["urn:oid:"u8.Length..];
        if (rest.IsEmpty || rest[0] is < (byte)'0' or > (byte)'2')
        {
            return false;
        }

        rest = rest[1..];
        if (rest.IsEmpty)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            if (rest[0] != '.')
            {
                return false;
            }

            rest = rest[1..];
            var digits = rest.IndexOfAnyExcept(Digits) is >= 0 and var end ? end : rest.Length;
            if (digits == 0 || (digits > 1 && rest[0] == '0'))
            {
                return false;
            }

            rest = rest[digits..];
        }

        return true;
    }

    public static bool IsUuid(ReadOnlySpan<byte> text) =>
        text.Length == 45
        && text.StartsWith("urn:uuid:"u8)
        && text[17] == '-' && text[22] == '-' && text[27] == '-' && text[32] == '-'
        && !text[9..17].ContainsAnyExcept(LowerHex)
        && !text[18..22].ContainsAnyExcept(LowerHex)
        && !text[23..27].ContainsAnyExcept(LowerHex)
        && !text[28..32].ContainsAnyExcept(LowerHex)
        && !text[33..].ContainsAnyExcept(LowerHex);

    private static bool IsCode(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny(Whitespace) < 0)
        {
            return true;
        }

        if (Whitespace.Contains(text[0]) || Whitespace.Contains(text[^1]))
        {
            return false;
        }

        for (var i = 1; i < text.Length; i++)
        {
            if (Whitespace.Contains(text[i]) && Whitespace.Contains(text[i - 1]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Any JSON number has the form; the limits keep arithmetic on it affordable, far beyond the 18 digits that FHIR asks for.</summary>
    private static bool IsDecimal(ReadOnlySpan<byte> text)
    {
        var exponent = text.IndexOfAny("eE"u8);
        return text.Length <= LongestDecimal && (exponent < 0 || text[(exponent + 1)..].TrimStart("+-"u8).Length <= LongestExponent);
    }

    /// <summary>JSON allows 1.0, 1e2 and -0 for a number; none is an integer's text in FHIR.</summary>
    private static bool IsInteger(ReadOnlySpan<byte> text, int smallest) =>
        Utf8Parser.TryParse(text, out int value, out var length) && length == text.Length && value >= smallest && !(value == 0 && text.Length > 1);
}
