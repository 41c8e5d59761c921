namespace HealthLedger.Fhir.Search;

/// <summary>A criterion that looks at other records than the one it judges.</summary>
internal abstract class JoinCriterion(string code, string modifier) : SearchCriterion(code, modifier)
{
    internal override bool IsLocal => false;

    internal override bool Matches(in SearchCandidate candidate) => throw new InvalidOperationException("This criterion looks at other records.");

    internal abstract override ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records);
}

/// <summary>A chained parameter (R4 search.html#chaining): a reference leads to a record that matches. One condition for each type that the reference may lead to.</summary>
internal sealed class ChainCriterion(string code, ushort index, IReadOnlyDictionary<string, SearchQuery> conditions) : JoinCriterion(code, "")
{
    public IReadOnlyDictionary<string, SearchQuery> Conditions { get; } = conditions;

    internal override async ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records)
    {
        foreach (var term in candidate.Terms.References)
        {
            if (term.Parameter == index && term.LocalId is { } id && Conditions.TryGetValue(term.Type!, out var condition) && await records.Meets(term.Type!, id, condition)) return true;
        }
        return false;
    }
}

/// <summary>Reverse chaining (R4 search.html#has), and membership in a List: a record that matches refers to this one.</summary>
internal sealed class HasCriterion(string code, string parameter, SearchQuery condition) : JoinCriterion(code, "")
{
    internal override ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) =>
        records.IsReferredTo(candidate.Terms.ResourceType, candidate.Id, parameter, condition);
}

/// <summary>
/// <c>:below</c> and <c>:above</c> of a reference (R4 search.html#recursive): the target is the stated record or a part of it, or the stated record is part of the target, by the targets' own
/// "part of" parameter.
/// </summary>
internal sealed class HierarchyCriterion(string code, string modifier, ushort index, ReferenceValue[] values) : JoinCriterion(code, modifier)
{
    /// <summary>Steps upwards at most, so that a circle ends.</summary>
    private const int MaxSteps = 16;

    /// <summary>The parameter of a type that says what a record is part of, or null.</summary>
    public static string? PartOf(string type)
    {
        var plan = TypePlan.Of(type);
        return Array.Find(plan.Parameters, p => p.Code is "partof" or "part-of" && p.Definition.Targets.Contains(type))?.Code;
    }

    internal override async ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records)
    {
        foreach (var term in candidate.Terms.References)
        {
            if (term.Parameter != index || term.LocalId is not { } id) continue;
            foreach (var value in values)
            {
                if (value.Type is not null && value.Type != term.Type) continue;
                var isPart = Modifier == "below" ? await IsPartOf(term.Type!, id, value.Target, records) : await IsPartOf(term.Type!, value.Target, id, records);
                if (isPart) return true;
            }
        }
        return false;
    }

    private static async ValueTask<bool> IsPartOf(string type, string id, string whole, IVisibleRecords records)
    {
        if (PartOf(type) is not { } parameter) return id == whole;
        for (var step = 0; step < MaxSteps; step++)
        {
            if (id == whole) return true;
            if (await records.Find(type, id) is not { } part) return false;
            var next = part.Terms.RecordsOf(parameter).Where(r => r.Type == type).Select(r => r.Id).FirstOrDefault();
            if (next is null) return false;
            id = next;
        }
        return false;
    }
}
