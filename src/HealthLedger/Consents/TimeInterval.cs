using System.Globalization;

namespace HealthLedger.Consents;

/// <summary>
/// A stretch of time on the UTC line, from <see cref="From"/> (inside) to <see cref="Until"/> (outside). Open ends are the ends of the calendar.
/// </summary>
/// <param name="From">The first instant inside.</param>
/// <param name="Until">The first instant after it.</param>
public readonly record struct TimeInterval(DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>All of time.</summary>
    public static readonly TimeInterval Always = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    /// <summary>True where <paramref name="instant"/> lies inside; the calendar's last instant lies inside an interval without an end.</summary>
    public bool Contains(DateTimeOffset instant) => From <= instant && (instant < Until || Until == DateTimeOffset.MaxValue);

    /// <summary>True where all of <paramref name="other"/> lies inside.</summary>
    public bool Covers(TimeInterval other) => From <= other.From && other.Until <= Until;

    /// <summary>True where the two have an instant in common.</summary>
    public bool Overlaps(TimeInterval other) => From < other.Until && other.From < Until;

    /// <summary>What both have in common; an interval that contains nothing where they have nothing in common.</summary>
    public TimeInterval Intersect(TimeInterval other) =>
        new(From > other.From ? From : other.From, Until < other.Until ? Until : other.Until);

    /// <summary>
    /// Reads a FHIR date, dateTime or instant (R4, "Primitive Types") as the interval that its precision leaves open: <c>2026-11</c> is the whole
    /// month. A value without a zone is taken in UTC. Returns false for anything else.
    /// </summary>
    public static bool TryParse(string? text, out TimeInterval interval)
    {
        interval = default;
        if (text is null || text.Length is < 4 or > 40 || !Number(text, 0, 4, out var year) || year == 0)
        {
            return false;
        }

        var month = 1;
        var day = 1;
        if (text.Length == 4)
        {
            interval = Of(Midnight(year, 1, 1), year == 9999 ? long.MaxValue : Midnight(year + 1, 1, 1));
            return true;
        }

        if (text[4] != '-' || !Number(text, 5, 2, out month) || month is < 1 or > 12)
        {
            return false;
        }

        if (text.Length == 7)
        {
            var next = month == 12 ? (Year: year + 1, Month: 1) : (Year: year, Month: month + 1);
            interval = Of(Midnight(year, month, 1), next.Year == 10000 ? long.MaxValue : Midnight(next.Year, next.Month, 1));
            return true;
        }

        if (text[7] != '-' || !Number(text, 8, 2, out day) || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        var date = Midnight(year, month, day);
        if (text.Length == 10)
        {
            interval = Of(date, date + TimeSpan.TicksPerDay);
            return true;
        }

        return TryParseTime(text, date, out interval);
    }

    /// <summary>Reads the two ends of a FHIR Period; an absent end is open. Both ends count in full, as their precision says (R4, Period).</summary>
    internal static bool TryParsePeriod(string? start, string? end, out TimeInterval interval)
    {
        interval = Always;
        var from = Always;
        var until = Always;
        if ((start is not null && !TryParse(start, out from)) || (end is not null && !TryParse(end, out until)))
        {
            return false;
        }

        interval = new TimeInterval(from.From, until.Until);
        return from.From < until.Until;
    }

    private static bool TryParseTime(string text, long date, out TimeInterval interval)
    {
        interval = default;
        if (text.Length < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':'
            || !Number(text, 11, 2, out var hour) || hour > 23
            || !Number(text, 14, 2, out var minute) || minute > 59
            || !Number(text, 17, 2, out var second) || second > 60)
        {
            return false;
        }

        // A leap second has no place on the .NET line: it is the end of the second before it.
        var time = date + (hour * TimeSpan.TicksPerHour) + (minute * TimeSpan.TicksPerMinute) + (Math.Min(second, 59) * TimeSpan.TicksPerSecond);
        var width = TimeSpan.TicksPerSecond;
        var at = 19;
        if (text[at] == '.')
        {
            var digits = 0;
            for (at++; at < text.Length && char.IsAsciiDigit(text[at]); at++, digits++)
            {
                if (width > 1)
                {
                    width /= 10;
                    time += (text[at] - '0') * width;
                }
            }

            if (digits == 0)
            {
                return false;
            }
        }

        if (!TryParseOffset(text.AsSpan(at), out var offset))
        {
            return false;
        }

        interval = Of(time - offset, time - offset + width);
        return true;
    }

    private static bool TryParseOffset(ReadOnlySpan<char> zone, out long offset)
    {
        offset = 0;
        if (zone is "Z")
        {
            return true;
        }

        if (zone.Length != 6 || zone[0] is not ('+' or '-') || zone[3] != ':'
            || !int.TryParse(zone[1..3], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) || hours > 14
            || !int.TryParse(zone[4..], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) || minutes > 59
            || (hours == 14 && minutes > 0))
        {
            return false;
        }

        offset = ((hours * 60L) + minutes) * TimeSpan.TicksPerMinute * (zone[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool Number(string text, int start, int length, out int value)
    {
        value = 0;
        return text.Length >= start + length
            && int.TryParse(text.AsSpan(start, length), NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static long Midnight(int year, int month, int day) => new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private static TimeInterval Of(long from, long until) => new(At(from), At(until));

    private static DateTimeOffset At(long ticks) =>
        new(Math.Clamp(ticks, DateTimeOffset.MinValue.Ticks, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
}
