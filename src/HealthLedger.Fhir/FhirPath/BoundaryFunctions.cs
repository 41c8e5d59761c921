namespace HealthLedger.Fhir.FhirPath;

/// <summary>lowBoundary, highBoundary, precision and comparable, as the official suite for R4 expects them; now(), today() and timeOfDay() of the context's clock.</summary>
internal static class BoundaryFunctions
{
    private const int MaxDecimalPlaces = 28;

    public static void AddTo(Dictionary<string, Function> all)
    {
        all["lowBoundary"] = new(0, 1, (in Scope s, Items input, Expr[] a) => Boundary(s, input, a, low: true));
        all["highBoundary"] = new(0, 1, (in Scope s, Items input, Expr[] a) => Boundary(s, input, a, low: false));
        all["precision"] = new(0, 0, (in Scope _, Items input, Expr[] _) => input.TryGetSingle(out var item) ? Precision(item) : Items.Empty);
        all["comparable"] = new(1, 1, Comparable);
        all["now"] = new(0, 0, (in Scope s, Items _, Expr[] _) => Clock(s, TemporalKind.DateTime));
        all["today"] = new(0, 0, (in Scope s, Items _, Expr[] _) => Clock(s, TemporalKind.Date));
        all["timeOfDay"] = new(0, 0, (in Scope s, Items _, Expr[] _) => Clock(s, TemporalKind.Time));
    }

    private static Items Clock(in Scope scope, TemporalKind kind)
    {
        var now = scope.Context.Clock.GetUtcNow();
        var ticks = now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerMillisecond;
        return new Items(new TemporalItem(kind switch
        {
            TemporalKind.Date => new Temporal(kind, TemporalPrecision.Day, ticks - ticks % TimeSpan.TicksPerDay, null, 0),
            TemporalKind.Time => new Temporal(kind, TemporalPrecision.Fraction, ticks % TimeSpan.TicksPerDay, null, 3),
            _ => new Temporal(kind, TemporalPrecision.Fraction, ticks, 0, 3),
        }));
    }

    private static Items Boundary(in Scope scope, in Items input, Expr[] arguments, bool low)
    {
        if (!input.TryGetSingle(out var item)) return Items.Empty;
        int? wanted = null;
        if (arguments.Length > 0 && (wanted = Singles.Integer(arguments[0].Evaluate(scope))) is null) return Items.Empty;
        Item? result = item.Value switch
        {
            IntegerItem i => OfNumber(i.Integer, wanted, low) is { } n ? new DecimalItem(n) : null,
            DecimalItem d => OfNumber(d.Decimal, wanted, low) is { } n ? new DecimalItem(n) : null,
            QuantityItem q => OfNumber(q.Amount, wanted, low) is { } n ? new QuantityItem(n, q.Unit, q.IsCalendar) : null,
            TemporalItem t => OfTemporal(t.Temporal, wanted, low) is { } moment ? new TemporalItem(moment) : null,
            _ => throw new FhirPathEvaluationException("A number, quantity, date or time is expected"),
        };
        return result is null ? Items.Empty : new Items(result);
    }

    // 1.587 stands for [1.5865, 1.5875): half a unit of its last place to each side, then cut to the places asked for.
    private static decimal? OfNumber(decimal number, int? wanted, bool low)
    {
        var places = wanted ?? 8;
        if (places is < 0 or > MaxDecimalPlaces) return null;
        try
        {
            var half = new decimal(5, 0, 0, false, (byte)Math.Min(number.Scale + 1, MaxDecimalPlaces));
            var edge = low ? number - half : number + half;
            var unit = new decimal(1, 0, 0, false, (byte)places);
            var cut = decimal.Truncate(edge / unit) * unit;
            if (cut != edge && places < edge.Scale)
            {
                if (low && edge < 0 && number.Scale > 0 && Math.Abs(number) >= unit) cut -= unit;
                if (!low && edge > 0 && number.Scale >= 0 && Math.Abs(number) >= unit) cut += unit;
            }
            return decimal.Round(cut + new decimal(0, 0, 0, false, (byte)places), places);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static Temporal? OfTemporal(in Temporal value, int? digits, bool low)
    {
        var wanted = (digits, value.Kind) switch
        {
            (null, TemporalKind.Date) => TemporalPrecision.Day,
            (null, _) => TemporalPrecision.Fraction,
            (2 or 4 or 6 or 9, TemporalKind.Time) => digits switch { 2 => TemporalPrecision.Hour, 4 => TemporalPrecision.Minute, 6 => TemporalPrecision.Second, _ => TemporalPrecision.Fraction },
            (4, not TemporalKind.Time) => TemporalPrecision.Year,
            (6, not TemporalKind.Time) => TemporalPrecision.Month,
            (8, not TemporalKind.Time) => TemporalPrecision.Day,
            (10, TemporalKind.DateTime) => TemporalPrecision.Hour,
            (12, TemporalKind.DateTime) => TemporalPrecision.Minute,
            (14, TemporalKind.DateTime) => TemporalPrecision.Second,
            (17, TemporalKind.DateTime) => TemporalPrecision.Fraction,
            _ => (TemporalPrecision)0,
        };
        if (wanted == 0) return null;
        var ticks = value.Ticks;
        if (!low) ticks = value.Kind == TemporalKind.Time ? EndOfTime(value) : (value with { OffsetMinutes = 0 }).UtcRange().High - 1;
        // The suite's reading: an hour alone means the minute :00 of that hour.
        if (!low && value.Precision == TemporalPrecision.Hour) ticks = value.Ticks + TimeSpan.TicksPerMinute - 1;
        var unit = wanted switch
        {
            TemporalPrecision.Hour => TimeSpan.TicksPerHour,
            TemporalPrecision.Minute => TimeSpan.TicksPerMinute,
            TemporalPrecision.Second => TimeSpan.TicksPerSecond,
            TemporalPrecision.Fraction => TimeSpan.TicksPerMillisecond,
            _ => TimeSpan.TicksPerDay,
        };
        ticks -= ticks % unit;
        // Without an offset, the earliest instant is that of the easternmost zone, the latest that of the westernmost.
        int? offset = value.Kind == TemporalKind.DateTime && wanted > TemporalPrecision.Day ? value.OffsetMinutes ?? (low ? 14 * 60 : -12 * 60) : null;
        return new Temporal(value.Kind, wanted, ticks, offset, wanted == TemporalPrecision.Fraction ? 3 : 0);
    }

    private static long EndOfTime(in Temporal value) => value.Ticks - 1 + value.Precision switch
    {
        TemporalPrecision.Hour => TimeSpan.TicksPerHour,
        TemporalPrecision.Minute => TimeSpan.TicksPerMinute,
        TemporalPrecision.Second => TimeSpan.TicksPerSecond,
        _ => TimeSpan.TicksPerMillisecond,
    };

    private static Items Precision(Item item)
    {
        int? digits = item.Value switch
        {
            DecimalItem d => d.Decimal.Scale,
            IntegerItem => 0,
            TemporalItem { Temporal.Kind: TemporalKind.Time } t => t.Temporal.Precision switch
            {
                TemporalPrecision.Hour => 2, TemporalPrecision.Minute => 4, TemporalPrecision.Second => 6, _ => 9,
            },
            TemporalItem t => t.Temporal.Precision switch
            {
                TemporalPrecision.Year => 4, TemporalPrecision.Month => 6, TemporalPrecision.Day => 8, TemporalPrecision.Hour => 10,
                TemporalPrecision.Minute => 12, TemporalPrecision.Second => 14, _ => 17,
            },
            _ => null,
        };
        return digits is { } known ? new Items(new IntegerItem(known)) : Items.Empty;
    }

    private static Items Comparable(in Scope scope, Items input, Expr[] arguments)
    {
        if (!input.TryGetSingle(out var a) || !arguments[0].Evaluate(scope).TryGetSingle(out var b)) return Items.Empty;
        return Equality.AsQuantity(a.Value) is { } x && Equality.AsQuantity(b.Value) is { } y ? Operators.Of(Units.Comparable(x, y)) : Items.Empty;
    }
}
