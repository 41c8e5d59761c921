namespace HealthLedger.Fhir.FhirPath;

/// <summary>Equality, comparison, membership and arithmetic (FHIRPath 2.0, section 6). Empty in, empty out; overflow and division by zero give empty.</summary>
internal static class Operators
{
    public static Func<Items, Items, FhirPathContext, Items> Of(string symbol) => symbol switch
    {
        "=" => static (a, b, c) => Of(Equality.Equal(a, b, c)),
        "!=" => static (a, b, c) => Of(!Equality.Equal(a, b, c)),
        "~" => static (a, b, c) => Of(Equality.Equivalent(a, b, c)),
        "!~" => static (a, b, c) => Of(!Equality.Equivalent(a, b, c)),
        "<" => static (a, b, _) => Of(Equality.Compare(a, b) is { } order ? order < 0 : null),
        ">" => static (a, b, _) => Of(Equality.Compare(a, b) is { } order ? order > 0 : null),
        "<=" => static (a, b, _) => Of(Equality.Compare(a, b) is { } order ? order <= 0 : null),
        ">=" => static (a, b, _) => Of(Equality.Compare(a, b) is { } order ? order >= 0 : null),
        "in" => static (a, b, c) => a.TryGetSingle(out var item) ? Of(Equality.Contains(b, item, c)) : Items.Empty,
        "contains" => static (a, b, c) => b.TryGetSingle(out var item) ? Of(Equality.Contains(a, item, c)) : Items.Empty,
        "&" => static (a, b, _) => new Items(new StringItem(TextFunctions.Limited(Singles.String(a) + Singles.String(b)))),
        _ => (a, b, _) => Arithmetic(symbol, a, b),
    };

    public static Items Of(bool? value) => value is { } known ? new Items(BooleanItem.Of(known)) : Items.Empty;

    private static Items Arithmetic(string symbol, in Items left, in Items right)
    {
        if (!left.TryGetSingle(out var a) | !right.TryGetSingle(out var b)) return Items.Empty;
        try
        {
            return Arithmetic(symbol, a!.Value, b!.Value) is { } result ? new Items(result) : Items.Empty;
        }
        catch (OverflowException)
        {
            return Items.Empty;
        }
    }

    private static Item? Arithmetic(string symbol, Item? left, Item? right)
    {
        switch (symbol, left, right)
        {
            case ("+", StringItem x, StringItem y): return new StringItem(TextFunctions.Limited(x.Text + y.Text));
            case ("+", IntegerItem x, IntegerItem y): return new IntegerItem(checked(x.Integer + y.Integer));
            case ("-", IntegerItem x, IntegerItem y): return new IntegerItem(checked(x.Integer - y.Integer));
            case ("*", IntegerItem x, IntegerItem y): return new IntegerItem(checked(x.Integer * y.Integer));
            case ("+" or "-", TemporalItem x, QuantityItem y): return Move(x.Temporal, y, symbol == "-");
            case ("+" or "-", QuantityItem x, QuantityItem y): return Sum(x, y, symbol == "-");
            case ("*", QuantityItem x, QuantityItem y): return new QuantityItem(x.Amount * y.Amount, Units.Product(x.Unit, y.Unit, "."), false);
            case ("/", QuantityItem x, QuantityItem y):
                return y.Amount == 0 ? null : new QuantityItem(x.Amount / y.Amount, x.Unit == y.Unit ? "1" : Units.Product(x.Unit, y.Unit, "/"), false);
            case ("*", QuantityItem x, IntegerItem or DecimalItem): return new QuantityItem(x.Amount * Singles.Number(right)!.Value, x.Unit, x.IsCalendar);
            case ("*", IntegerItem or DecimalItem, QuantityItem y): return new QuantityItem(y.Amount * Singles.Number(left)!.Value, y.Unit, y.IsCalendar);
            case ("/", QuantityItem x, IntegerItem or DecimalItem):
                return Singles.Number(right) is { } n && n != 0 ? new QuantityItem(x.Amount / n, x.Unit, x.IsCalendar) : null;
        }
        if (left is null || right is null || Singles.Number(left) is not { } a || Singles.Number(right) is not { } b)
            throw new FhirPathEvaluationException($"'{symbol}' does not take these types");
        var whole = left is IntegerItem && right is IntegerItem;
        return symbol switch
        {
            "+" => new DecimalItem(a + b),
            "-" => new DecimalItem(a - b),
            "*" => new DecimalItem(a * b),
            "/" => b == 0 ? null : new DecimalItem(a / b),
            "div" => b == 0 ? null : new IntegerItem(checked((int)decimal.Truncate(a / b))),
            _ => b == 0 ? null : whole ? new IntegerItem((int)(a % b)) : new DecimalItem(a % b),
        };
    }

    private static TemporalItem? Move(in Temporal temporal, QuantityItem quantity, bool back)
    {
        if (Units.CalendarStep(quantity) is not { } step) throw new FhirPathEvaluationException("A date moves by calendar units only");
        var moved = temporal.Add((back ? -quantity.Amount : quantity.Amount) * step.Factor, step.Unit);
        return moved is { } result ? new TemporalItem(result) : null;
    }

    private static QuantityItem? Sum(QuantityItem left, QuantityItem right, bool minus) =>
        left.Unit != right.Unit || left.IsCalendar != right.IsCalendar ? null
            : new QuantityItem(minus ? left.Amount - right.Amount : left.Amount + right.Amount, left.Unit, left.IsCalendar);
}
