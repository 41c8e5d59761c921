namespace HealthLedger.Fhir.Search;

/// <summary>What a query asks of single values: of a parameter, or of one part of a composite.</summary>
internal abstract class TermMatcher
{
    /// <summary>Whether any value of a parameter has what is asked.</summary>
    public abstract bool Any(ResourceTerms terms, ushort parameter);

    /// <summary>Those of a composite's instances (null: of all) whose part has what is asked; null where none has.</summary>
    public abstract HashSet<ushort>? Instances(ResourceTerms terms, ushort parameter, byte component, HashSet<ushort>? among);
}

internal sealed class TermMatcher<T>(Func<ResourceTerms, T[]> terms, Func<T, bool> matches) : TermMatcher
    where T : struct, ITerm
{
    public override bool Any(ResourceTerms source, ushort parameter)
    {
        foreach (var term in terms(source))
            if (term.Key.Parameter == parameter && matches(term)) return true;
        return false;
    }

    public override HashSet<ushort>? Instances(ResourceTerms source, ushort parameter, byte component, HashSet<ushort>? among)
    {
        HashSet<ushort>? found = null;
        foreach (var term in terms(source))
        {
            var key = term.Key;
            if (key.Parameter != parameter || key.Component != component || among?.Contains(key.Instance) == false || !matches(term)) continue;
            (found ??= []).Add(key.Instance);
        }
        return found;
    }
}

/// <summary>Some value of the parameter has what is asked.</summary>
internal sealed class MatchCriterion(string code, ushort index, TermMatcher matcher) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate) => matcher.Any(candidate.Terms, index);
}
