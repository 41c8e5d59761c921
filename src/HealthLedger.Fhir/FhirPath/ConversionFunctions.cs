using System.Globalization;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>toX() and convertsToX() (5.5): what does not convert gives empty and false.</summary>
internal static class ConversionFunctions
{
    public static void AddTo(Dictionary<string, Function> all)
    {
        Add(all, "Boolean", ToBoolean);
        Add(all, "Integer", ToInteger);
        Add(all, "Decimal", ToDecimal);
        Add(all, "String", ToText);
        Add(all, "Date", item => ToTemporal(item, TemporalKind.Date));
        Add(all, "DateTime", item => ToTemporal(item, TemporalKind.DateTime));
        Add(all, "Time", item => ToTemporal(item, TemporalKind.Time));
        Add(all, "Quantity", ToQuantity);
    }

    private static void Add(Dictionary<string, Function> all, string type, Func<Item, Item?> convert)
    {
        all["to" + type] = new(0, 1, (in Scope _, Items input, Expr[] _) =>
            input.TryGetSingle(out var item) && item.Value is { } value && convert(value) is { } result ? new Items(result) : Items.Empty);
        all["convertsTo" + type] = new(0, 1, (in Scope _, Items input, Expr[] _) =>
            input.TryGetSingle(out var item) ? new Items(BooleanItem.Of(item.Value is { } value && convert(value) is not null)) : Items.Empty);
    }

    private static BooleanItem? ToBoolean(Item item) => item switch
    {
        BooleanItem b => b,
        IntegerItem or DecimalItem => Singles.Number(item) switch { 1 => BooleanItem.True, 0 => BooleanItem.False, _ => null },
        StringItem s => s.Text.ToLowerInvariant() switch
        {
            "true" or "t" or "yes" or "y" or "1" or "1.0" => BooleanItem.True,
            "false" or "f" or "no" or "n" or "0" or "0.0" => BooleanItem.False,
            _ => null,
        },
        _ => null,
    };

    private static IntegerItem? ToInteger(Item item) => item switch
    {
        IntegerItem i => i,
        BooleanItem b => new IntegerItem(b.Bool ? 1 : 0),
        StringItem s => int.TryParse(s.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? new IntegerItem(n) : null,
        _ => null,
    };

    private static DecimalItem? ToDecimal(Item item) => item switch
    {
        DecimalItem d => d,
        IntegerItem i => new DecimalItem(i.Integer),
        BooleanItem b => new DecimalItem(b.Bool ? 1.0m : 0.0m),
        StringItem s => Number(s.Text) is { } n ? new DecimalItem(n) : null,
        _ => null,
    };

    private static decimal? Number(ReadOnlySpan<char> text)
    {
        // '.5' and '5.' are numbers to .NET but not to the grammar.
        var body = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        if (body.Length == 0 || !char.IsAsciiDigit(body[0]) || !char.IsAsciiDigit(body[^1])) return null;
        return decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) ? n : null;
    }

    private static StringItem? ToText(Item item) => item switch
    {
        StringItem s => s,
        BooleanItem or IntegerItem or DecimalItem or TemporalItem or QuantityItem => new StringItem(item.ToString()!),
        _ => null,
    };

    private static TemporalItem? ToTemporal(Item item, TemporalKind kind)
    {
        switch (item)
        {
            case StringItem s:
                return Temporal.TryParse(s.Text, kind, out var parsed) ? new TemporalItem(parsed)
                    : kind == TemporalKind.Date && Temporal.TryParse(s.Text, TemporalKind.DateTime, out var full) ? new TemporalItem(DateOf(full)) : null;
            case TemporalItem t when t.Temporal.Kind == kind: return t;
            case TemporalItem { Temporal.Kind: TemporalKind.Date } t when kind == TemporalKind.DateTime: return new TemporalItem(t.Temporal with { Kind = kind });
            case TemporalItem { Temporal.Kind: TemporalKind.DateTime } t when kind == TemporalKind.Date: return new TemporalItem(DateOf(t.Temporal));
            default: return null;
        }
    }

    private static Temporal DateOf(in Temporal value) => new(TemporalKind.Date,
        (TemporalPrecision)Math.Min((int)value.Precision, (int)TemporalPrecision.Day), value.Ticks - value.Ticks % TimeSpan.TicksPerDay, null, 0);

    private static QuantityItem? ToQuantity(Item item)
    {
        switch (item)
        {
            case BooleanItem b: return new QuantityItem(b.Bool ? 1.0m : 0.0m, "1", false);
            case StringItem s: return ParseQuantity(s.Text);
            default: return Equality.AsQuantity(item);
        }
    }

    private static QuantityItem? ParseQuantity(string text)
    {
        var blank = text.AsSpan().IndexOfAny(' ', '\t');
        var digits = blank < 0 ? text.AsSpan() : text.AsSpan(0, blank);
        if (Number(digits) is not { } amount) return null;
        var unit = blank < 0 ? "" : text[blank..].Trim();
        if (unit.Length == 0) return new QuantityItem(amount, "1", false);
        if (unit.Length > 2 && unit[0] == '\'' && unit[^1] == '\'') return new QuantityItem(amount, unit[1..^1], false);
        return Units.CalendarUnit(unit) is { } word ? new QuantityItem(amount, word, true) : null;
    }
}
