namespace HealthLedger.Fhir.Search;

/// <summary>A composite (R4 search.html#combining): <c>a$b</c> holds where one instance, such as one Observation.component, has a match for every part.</summary>
internal sealed class CompositeCriterion(string code, ushort index, TermMatcher[][] tuples) : SearchCriterion(code, "")
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
