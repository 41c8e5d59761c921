using System.Collections.Frozen;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>
/// Conversion between the units that clinical data commonly compares (UCUM codes), and FHIRPath's calendar words. Not all of UCUM: units outside the table compare only
/// with themselves, which the specification allows (6.1: "implementations are not required to fully support operations on units").
/// </summary>
internal static class Units
{
    private readonly record struct Unit(string Dimension, decimal Factor);

    private static readonly FrozenDictionary<string, Unit> Known = Build();

    private static readonly FrozenDictionary<string, string> CalendarWords = new Dictionary<string, string>
    {
        ["year"] = "a", ["month"] = "mo", ["week"] = "wk", ["day"] = "d", ["hour"] = "h", ["minute"] = "min", ["second"] = "s", ["millisecond"] = "ms",
    }.ToFrozenDictionary();

    private static FrozenDictionary<string, Unit> Build()
    {
        var units = new Dictionary<string, Unit>
        {
            ["1"] = new("1", 1), ["%"] = new("1", 0.01m),
            ["s"] = new("time", 1), ["ms"] = new("time", 0.001m), ["us"] = new("time", 0.000001m), ["min"] = new("time", 60), ["h"] = new("time", 3600),
            ["d"] = new("time", 86400), ["wk"] = new("time", 604800), ["mo"] = new("time", 2629800), ["a"] = new("time", 31557600),
            ["[in_i]"] = new("length", 0.0254m), ["[ft_i]"] = new("length", 0.3048m), ["[yd_i]"] = new("length", 0.9144m), ["[mi_i]"] = new("length", 1609.344m),
            ["[lb_av]"] = new("mass", 453.59237m), ["[oz_av]"] = new("mass", 28.349523125m), ["[stone_av]"] = new("mass", 6350.29318m), ["t"] = new("mass", 1_000_000),
            ["mm[Hg]"] = new("pressure", 133.322m), ["Cel"] = new("Cel", 1), ["[degF]"] = new("[degF]", 1), ["K"] = new("K", 1),
        };
        (string Prefix, decimal Factor)[] prefixes = [("", 1), ("k", 1000), ("d", 0.1m), ("c", 0.01m), ("m", 0.001m), ("u", 0.000001m), ("n", 0.000000001m), ("p", 0.000000000001m)];
        foreach (var (prefix, factor) in prefixes)
        {
            units[prefix + "m"] = new("length", factor);
            units[prefix + "g"] = new("mass", factor);
            units[prefix + "mol"] = new("amount", factor);
            units[prefix + "L"] = units[prefix + "l"] = new("volume", factor);
            units[prefix + "Pa"] = new("pressure", factor);
        }
        foreach (var top in new[] { "g", "mg", "ug", "ng", "mmol", "umol", "nmol", "mol" })
            foreach (var bottom in new[] { "L", "dL", "mL" })
                units[top + "/" + bottom] = new(units[top].Dimension + "/volume", units[top].Factor / units[bottom].Factor);
        return units.ToFrozenDictionary();
    }

    /// <summary>The singular of a calendar word ("days" to "day"), or null.</summary>
    public static string? CalendarUnit(string word)
    {
        if (CalendarWords.ContainsKey(word)) return word;
        return word.EndsWith('s') && CalendarWords.ContainsKey(word[..^1]) ? word[..^1] : null;
    }

    /// <summary>The step that a calendar word, or a definite-duration code of time, moves a date by; the factor turns weeks into days and milliseconds into seconds.</summary>
    public static (TemporalPrecision Unit, decimal Factor)? CalendarStep(QuantityItem quantity) => (CalendarUnit(quantity.Unit) ?? quantity.Unit) switch
    {
        "year" => (TemporalPrecision.Year, 1),
        "month" => (TemporalPrecision.Month, 1),
        "week" or "wk" => (TemporalPrecision.Day, 7),
        "day" or "d" => (TemporalPrecision.Day, 1),
        "hour" or "h" => (TemporalPrecision.Hour, 1),
        "minute" or "min" => (TemporalPrecision.Minute, 1),
        "second" or "s" => (TemporalPrecision.Second, 1),
        "millisecond" or "ms" => (TemporalPrecision.Second, 0.001m),
        _ => null,
    };

    /// <summary>Null where the units have no common dimension. A calendar year or month is no definite duration: it compares only with its kind.</summary>
    public static int? Compare(QuantityItem left, QuantityItem right)
    {
        if (left.IsCalendar == right.IsCalendar && left.Unit == right.Unit) return left.Amount.CompareTo(right.Amount);
        if (left.IsCalendar != right.IsCalendar && (left.Unit is "year" or "month" || right.Unit is "year" or "month")) return null;
        return Convert(left, right);
    }

    /// <summary>Equal when both are rounded to what the less precise one states: 4 'g' to whole grams, 4040 'mg' then too.</summary>
    public static bool Equivalent(QuantityItem left, QuantityItem right)
    {
        decimal a = 1, b = 1;
        if (Code(left) != Code(right))
        {
            if (!Known.TryGetValue(Code(left), out var x) || !Known.TryGetValue(Code(right), out var y) || x.Dimension != y.Dimension) return false;
            (a, b) = (x.Factor, y.Factor);
        }
        try
        {
            var step = Math.Max(a / Power(left.Amount.Scale), b / Power(right.Amount.Scale));
            return Math.Round(left.Amount * a / step, MidpointRounding.AwayFromZero) == Math.Round(right.Amount * b / step, MidpointRounding.AwayFromZero);
        }
        catch (Exception e) when (e is OverflowException or DivideByZeroException)
        {
            return false;
        }

        static decimal Power(byte scale)
        {
            decimal power = 1;
            for (var i = 0; i < scale; i++) power *= 10;
            return power;
        }
    }

    public static bool Comparable(QuantityItem left, QuantityItem right) =>
        Code(left) == Code(right) || (Known.TryGetValue(Code(left), out var a) && Known.TryGetValue(Code(right), out var b) && a.Dimension == b.Dimension);

    private static string Code(QuantityItem quantity) => quantity.IsCalendar ? CalendarWords[quantity.Unit] : quantity.Unit;

    private static int? Convert(QuantityItem left, QuantityItem right)
    {
        if (!Known.TryGetValue(Code(left), out var a) || !Known.TryGetValue(Code(right), out var b) || a.Dimension != b.Dimension) return null;
        try
        {
            return (left.Amount * a.Factor).CompareTo(right.Amount * b.Factor);
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
