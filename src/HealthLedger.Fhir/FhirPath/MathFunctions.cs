namespace HealthLedger.Fhir.FhirPath;

/// <summary>Math (5.7). What has no real result, or does not fit a decimal, gives empty.</summary>
internal static class MathFunctions
{
    public static void AddTo(Dictionary<string, Function> all)
    {
        all["abs"] = new(0, 0, (in Scope _, Items input, Expr[] _) => input.TryGetSingle(out var item) ? Abs(item) : Items.Empty);
        Add(all, "ceiling", n => Whole(decimal.Ceiling(n)));
        Add(all, "floor", n => Whole(decimal.Floor(n)));
        Add(all, "truncate", n => Whole(decimal.Truncate(n)));
        Add(all, "exp", n => Real(Math.Exp((double)n)));
        Add(all, "ln", n => Real(Math.Log((double)n)));
        Add(all, "sqrt", n => Real(Math.Sqrt((double)n)));
        all["log"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Two(s, input, a, (n, b, _) => Real(Math.Log((double)n, (double)b))));
        all["power"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Two(s, input, a, (n, b, whole) => Power(n, b, whole)));
        all["round"] = new(0, 1, Round);
    }

    private static void Add(Dictionary<string, Function> all, string name, Func<decimal, Item?> body) =>
        all[name] = new(0, 0, (in Scope _, Items input, Expr[] _) =>
            input.TryGetSingle(out var item) && body(Number(item)) is { } result ? new Items(result) : Items.Empty);

    private static decimal Number(Item item) =>
        (item.Value is { } value ? Singles.Number(value) : null) ?? throw new FhirPathEvaluationException("A number is expected");

    private static IntegerItem? Whole(decimal number) => number is >= int.MinValue and <= int.MaxValue ? new IntegerItem((int)number) : null;

    private static DecimalItem? Real(double number)
    {
        if (!double.IsFinite(number) || Math.Abs(number) > 7e27) return null;
        // A double is exact to about 15 digits: what is a whole number up to them, is meant as one.
        return new DecimalItem((decimal)number);
    }

    private static Items Abs(Item item) => item.Value switch
    {
        IntegerItem { Integer: int.MinValue } => Items.Empty,
        IntegerItem i => new Items(new IntegerItem(Math.Abs(i.Integer))),
        DecimalItem d => new Items(new DecimalItem(Math.Abs(d.Decimal))),
        QuantityItem q => new Items(new QuantityItem(Math.Abs(q.Amount), q.Unit, q.IsCalendar)),
        _ => throw new FhirPathEvaluationException("A number is expected"),
    };

    private static Items Two(in Scope scope, in Items input, Expr[] arguments, Func<decimal, decimal, bool, Item?> body)
    {
        if (!input.TryGetSingle(out var a) || !arguments[0].Evaluate(scope).TryGetSingle(out var b)) return Items.Empty;
        return body(Number(a), Number(b), a.Value is IntegerItem && b.Value is IntegerItem) is { } result ? new Items(result) : Items.Empty;
    }

    private static Item? Power(decimal number, decimal exponent, bool whole)
    {
        var result = Math.Pow((double)number, (double)exponent);
        return whole && exponent >= 0 && Math.Abs(result) <= int.MaxValue ? new IntegerItem((int)result) : Real(result);
    }

    private static Items Round(in Scope scope, Items input, Expr[] arguments)
    {
        if (!input.TryGetSingle(out var item)) return Items.Empty;
        var places = arguments.Length > 0 ? Singles.Integer(arguments[0].Evaluate(scope)) : 0;
        if (places is null or < 0 or > 28) throw new FhirPathEvaluationException("round() takes 0 to 28 places");
        var rounded = decimal.Round(Number(item), places.Value, MidpointRounding.AwayFromZero);
        return places == 0 && Whole(rounded) is { } whole ? new Items(whole) : new Items(new DecimalItem(rounded));
    }
}
