namespace HealthLedger.Fhir.Search;

/// <summary><c>_filter</c> (R4 search_filter.html): comparisons joined by and, or, not.</summary>
internal sealed class FilterCriterion(FilterNode root) : SearchCriterion("_filter", "")
{
    internal override bool IsLocal { get; } = root.IsLocal;

    internal override bool Matches(in SearchCandidate candidate) => root.Matches(candidate);

    internal override ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) => root.Matches(candidate, records);
}

internal abstract class FilterNode
{
    public abstract bool IsLocal { get; }

    public abstract bool Matches(in SearchCandidate candidate);

    public abstract ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records);
}

internal sealed class FilterTest(SearchCriterion criterion) : FilterNode
{
    public override bool IsLocal => criterion.IsLocal;

    public override bool Matches(in SearchCandidate candidate) => criterion.Matches(candidate);

    public override ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) => criterion.Matches(candidate, records);
}

internal sealed class FilterNot(FilterNode inner) : FilterNode
{
    public override bool IsLocal => inner.IsLocal;

    public override bool Matches(in SearchCandidate candidate) => !inner.Matches(candidate);

    public override async ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) => !await inner.Matches(candidate, records);
}

internal sealed class FilterPair(FilterNode left, FilterNode right, bool isAnd) : FilterNode
{
    public override bool IsLocal => left.IsLocal && right.IsLocal;

    public override bool Matches(in SearchCandidate candidate) =>
        isAnd ? left.Matches(candidate) && right.Matches(candidate) : left.Matches(candidate) || right.Matches(candidate);

    public override async ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) =>
        await left.Matches(candidate, records) == isAnd ? await right.Matches(candidate, records) : !isAnd;
}

/// <summary>Some value of the parameter passes a test.</summary>
internal sealed class AnyTermCriterion<T>(string code, ushort index, Func<ResourceTerms, T[]> terms, Func<T, bool> matches) : SearchCriterion(code, "")
    where T : struct, ITerm
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (var term in terms(candidate.Terms))
            if (term.Key.Parameter == index && matches(term)) return true;
        return false;
    }
}
