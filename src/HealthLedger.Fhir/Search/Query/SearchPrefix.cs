namespace HealthLedger.Fhir.Search;

/// <summary>The comparison of a date, number or quantity (R4 search.html#prefix).</summary>
public enum SearchPrefix { Equal, NotEqual, GreaterThan, LessThan, GreaterOrEqual, LessOrEqual, StartsAfter, EndsBefore, Approximate }

/// <summary>Prefixes in front of values, and what they mean on ranges.</summary>
internal static class Prefixes
{
    public static SearchPrefix Take(ref ReadOnlySpan<char> value)
    {
        if (value.Length < 3 || !char.IsAsciiLetterLower(value[0])) return SearchPrefix.Equal;
        SearchPrefix? prefix = value[..2] switch
        {
            "eq" => SearchPrefix.Equal,
            "ne" => SearchPrefix.NotEqual,
            "gt" => SearchPrefix.GreaterThan,
            "lt" => SearchPrefix.LessThan,
            "ge" => SearchPrefix.GreaterOrEqual,
            "le" => SearchPrefix.LessOrEqual,
            "sa" => SearchPrefix.StartsAfter,
            "eb" => SearchPrefix.EndsBefore,
            "ap" => SearchPrefix.Approximate,
            _ => null,
        };
        if (prefix is null) return SearchPrefix.Equal;
        value = value[2..];
        return prefix.Value;
    }

    /// <summary>
    /// A record's range [low, high) against the range [from, to) of the value. Equal: the value contains the record's; greater: the record reaches beyond the value; starts after: it lies beyond entirely.
    /// </summary>
    public static bool Matches(SearchPrefix prefix, long from, long to, long low, long high) => prefix switch
    {
        SearchPrefix.Equal => from <= low && high <= to,
        SearchPrefix.NotEqual => !(from <= low && high <= to),
        SearchPrefix.GreaterThan => high > to,
        SearchPrefix.LessThan => low < from,
        SearchPrefix.GreaterOrEqual => high > to || from <= low && high <= to,
        SearchPrefix.LessOrEqual => low < from || from <= low && high <= to,
        SearchPrefix.StartsAfter => low >= to,
        SearchPrefix.EndsBefore => high <= from,
        _ => low < to && from < high,
    };
}

/// <summary>
/// A number with the precision it is written in (R4 search.html#number): "100" means [99.5, 100.5), "1e2" means [95, 105). The precision counts for eq and ne only; the others compare with the number itself.
/// </summary>
internal readonly record struct NumberValue(SearchPrefix Prefix, decimal Number, decimal From, decimal To)
{
    public static NumberValue? Parse(ReadOnlySpan<char> text)
    {
        var prefix = Prefixes.Take(ref text);
        if (text.Length is 0 or > 40) return null;
        const System.Globalization.NumberStyles Form =
            System.Globalization.NumberStyles.AllowLeadingSign | System.Globalization.NumberStyles.AllowDecimalPoint | System.Globalization.NumberStyles.AllowExponent;
        if (!decimal.TryParse(text, Form, System.Globalization.CultureInfo.InvariantCulture, out var number)) return null;
        try
        {
            var half = Half(text);
            if (prefix == SearchPrefix.Approximate) half = Math.Max(half, Math.Abs(number) * 0.1m);
            return new NumberValue(prefix, number, number - half, number + half);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static decimal Half(ReadOnlySpan<char> text)
    {
        var e = text.IndexOfAny('e', 'E');
        var mantissa = e < 0 ? text : text[..e];
        var exponent = e < 0 ? 0 : int.Parse(text[(e + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.');
        var places = point < 0 ? 0 : mantissa.Length - point - 1;
        // The specification's own example gives "1e2" one digit more than it shows: [95, 105).
        var scale = places - exponent + (e < 0 ? 0 : 1);
        decimal half = 0.5m;
        for (var i = 0; i < scale && i < 28; i++) half /= 10;
        for (var i = 0; i > scale && i > -28; i--) half *= 10;
        return half;
    }

    public bool Matches(decimal low, decimal high) => Prefix switch
    {
        SearchPrefix.Equal => From <= low && (high < To || low == high && low == Number),
        SearchPrefix.NotEqual => !(From <= low && (high < To || low == high && low == Number)),
        SearchPrefix.GreaterThan => high > Number,
        SearchPrefix.LessThan => low < Number,
        SearchPrefix.GreaterOrEqual => high >= Number,
        SearchPrefix.LessOrEqual => low <= Number,
        SearchPrefix.StartsAfter => low > Number,
        SearchPrefix.EndsBefore => high < Number,
        _ => low <= To && From <= high,
    };
}
