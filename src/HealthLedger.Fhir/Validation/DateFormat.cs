namespace HealthLedger.Fhir.Validation;

/// <summary>date, dateTime, instant and time of R4 (datatypes.html#date): shape, and that the day and the time of day exist.</summary>
internal static class DateFormat
{
    public static bool IsDate(ReadOnlySpan<byte> text) => Date(text) == text.Length;

    public static bool IsDateTime(ReadOnlySpan<byte> text) => text.Length <= 10 ? IsDate(text) : IsInstant(text);

    public static bool IsInstant(ReadOnlySpan<byte> text)
    {
        if (text.Length < 20 || text[10] != 'T' || !IsDate(text[..10]))
        {
            return false;
        }

        var rest = text[11..];
        var time = Time(rest);
        return time > 0 && IsZone(rest[time..]);
    }

    public static bool IsTime(ReadOnlySpan<byte> text) => Time(text) is > 0 and var length && length == text.Length;

    /// <summary>The length of YYYY, YYYY-MM or YYYY-MM-DD; 0 where it is none or no such day exists.</summary>
    private static int Date(ReadOnlySpan<byte> text)
    {
        if (text.Length is not (4 or 7 or 10) || !Pair(text, 0, 99, out var century) || !Pair(text[2..], 0, 99, out var yearOfCentury))
        {
            return 0;
        }

        var year = (century * 100) + yearOfCentury;
        if (year == 0)
        {
            return 0;
        }

        if (text.Length == 4)
        {
            return 4;
        }

        if (text[4] != '-' || !Pair(text[5..], 1, 12, out var month))
        {
            return 0;
        }

        if (text.Length == 7)
        {
            return 7;
        }

        return text[7] == '-' && Pair(text[8..], 1, DateTime.DaysInMonth(year, month), out _) ? 10 : 0;
    }

    /// <summary>The length of hh:mm:ss with any fraction; 0 where it is none. A leap second (60) is allowed as the official expression allows it.</summary>
    private static int Time(ReadOnlySpan<byte> text)
    {
        if (text.Length < 8
            || text[2] != ':'
            || text[5] != ':'
            || !Pair(text, 0, 23, out _)
            || !Pair(text[3..], 0, 59, out _)
            || !Pair(text[6..], 0, 60, out _))
        {
            return 0;
        }

        if (text.Length == 8 || text[8] != '.')
        {
            return 8;
        }

        var end = 9;
        while (end < text.Length && char.IsAsciiDigit((char)text[end]))
        {
            end++;
        }

        return end > 9 ? end : 0;
    }

    private static bool IsZone(ReadOnlySpan<byte> text)
    {
        if (text.Length == 1)
        {
            return text[0] == 'Z';
        }

        return text.Length == 6
               && text[0] is (byte)'+' or (byte)'-'
               && text[3] == ':'
               && Pair(text[1..], 0, 14, out var hours)
               && Pair(text[4..], 0, hours == 14 ? 0 : 59, out _);
    }

    private static bool Pair(ReadOnlySpan<byte> text, int smallest, int largest, out int value)
    {
        var tens = text[0] - '0';
        var ones = text[1] - '0';
        value = (tens * 10) + ones;
        return (uint)tens <= 9 && (uint)ones <= 9 && value >= smallest && value <= largest;
    }
}
