namespace HealthLedger.Fhir.Search;

/// <summary>A composite (R4 search.html#combining): <c>a$b</c> holds where one instance, such as one Observation.component, has a match for every part.</summary>
internal sealed class CompositeCriterion(string code, ushort index, ComponentMatcher[][] tuples) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (var parts in tuples)
        {
            HashSet<ushort>? instances = null;
            for (byte c = 0; c < parts.Length; c++)
            {
                instances = parts[c].Instances(candidate.Terms, index, c, instances);
                if (instances is null) break;
            }
            if (instances is not null) return true;
        }
        return false;
    }
}

/// <summary>The value that a query states for one part of a composite.</summary>
internal abstract class ComponentMatcher
{
    /// <summary>Those of the instances (null: of all) that have a match; null where none has.</summary>
    public abstract HashSet<ushort>? Instances(ResourceTerms terms, ushort parameter, byte component, HashSet<ushort>? among);
}

internal sealed class ComponentMatcher<T>(Func<ResourceTerms, T[]> terms, Func<T, bool> matches) : ComponentMatcher
    where T : struct, ITerm
{
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
