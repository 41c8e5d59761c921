using System.Text;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>Equality (6.1), equivalence (6.2) and ordering (6.2) of FHIRPath 2.0, and the set operations that rest on them.</summary>
internal static class Equality
{
    private const int MaxDepth = 64;

    /// <summary>Comparing two values takes as long as so many steps through a resource.</summary>
    private const int Steps = 4;

    /// <summary>Null where it cannot be known: an empty side, dates of other precision, quantities without a common dimension.</summary>
    public static bool? Equal(in Items left, in Items right, FhirPathContext context)
    {
        if (left.IsEmpty || right.IsEmpty) return null;
        if (left.Count != right.Count) return false;
        bool? result = true;
        for (var i = 0; i < left.Count; i++)
        {
            var same = Equal(left[i], right[i], context, 0);
            if (same == false) return false;
            if (same is null) result = null;
        }
        return result;
    }

    public static bool? Equal(Item left, Item right, FhirPathContext context, int depth = 0)
    {
        context.Charge(Steps);
        if (ReferenceEquals(left, right)) return true;
        Item? a = left.Value, b = right.Value;
        if (a is null || b is null) return a is null && b is null ? SameChildren(left, right, context, depth, exact: true) : false;
        switch (a, b)
        {
            case (StringItem x, StringItem y): return x.Text == y.Text;
            case (BooleanItem x, BooleanItem y): return x.Bool == y.Bool;
            case (TemporalItem x, TemporalItem y):
                if ((x.Temporal.Kind == TemporalKind.Time) != (y.Temporal.Kind == TemporalKind.Time)) return false;
                return Temporal.Compare(x.Temporal, y.Temporal) is { } order ? order == 0 : null;
            case (QuantityItem or IntegerItem or DecimalItem, QuantityItem or IntegerItem or DecimalItem):
                if (Singles.Number(a) is { } n && Singles.Number(b) is { } m) return n == m;
                return Units.Compare(AsQuantity(a)!, AsQuantity(b)!) is { } c ? c == 0 : null;
            // A FHIR string against a date literal compares as dates do.
            case (TemporalItem x, StringItem y): return SameAsText(x, y);
            case (StringItem x, TemporalItem y): return SameAsText(y, x);
            case (TypeItem x, TypeItem y): return x.ToString() == y.ToString();
            default: return false;
        }
    }

    private static bool? SameAsText(TemporalItem temporal, StringItem text) =>
        Temporal.TryParse(text.Text, temporal.Temporal.Kind, out var parsed) && Temporal.Compare(temporal.Temporal, parsed) is { } order ? order == 0 : false;

    private static bool? SameChildren(Item left, Item right, FhirPathContext context, int depth, bool exact)
    {
        if (depth > MaxDepth) throw new FhirPathEvaluationException("Compared values are nested too deeply");
        if (left is not NodeItem a || right is not NodeItem b) return false;
        Items x = a.Children(), y = b.Children();
        if (x.Count != y.Count) return false;
        if (x.IsEmpty) return a.RawText == b.RawText;
        bool? result = true;
        // Properties of a JSON object have no order: each child looks for its namesakes, which keep theirs.
        var seen = new Dictionary<string, int>();
        foreach (var child in x)
        {
            var name = ((NodeItem)child).Name;
            ref var position = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(seen, name, out _);
            var others = b.Child(name);
            if (position >= others.Count) return false;
            var other = others[position++];
            var same = exact ? Equal(child, other, context, depth + 1) : Equivalent(child, other, context, depth + 1);
            if (same == false) return false;
            if (same is null) result = null;
        }
        return result;
    }

    public static bool Equivalent(in Items left, in Items right, FhirPathContext context)
    {
        if (left.Count != right.Count) return false;
        var rest = right.ToList();
        foreach (var item in left)
        {
            var at = rest.FindIndex(other => Equivalent(item, other, context, 0));
            if (at < 0) return false;
            rest.RemoveAt(at);
        }
        return true;
    }

    public static bool Equivalent(Item left, Item right, FhirPathContext context, int depth)
    {
        context.Charge(Steps);
        Item? a = left.Value, b = right.Value;
        if (a is null || b is null) return a is null && b is null && SameChildren(left, right, context, depth, exact: false) == true;
        switch (a, b)
        {
            case (StringItem x, StringItem y): return Fold(x.Text) == Fold(y.Text);
            case (TemporalItem x, TemporalItem y):
                return x.Temporal.Kind == TemporalKind.Time == (y.Temporal.Kind == TemporalKind.Time)
                    && (x.Temporal.Precision == y.Temporal.Precision || (x.Temporal.Precision >= TemporalPrecision.Second && y.Temporal.Precision >= TemporalPrecision.Second))
                    && Temporal.Compare(x.Temporal, y.Temporal) == 0;
            case (QuantityItem or IntegerItem or DecimalItem, QuantityItem or IntegerItem or DecimalItem):
                if (Singles.Number(a) is { } n && Singles.Number(b) is { } m)
                {
                    var scale = Math.Min(Math.Min(n.Scale, m.Scale), (byte)27);
                    return decimal.Round(n, scale, MidpointRounding.AwayFromZero) == decimal.Round(m, scale, MidpointRounding.AwayFromZero);
                }
                return Units.Equivalent(AsQuantity(a)!, AsQuantity(b)!);
            default: return Equal(left, right, context, depth) == true;
        }
    }

    private static string Fold(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text.Trim()) result.Append(char.IsWhiteSpace(c) ? ' ' : char.ToLowerInvariant(c));
        return result.ToString();
    }

    /// <summary>-1, 0, 1, or null where the order is open. Values of types that have no common order end the evaluation.</summary>
    public static int? Compare(in Items left, in Items right)
    {
        if (!left.TryGetSingle(out var a) | !right.TryGetSingle(out var b)) return null;
        return Compare(a!, b!);
    }

    public static int? Compare(Item left, Item right)
    {
        Item? a = left.Value, b = right.Value;
        switch (a, b)
        {
            case (StringItem x, StringItem y): return Math.Sign(string.CompareOrdinal(x.Text, y.Text));
            case (TemporalItem x, TemporalItem y) when x.Temporal.Kind == TemporalKind.Time == (y.Temporal.Kind == TemporalKind.Time):
                return Temporal.Compare(x.Temporal, y.Temporal);
            case (QuantityItem or IntegerItem or DecimalItem, QuantityItem or IntegerItem or DecimalItem):
                if (Singles.Number(a) is { } n && Singles.Number(b) is { } m) return n.CompareTo(m);
                return Units.Compare(AsQuantity(a)!, AsQuantity(b)!);
            case (TemporalItem x, StringItem y) when Temporal.TryParse(y.Text, x.Temporal.Kind, out var parsed): return Temporal.Compare(x.Temporal, parsed);
            case (StringItem x, TemporalItem y) when Temporal.TryParse(x.Text, y.Temporal.Kind, out var parsed): return Temporal.Compare(parsed, y.Temporal);
            default: throw new FhirPathEvaluationException($"{left.TypeName} and {right.TypeName} have no order");
        }
    }

    public static QuantityItem? AsQuantity(Item? value) => value switch
    {
        QuantityItem q => q,
        IntegerItem i => new QuantityItem(i.Integer, "1", false),
        DecimalItem d => new QuantityItem(d.Decimal, "1", false),
        _ => null,
    };

    public static bool Contains(in Items items, Item wanted, FhirPathContext context)
    {
        foreach (var item in items)
            if (Equal(item, wanted, context) == true) return true;
        return false;
    }

    public static Items Distinct(in Items items, FhirPathContext context)
    {
        if (items.Count < 2) return items;
        var result = new List<Item>(items.Count);
        var primitives = new HashSet<(Type, string)>();
        foreach (var item in items)
        {
            // Strings are equal exactly when their text is: no need to compare each with each.
            if (item.Value is StringItem s)
            {
                if (primitives.Add((typeof(StringItem), s.Text))) result.Add(item);
                continue;
            }
            var known = false;
            foreach (var other in result)
                if (known = Equal(other, item, context) == true) break;
            if (!known) result.Add(item);
        }
        return new Items(result);
    }

    public static Items Union(in Items left, in Items right, FhirPathContext context)
    {
        if (right.IsEmpty) return Distinct(left, context);
        if (left.IsEmpty) return Distinct(right, context);
        var all = new ItemsBuilder();
        all.AddRange(left);
        all.AddRange(right);
        return Distinct(all.Build(), context);
    }
}
