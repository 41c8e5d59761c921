namespace HealthLedger.Fhir.FhirPath;

/// <summary>Existence, subsetting and combining (5.1, 5.3, 5.4) without loops over an argument.</summary>
internal static class CollectionFunctions
{
    public static void AddTo(Dictionary<string, Function> all)
    {
        all["empty"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Truth(input.IsEmpty));
        all["count"] = new(0, 0, (in Scope _, Items input, Expr[] _) => new Items(new IntegerItem(input.Count)));
        all["not"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Operators.Of(!Singles.Boolean(input)));
        all["allTrue"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Truth(!Any(input, false)));
        all["allFalse"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Truth(!Any(input, true)));
        all["anyTrue"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Truth(Any(input, true)));
        all["anyFalse"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Truth(Any(input, false)));
        all["subsetOf"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Truth(Subset(input, a[0].Evaluate(s), s.Context)));
        all["supersetOf"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Truth(Subset(a[0].Evaluate(s), input, s.Context)));
        all["distinct"] = new(0, 0, (in Scope s, Items input, Expr[] _) => Equality.Distinct(input, s.Context));
        all["isDistinct"] = new(0, 0, (in Scope s, Items input, Expr[] _) => Truth(Equality.Distinct(input, s.Context).Count == input.Count));
        all["single"] = new(0, 0, (in Scope _, Items input, Expr[] _) => input.TryGetSingle(out var item) ? new Items(item) : Items.Empty);
        all["first"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Slice(input, 0, 1));
        all["last"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Slice(input, input.Count - 1, 1));
        all["tail"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Slice(input, 1, int.MaxValue));
        all["skip"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Singles.Integer(a[0].Evaluate(s)) is { } n ? Slice(input, n, int.MaxValue) : Items.Empty);
        all["take"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Singles.Integer(a[0].Evaluate(s)) is { } n ? Slice(input, 0, n) : Items.Empty);
        all["union"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Equality.Union(input, a[0].Evaluate(s), s.Context));
        all["combine"] = new(1, 2, Combine);
        all["intersect"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Equality.Distinct(Keep(input, a[0].Evaluate(s), true, s.Context), s.Context));
        all["exclude"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Keep(input, a[0].Evaluate(s), false, s.Context));
        all["children"] = new(0, 0, (in Scope s, Items input, Expr[] _) => Children(input, s.Context));
        all["descendants"] = new(0, 0, (in Scope s, Items input, Expr[] _) => Descendants(input, s.Context));
    }

    private static Items Truth(bool value) => new(BooleanItem.Of(value));

    private static bool Any(in Items input, bool wanted)
    {
        var found = false;
        foreach (var item in input)
            found |= item.Value is BooleanItem b ? b.Bool == wanted : throw new FhirPathEvaluationException("Booleans are expected");
        return found;
    }

    private static bool Subset(in Items part, in Items whole, FhirPathContext context)
    {
        foreach (var item in part)
            if (!Equality.Contains(whole, item, context)) return false;
        return true;
    }

    public static Items Slice(in Items input, int start, int count)
    {
        if (start <= 0 && count >= input.Count) return input;
        var result = new ItemsBuilder();
        var end = (int)Math.Min(input.Count, Math.Max(start, 0L) + Math.Max(count, 0));
        for (var i = Math.Max(start, 0); i < end; i++) result.Add(input[i]);
        return result.Build();
    }

    private static Items Combine(in Scope scope, Items input, Expr[] arguments)
    {
        var result = new ItemsBuilder();
        result.AddRange(input);
        result.AddRange(arguments[0].Evaluate(scope));
        return result.Build();
    }

    private static Items Keep(in Items input, in Items other, bool present, FhirPathContext context)
    {
        var result = new ItemsBuilder();
        foreach (var item in input)
            if (Equality.Contains(other, item, context) == present) result.Add(item);
        return result.Build();
    }

    private static Items Children(in Items input, FhirPathContext context)
    {
        var result = new ItemsBuilder();
        foreach (var item in input) result.AddRange(item.Children());
        var children = result.Build();
        context.Charge(children.Count);
        return children;
    }

    private static Items Descendants(in Items input, FhirPathContext context)
    {
        var result = new ItemsBuilder();
        for (var level = Children(input, context); !level.IsEmpty; level = Children(level, context)) result.AddRange(level);
        return result.Build();
    }
}
