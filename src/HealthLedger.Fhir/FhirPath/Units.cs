using System.Collections.Frozen;
using HealthLedger.Fhir.Ucum;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>
/// FHIRPath's units: UCUM codes, converted by <see cref="UcumUnit"/>, and calendar words. Units that it does not know compare only with themselves, which the specification
/// allows (6.1: "implementations are not required to fully support operations on units").
/// </summary>
internal static class Units
{
    private static readonly FrozenDictionary<string, string> CalendarWords = new Dictionary<string, string>
    {
        ["year"] = "a", ["month"] = "mo", ["week"] = "wk", ["day"] = "d", ["hour"] = "h", ["minute"] = "min", ["second"] = "s", ["millisecond"] = "ms",
    }.ToFrozenDictionary();

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
        var (amount, ratio) = (left.Amount, 1m);
        if (Code(left) != Code(right))
        {
            if (UcumUnit.Of(Code(left)) is not { } from || UcumUnit.Of(Code(right)) is not { } to || from.To(to) is not var (of, _) || from.Convert(amount, to) is not { } converted) return false;
            (amount, ratio) = (converted, of);
        }
        try
        {
            var step = Math.Max(ratio / Power(left.Amount.Scale), 1 / Power(right.Amount.Scale));
            return Math.Round(amount / step, MidpointRounding.AwayFromZero) == Math.Round(right.Amount / step, MidpointRounding.AwayFromZero);
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
        Code(left) == Code(right) || (UcumUnit.Of(Code(left)) is { } a && UcumUnit.Of(Code(right)) is { } b && a.IsCommensurable(b));

    /// <summary>The unit of a product or quotient, as UCUM writes it: a denominator of several units stands in parentheses.</summary>
    public static string Product(string left, string right, string sign) =>
        right == "1" ? left
        : left == "1" && sign == "." ? right
        : TextFunctions.Limited(left + sign + (right.AsSpan().ContainsAny('.', '/') ? $"({right})" : right));

    private static string Code(QuantityItem quantity) => quantity.IsCalendar ? CalendarWords[quantity.Unit] : quantity.Unit;

    private static int? Convert(QuantityItem left, QuantityItem right) =>
        UcumUnit.Of(Code(left)) is { } a && UcumUnit.Of(Code(right)) is { } b ? a.Compare(left.Amount, b, right.Amount) : null;
}
