using System.Globalization;

namespace HealthLedger.Fhir.FhirPath;

internal enum TemporalKind { Date, DateTime, Time }

/// <summary>How much of a date or time is stated. Seconds and their fractions are one precision when compared (FHIRPath 2.0, 6.1 and 6.2).</summary>
internal enum TemporalPrecision { Year = 1, Month, Day, Hour, Minute, Second, Fraction }

/// <summary>
/// A date, dateTime, instant or time as written, with its precision. <see cref="Ticks"/> are local (100 ns since 0001-01-01, or since midnight for a time);
/// <see cref="OffsetMinutes"/> is the stated distance from UTC. It is not an instant: "2015" names a year.
/// </summary>
internal readonly record struct Temporal(TemporalKind Kind, TemporalPrecision Precision, long Ticks, int? OffsetMinutes, int FractionDigits)
{
    /// <summary>Parses FHIR's and FHIRPath's forms: YYYY[-MM[-DD]], T, hh[:mm[:ss[.f+]]], Z or (+|-)hh:mm. Impossible dates are refused; second 60 counts as 59.9999999.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, TemporalKind kind, out Temporal value)
    {
        value = default;
        if (kind == TemporalKind.Time)
        {
            if (!TryParseClock(text, out var clock, out var precision, out var digits)) return false;
            value = new Temporal(kind, precision, clock, null, digits);
            return true;
        }
        var t = text.IndexOf('T');
        if (t >= 0 && kind == TemporalKind.Date) return false;
        var datePart = t < 0 ? text : text[..t];
        if (!TryParseDate(datePart, out var date, out var datePrecision)) return false;
        if (t < 0 || t == text.Length - 1)
        {
            value = new Temporal(kind, datePrecision, date.Ticks, null, 0);
            return true;
        }
        if (datePrecision != TemporalPrecision.Day) return false;
        var rest = text[(t + 1)..];
        if (!TryTakeOffset(ref rest, out var offset) || !TryParseClock(rest, out var ticks, out var timePrecision, out var fraction)) return false;
        value = new Temporal(kind, timePrecision, date.Ticks + ticks, offset, fraction);
        return true;
    }

    private static bool TryParseDate(ReadOnlySpan<char> text, out DateTime date, out TemporalPrecision precision)
    {
        date = default;
        precision = text.Length switch { 4 => TemporalPrecision.Year, 7 => TemporalPrecision.Month, 10 => TemporalPrecision.Day, _ => 0 };
        if (precision == 0 || !Digits(text[..4], out var year) || year < 1) return false;
        int month = 1, day = 1;
        if (precision >= TemporalPrecision.Month && (text[4] != '-' || !Digits(text.Slice(5, 2), out month))) return false;
        if (precision >= TemporalPrecision.Day && (text[7] != '-' || !Digits(text.Slice(8, 2), out day))) return false;
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified);
        return true;
    }

    private static bool TryTakeOffset(ref ReadOnlySpan<char> text, out int? offset)
    {
        offset = null;
        if (text.EndsWith("Z"))
        {
            offset = 0;
            text = text[..^1];
            return true;
        }
        var sign = text.LastIndexOfAny('+', '-');
        if (sign < 0) return true;
        var zone = text[(sign + 1)..];
        if (zone.Length != 5 || zone[2] != ':' || !Digits(zone[..2], out var hours) || !Digits(zone[3..], out var minutes) || hours > 14 || minutes > 59) return false;
        offset = (text[sign] == '-' ? -1 : 1) * (hours * 60 + minutes);
        text = text[..sign];
        return true;
    }

    private static bool TryParseClock(ReadOnlySpan<char> text, out long ticks, out TemporalPrecision precision, out int digits)
    {
        (ticks, digits, precision) = (0, 0, 0);
        if (text.Length < 2 || !Digits(text[..2], out var hour) || hour > 23) return false;
        precision = TemporalPrecision.Hour;
        int minute = 0, second = 0;
        long fraction = 0;
        if (text.Length > 2)
        {
            if (text.Length < 5 || text[2] != ':' || !Digits(text.Slice(3, 2), out minute) || minute > 59) return false;
            precision = TemporalPrecision.Minute;
        }
        if (text.Length > 5)
        {
            if (text.Length < 8 || text[5] != ':' || !Digits(text.Slice(6, 2), out second) || second > 60) return false;
            precision = TemporalPrecision.Second;
        }
        if (text.Length > 8)
        {
            if (text[8] != '.' || text.Length is 9 or > 30) return false;
            foreach (var c in text[9..])
                if (!char.IsAsciiDigit(c)) return false;
            digits = Math.Min(text.Length - 9, 7);
            for (var i = 0; i < 7; i++) fraction = fraction * 10 + (i < digits ? text[9 + i] - '0' : 0);
            precision = TemporalPrecision.Fraction;
        }
        // A leap second has no tick of its own: it shares the last tick of the minute.
        if (second == 60) (second, fraction) = (59, 9_999_999);
        ticks = ((hour * 60L + minute) * 60 + second) * TimeSpan.TicksPerSecond + fraction;
        return true;
    }

    private static bool Digits(ReadOnlySpan<char> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c)) return false;
            value = value * 10 + (c - '0');
        }
        return true;
    }

    /// <summary>
    /// The instants that the value may mean, [Low, High) in UTC ticks, by its precision (FHIR R4 search 3.1.1.4.7: "2000-04-04" is the 24 hours of that day).
    /// A value without an offset counts as UTC, the server's zone. Clipped at the ends of the calendar.
    /// </summary>
    public (long Low, long High) UtcRange()
    {
        var shift = (OffsetMinutes ?? 0) * TimeSpan.TicksPerMinute;
        var start = new DateTime(Ticks, DateTimeKind.Unspecified);
        var end = Precision switch
        {
            TemporalPrecision.Year => start.Year == 9999 ? long.MaxValue : start.AddYears(1).Ticks,
            TemporalPrecision.Month => start is { Year: 9999, Month: 12 } ? long.MaxValue : start.AddMonths(1).Ticks,
            TemporalPrecision.Day => Ticks + TimeSpan.TicksPerDay,
            TemporalPrecision.Hour => Ticks + TimeSpan.TicksPerHour,
            TemporalPrecision.Minute => Ticks + TimeSpan.TicksPerMinute,
            TemporalPrecision.Second => Ticks + TimeSpan.TicksPerSecond,
            _ => Ticks + (long)Math.Pow(10, 7 - FractionDigits),
        };
        return (Math.Max(0, Ticks - shift), end == long.MaxValue ? end : Math.Max(1, end - shift));
    }

    /// <summary>-1, 0 or 1; null where the precisions leave it open, or only one states its zone.</summary>
    public static int? Compare(in Temporal left, in Temporal right)
    {
        if ((left.Kind == TemporalKind.Time) != (right.Kind == TemporalKind.Time)) return null;
        var common = (TemporalPrecision)Math.Min((int)left.Precision, (int)right.Precision);
        long a = left.Ticks, b = right.Ticks;
        if (left.OffsetMinutes is { } la && right.OffsetMinutes is { } ra)
        {
            a -= la * TimeSpan.TicksPerMinute;
            b -= ra * TimeSpan.TicksPerMinute;
        }
        else if (left.OffsetMinutes is not null != right.OffsetMinutes is not null && common > TemporalPrecision.Day)
        {
            // Offsets span -12:00 to +14:00: farther apart than that, the order is certain whatever the missing zone.
            var gap = a - (left.OffsetMinutes ?? 0) * TimeSpan.TicksPerMinute - (b - (right.OffsetMinutes ?? 0) * TimeSpan.TicksPerMinute);
            return Math.Abs(gap) > 14 * TimeSpan.TicksPerHour ? Math.Sign(gap) : null;
        }
        for (var p = left.Kind == TemporalKind.Time ? TemporalPrecision.Hour : TemporalPrecision.Year; p <= common; p++)
        {
            var order = Component(a, p).CompareTo(Component(b, p));
            if (order != 0) return order;
        }
        var same = left.Precision == right.Precision || (left.Precision >= TemporalPrecision.Second && right.Precision >= TemporalPrecision.Second);
        if (!same) return null;
        return a.CompareTo(b);
    }

    private static long Component(long ticks, TemporalPrecision precision)
    {
        if (precision >= TemporalPrecision.Second) return ticks % TimeSpan.TicksPerMinute;
        if (precision == TemporalPrecision.Minute) return ticks / TimeSpan.TicksPerMinute % 60;
        if (precision == TemporalPrecision.Hour) return ticks / TimeSpan.TicksPerHour % 24;
        var date = new DateTime(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), DateTimeKind.Unspecified);
        return precision switch { TemporalPrecision.Year => date.Year, TemporalPrecision.Month => date.Month, _ => date.Day };
    }

    /// <summary>The value moved by an amount of calendar units; below its precision the amount is rounded down to that precision first (FHIRPath 2.0, 6.6.7).</summary>
    public Temporal? Add(decimal amount, TemporalPrecision unit)
    {
        try
        {
            var whole = (int)decimal.Truncate(amount);
            if (Kind == TemporalKind.Time)
            {
                var step = unit switch { TemporalPrecision.Hour => TimeSpan.TicksPerHour, TemporalPrecision.Minute => TimeSpan.TicksPerMinute, _ => TimeSpan.TicksPerSecond };
                var delta = (long)(unit >= TemporalPrecision.Second ? amount * step : whole * (decimal)step);
                return this with { Ticks = ((Ticks + delta) % TimeSpan.TicksPerDay + TimeSpan.TicksPerDay) % TimeSpan.TicksPerDay };
            }
            if (unit > Precision && Precision < TemporalPrecision.Second)
            {
                // Convert to the precision that is stated: 24 months to 2 years, 36 hours to 1 day.
                decimal factor = 1;
                for (var p = unit; p > Precision; p--)
                    factor *= p switch { TemporalPrecision.Month => 12, TemporalPrecision.Day => 30, TemporalPrecision.Hour => 24, TemporalPrecision.Fraction => 1, _ => 60 };
                if (Precision == TemporalPrecision.Year && unit >= TemporalPrecision.Day) factor = factor / 360 * 365;
                return Add(decimal.Truncate(amount / factor), Precision);
            }
            var start = new DateTime(Ticks, DateTimeKind.Unspecified);
            var moved = unit switch
            {
                TemporalPrecision.Year => start.AddYears(whole),
                TemporalPrecision.Month => start.AddMonths(whole),
                TemporalPrecision.Day => start.AddDays(whole),
                TemporalPrecision.Hour => start.AddTicks(whole * TimeSpan.TicksPerHour),
                TemporalPrecision.Minute => start.AddTicks(whole * TimeSpan.TicksPerMinute),
                _ => start.AddTicks((long)(amount * TimeSpan.TicksPerSecond)),
            };
            return this with { Ticks = moved.Ticks };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }

    public override string ToString()
    {
        var local = new DateTime(Ticks, DateTimeKind.Unspecified);
        var date = Kind == TemporalKind.Time ? "" : Precision switch
        {
            TemporalPrecision.Year => local.ToString("yyyy", CultureInfo.InvariantCulture),
            TemporalPrecision.Month => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            _ => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
        if (Precision <= TemporalPrecision.Day) return date;
        var clock = local.ToString(Precision switch
        {
            TemporalPrecision.Hour => "HH",
            TemporalPrecision.Minute => "HH:mm",
            TemporalPrecision.Second => "HH:mm:ss",
            _ => "HH:mm:ss." + new string('f', FractionDigits),
        }, CultureInfo.InvariantCulture);
        if (Kind == TemporalKind.Time) return clock;
        var zone = OffsetMinutes switch
        {
            null => "",
            0 => "Z",
            { } m => string.Create(CultureInfo.InvariantCulture, $"{(m < 0 ? '-' : '+')}{Math.Abs(m) / 60:00}:{Math.Abs(m) % 60:00}"),
        };
        return date + "T" + clock + zone;
    }
}
