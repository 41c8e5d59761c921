using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>Sort keys (R4 search.html#sort): of several values the lowest counts ascending, the highest descending; records without a value come last either way.</summary>
internal static class SearchOrder
{
    public static int Compare(SearchSort sort, in SearchCandidate left, in SearchCandidate right)
    {
        var order = sort.Code switch
        {
            "_id" => string.CompareOrdinal(left.Id, right.Id),
            "_lastUpdated" => left.LastUpdated.CompareTo(right.LastUpdated),
            _ => 0,
        };
        if (sort.Code is "_id" or "_lastUpdated") return sort.IsDescending ? -order : order;
        if (left.Terms.Plan.IndexOf(sort.Code) is not { } index) return 0;
        return left.Terms.Plan.Parameters[index].Type switch
        {
            SearchParameterType.Date => Order(Date(left.Terms, index, sort.IsDescending), Date(right.Terms, index, sort.IsDescending), sort.IsDescending),
            SearchParameterType.Number or SearchParameterType.Quantity => Order(Number(left.Terms, index, sort.IsDescending), Number(right.Terms, index, sort.IsDescending), sort.IsDescending),
            _ => OrderText(Text(left.Terms, index, sort.IsDescending), Text(right.Terms, index, sort.IsDescending), sort.IsDescending),
        };
    }

    public static bool CanSort(SearchParameterType type) => type is not (SearchParameterType.Composite or SearchParameterType.Special);

    private static int Order<T>(T? left, T? right, bool isDescending)
        where T : struct, IComparable<T>
    {
        if (left is null || right is null) return (left is null).CompareTo(right is null);
        return isDescending ? right.Value.CompareTo(left.Value) : left.Value.CompareTo(right.Value);
    }

    private static int OrderText(string? left, string? right, bool isDescending)
    {
        if (left is null || right is null) return (left is null).CompareTo(right is null);
        return isDescending ? string.CompareOrdinal(right, left) : string.CompareOrdinal(left, right);
    }

    private static long? Date(ResourceTerms terms, ushort index, bool isDescending)
    {
        long? best = null;
        foreach (var term in terms.Dates)
        {
            if (term.Parameter != index) continue;
            best = isDescending ? Math.Max(best ?? term.High, term.High) : Math.Min(best ?? term.Low, term.Low);
        }
        return best;
    }

    private static decimal? Number(ResourceTerms terms, ushort index, bool isDescending)
    {
        decimal? best = null;
        foreach (var (low, high) in terms.Numbers.Where(t => t.Parameter == index).Select(t => (t.Low, t.High)).Concat(terms.Quantities.Where(t => t.Parameter == index).Select(t => (t.Low, t.High))))
            best = isDescending ? Math.Max(best ?? high, high) : Math.Min(best ?? low, low);
        return best;
    }

    private static string? Text(ResourceTerms terms, ushort index, bool isDescending)
    {
        var keys = terms.Strings.Where(t => t.Parameter == index).Select(t => Folding.Fold(t.Text))
            .Concat(terms.Tokens.Where(t => t.Parameter == index).Select(t => t.Code ?? ""))
            .Concat(terms.Uris.Where(t => t.Parameter == index).Select(t => t.Text))
            .Concat(terms.References.Where(t => t.Parameter == index).Select(t => t.LocalId is { } id ? t.Type + "/" + id : t.Target));
        return isDescending ? keys.Max(StringComparer.Ordinal) : keys.Min(StringComparer.Ordinal);
    }
}
