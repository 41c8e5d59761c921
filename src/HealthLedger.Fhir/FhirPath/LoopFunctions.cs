namespace HealthLedger.Fhir.FhirPath;

/// <summary>Functions that evaluate an argument for each item: where, select, all, exists, repeat, aggregate, sort, iif, trace (5.1, 5.2, 5.5, 5.9, 7).</summary>
internal static class LoopFunctions
{
    public static void AddTo(Dictionary<string, Function> all)
    {
        all["where"] = new(1, 1, Where);
        all["exists"] = new(0, 1, (in Scope s, Items input, Expr[] a) => new Items(BooleanItem.Of(a.Length == 0 ? !input.IsEmpty : AnyMeets(s, input, a[0]))));
        all["all"] = new(1, 1, All);
        all["select"] = new(1, 1, Select);
        all["repeat"] = new(1, 1, Repeat);
        all["aggregate"] = new(1, 2, Aggregate);
        all["sort"] = new(0, 16, Sort);
        all["iif"] = new(2, 3, Iif);
        all["trace"] = new(1, 2, Trace);
    }

    private static Items Where(in Scope scope, Items input, Expr[] arguments)
    {
        var result = new ItemsBuilder();
        for (var i = 0; i < input.Count; i++)
            if (Meets(scope.On(input[i], i), arguments[0])) result.Add(input[i]);
        return result.Build();
    }

    // A criterion is a Boolean expression: other than elsewhere, a lone item of another type does not count as true.
    private static bool Meets(in Scope scope, Expr criterion)
    {
        if (!criterion.Evaluate(scope).TryGetSingle(out var item)) return false;
        return item.Value is BooleanItem b ? b.Bool : throw new FhirPathEvaluationException("The criterion is not a Boolean");
    }

    private static bool AnyMeets(in Scope scope, in Items input, Expr criterion)
    {
        for (var i = 0; i < input.Count; i++)
            if (Meets(scope.On(input[i], i), criterion)) return true;
        return false;
    }

    private static Items All(in Scope scope, Items input, Expr[] arguments)
    {
        for (var i = 0; i < input.Count; i++)
            if (!Meets(scope.On(input[i], i), arguments[0])) return new Items(BooleanItem.False);
        return new Items(BooleanItem.True);
    }

    private static Items Select(in Scope scope, Items input, Expr[] arguments)
    {
        var result = new ItemsBuilder();
        for (var i = 0; i < input.Count; i++) result.AddRange(arguments[0].Evaluate(scope.On(input[i], i)));
        return result.Build();
    }

    private static Items Repeat(in Scope scope, Items input, Expr[] arguments)
    {
        // Its own lists cost as much as many steps, and repeats in repeats make many of them.
        scope.Context.Charge(32);
        var result = new List<Item>();
        var queue = new Queue<Item>();
        foreach (var item in input) queue.Enqueue(item);
        while (queue.TryDequeue(out var item))
        {
            foreach (var found in arguments[0].Evaluate(scope.On(item, 0)))
            {
                scope.Context.Charge(1 + result.Count / 16);
                var known = false;
                foreach (var other in result)
                    if (known = found is NodeItem ? ReferenceEquals(found, other) : Equality.Equal(found, other, scope.Context) == true) break;
                if (known) continue;
                result.Add(found);
                queue.Enqueue(found);
            }
        }
        return new Items(result);
    }

    private static Items Aggregate(in Scope scope, Items input, Expr[] arguments)
    {
        var total = arguments.Length > 1 ? arguments[1].Evaluate(scope) : Items.Empty;
        for (var i = 0; i < input.Count; i++)
            total = arguments[0].Evaluate(new Scope(new Items(input[i]), scope.Context, i, total));
        return total;
    }

    private static Items Sort(in Scope scope, Items input, Expr[] arguments)
    {
        var keyed = new List<(Item Item, Items[] Keys)>(input.Count);
        for (var i = 0; i < input.Count; i++)
        {
            var on = scope.On(input[i], i);
            keyed.Add((input[i], arguments.Length == 0 ? [new Items(input[i])] : [.. Array.ConvertAll(arguments, a => Key(a, on))]));
        }
        var sorted = keyed.Select((k, index) => (k.Item, k.Keys, index)).ToList();
        sorted.Sort((a, b) =>
        {
            for (var k = 0; k < a.Keys.Length; k++)
            {
                var descending = arguments.Length > 0 && arguments[k] is PolarityExpr { Negative: true };
                // Items without a key come first either way.
                if (a.Keys[k].IsEmpty != b.Keys[k].IsEmpty) return a.Keys[k].IsEmpty ? -1 : 1;
                var order = Equality.Compare(a.Keys[k], b.Keys[k]) ?? 0;
                if (order != 0) return descending ? -order : order;
            }
            return a.index.CompareTo(b.index);
        });
        return new Items(sorted.ConvertAll(s => s.Item));

        // "-key" asks for descending order: the sign is no arithmetic, and strings have none.
        static Items Key(Expr argument, in Scope on) => (argument is PolarityExpr { Negative: true } p ? p.Operand : argument).Evaluate(on);
    }

    private static Items Iif(in Scope scope, Items input, Expr[] arguments)
    {
        if (input.Count > 1) throw new FhirPathEvaluationException("iif() expects one item");
        var inner = input.IsEmpty ? scope : new Scope(input, scope.Context, scope.Index, scope.Total);
        if (!arguments[0].Evaluate(inner).TryGetSingle(out var item)) return Else(inner);
        return (item.Value is BooleanItem b ? b.Bool : throw new FhirPathEvaluationException("The criterion is not a Boolean")) ? arguments[1].Evaluate(inner) : Else(inner);

        Items Else(in Scope s) => arguments.Length > 2 ? arguments[2].Evaluate(s) : Items.Empty;
    }

    private static Items Trace(in Scope scope, Items input, Expr[] arguments)
    {
        if (scope.Context.Trace is { } listen)
            listen(Singles.String(arguments[0].Evaluate(scope)) ?? "", arguments.Length > 1 ? Select(scope, input, arguments[1..]) : input);
        return input;
    }
}
