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

/// <summary>
/// A filter within brackets of a composite, and the test of the path's end: both hold of one instance (R4 search_filter.html, "Additional Parameters"). Here "not" asks for an instance of which its
/// condition does not hold.
/// </summary>
internal sealed class PartsCriterion(string code, ushort index, PartNode node) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        var all = Instances(candidate.Terms);
        return all.Count > 0 && node.Of(candidate.Terms, index, all).Count > 0;
    }

    private HashSet<ushort> Instances(ResourceTerms terms)
    {
        // An instance is stored with all its parts: any kind of term tells of it.
        HashSet<ushort> all = [];
        Add(terms.Tokens);
        Add(terms.References);
        Add(terms.Dates);
        Add(terms.Strings);
        Add(terms.Numbers);
        Add(terms.Quantities);
        return all;

        void Add<T>(T[] of)
            where T : struct, ITerm
        {
            foreach (var term in of)
                if (term.Key.Parameter == index) all.Add(term.Key.Instance);
        }
    }
}

/// <summary>A filter over the instances of a composite: the instances of which it holds.</summary>
internal abstract class PartNode
{
    public abstract HashSet<ushort> Of(ResourceTerms terms, ushort parameter, HashSet<ushort> all);
}

/// <param name="component">The part.</param>
/// <param name="matcher">What is asked of it; null for nothing but that it is there.</param>
internal sealed class PartTest(byte component, TermMatcher? matcher) : PartNode
{
    public override HashSet<ushort> Of(ResourceTerms terms, ushort parameter, HashSet<ushort> all) => matcher is null ? all : matcher.Instances(terms, parameter, component, null) ?? [];
}

internal sealed class PartNot(PartNode inner) : PartNode
{
    public override HashSet<ushort> Of(ResourceTerms terms, ushort parameter, HashSet<ushort> all)
    {
        var without = inner.Of(terms, parameter, all);
        return [.. all.Where(instance => !without.Contains(instance))];
    }
}

internal sealed class PartPair(PartNode left, PartNode right, bool isAnd) : PartNode
{
    public override HashSet<ushort> Of(ResourceTerms terms, ushort parameter, HashSet<ushort> all)
    {
        HashSet<ushort> both = [.. left.Of(terms, parameter, all)];
        if (isAnd) both.IntersectWith(right.Of(terms, parameter, all));
        else both.UnionWith(right.Of(terms, parameter, all));
        return both;
    }
}
