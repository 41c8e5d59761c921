using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Sort keys (R4 search.html#sort): of several values the lowest counts ascending, the highest descending; records without a value come last either way. A composite is ordered by its parts, the first
/// before the second: by the lowest or highest of its instances as a whole.
/// </summary>
internal static class SearchOrder
{
    public static bool CanSort(PlannedParameter parameter) =>
        parameter.Code is "_id" or "_lastUpdated" || SearchQuery.IsServed(parameter) && parameter.Type != SearchParameterType.Special && parameter.Code is not ("_text" or "_content") && !AgeCriterion.Serves(parameter);

    public static SortValue Value(SearchSort sort, in SearchCandidate candidate)
    {
        switch (sort.Code)
        {
            case "_id": return SortValue.Of(candidate.Id);
            case "_lastUpdated": return SortValue.Of(candidate.LastUpdated.UtcTicks);
        }
        if (candidate.Terms.Plan.IndexOf(sort.Code) is not { } index) return default;
        return candidate.Terms.Plan.Parameters[index].Type switch
        {
            SearchParameterType.Composite => Instance(candidate.Terms, index, sort.IsDescending) is { } parts ? parts[sort.Part] : default,
            SearchParameterType.Date => SortValue.Of(Date(candidate.Terms, index, sort.IsDescending)),
            SearchParameterType.Number or SearchParameterType.Quantity => SortValue.Of(Number(candidate.Terms, index, sort.IsDescending)),
            _ => SortValue.Of(Text(candidate.Terms, index, sort.IsDescending)),
        };
    }

    /// <summary>The parts of the first instance in the order; null where there is none.</summary>
    private static SortValue[]? Instance(ResourceTerms terms, ushort index, bool isDescending)
    {
        var instances = new Dictionary<ushort, SortValue[]>();
        var parts = terms.Plan.Parameters[index].Parts;
        Add(terms.Dates, t => SortValue.Of(isDescending ? t.High : t.Low));
        Add(terms.Numbers, t => SortValue.Of(isDescending ? t.High : t.Low));
        Add(terms.Quantities, t => SortValue.Of(isDescending ? t.High : t.Low));
        Add(terms.Strings, t => SortValue.Of(Folding.Fold(t.Text)));
        Add(terms.Tokens, t => SortValue.Of(t.Code ?? ""));
        Add(terms.References, t => SortValue.Of(Target(t)));
        SortValue[]? best = null;
        foreach (var instance in instances.Values)
            if (best is null || Compare(instance, best) < 0) best = instance;
        return best;

        void Add<T>(T[] all, Func<T, SortValue> value)
            where T : struct, ITerm
        {
            foreach (ref readonly var term in all.AsSpan())
            {
                if (term.Key.Parameter != index) continue;
                if (!instances.TryGetValue(term.Key.Instance, out var values)) instances.Add(term.Key.Instance, values = new SortValue[parts]);
                var own = value(term);
                ref var known = ref values[term.Key.Component];
                if (own.CompareTo(known, isDescending) < 0) known = own;
            }
        }

        int Compare(SortValue[] left, SortValue[] right)
        {
            for (var i = 0; i < left.Length; i++)
                if (left[i].CompareTo(right[i], isDescending) is not 0 and var order) return order;
            return 0;
        }
    }

    private static string Target(in ReferenceTerm term) => term.LocalId is { } id ? term.Type + "/" + id : term.Target;

    private static long? Date(ResourceTerms terms, ushort index, bool isDescending)
    {
        long? best = null;
        foreach (ref readonly var term in terms.Dates.AsSpan())
        {
            if (term.Parameter != index) continue;
            best = isDescending ? Math.Max(best ?? term.High, term.High) : Math.Min(best ?? term.Low, term.Low);
        }
        return best;
    }

    private static decimal? Number(ResourceTerms terms, ushort index, bool isDescending)
    {
        decimal? best = null;
        foreach (ref readonly var term in terms.Numbers.AsSpan())
            if (term.Parameter == index) Take(term.Low, term.High);
        foreach (ref readonly var term in terms.Quantities.AsSpan())
            if (term.Parameter == index) Take(term.Low, term.High);
        return best;

        void Take(decimal low, decimal high) => best = isDescending ? Math.Max(best ?? high, high) : Math.Min(best ?? low, low);
    }

    private static string? Text(ResourceTerms terms, ushort index, bool isDescending)
    {
        string? best = null;
        foreach (ref readonly var term in terms.Strings.AsSpan())
            if (term.Parameter == index) Take(Folding.Fold(term.Text));
        foreach (ref readonly var term in terms.Tokens.AsSpan())
            if (term.Parameter == index) Take(term.Code ?? "");
        foreach (ref readonly var term in terms.Uris.AsSpan())
            if (term.Parameter == index) Take(term.Text);
        foreach (ref readonly var term in terms.References.AsSpan())
            if (term.Parameter == index) Take(Target(term));
        return best;

        void Take(string text)
        {
            if (best is null || string.CompareOrdinal(text, best) is var order && (isDescending ? order > 0 : order < 0)) best = text;
        }
    }
}
