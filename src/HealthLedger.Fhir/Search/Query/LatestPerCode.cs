namespace HealthLedger.Fhir.Search;

/// <summary>
/// The last of each kind of observation (http://hl7.org/fhir/R4/observation-operation-lastn.html): observations that share a coding of <c>code</c>, also by way of others, are of one kind; one without
/// a coding is of its own. The last are those with the latest <c>date</c>; what has none comes before all.
/// </summary>
public static class LatestPerCode
{
    /// <summary>The places of those to show among <paramref name="records"/>, which are of one type with parameters code and date.</summary>
    /// <param name="records">The records.</param>
    /// <param name="count">How many of each kind, from 1.</param>
    public static IReadOnlySet<int> Of(IReadOnlyList<SearchCandidate> records, int count)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var kinds = Kinds(records);
        var shown = new HashSet<int>();
        foreach (var kind in Enumerable.Range(0, records.Count).GroupBy(i => Root(kinds, i)))
        {
            shown.UnionWith(kind.OrderByDescending(i => Date(records[i].Terms)).ThenByDescending(i => records[i].LastUpdated).ThenBy(i => records[i].Id, StringComparer.Ordinal).Take(count));
        }

        return shown;
    }

    /// <summary>For each record another of its kind, in the end always the same one.</summary>
    private static int[] Kinds(IReadOnlyList<SearchCandidate> records)
    {
        var kinds = Enumerable.Range(0, records.Count).ToArray();
        var firstOf = new Dictionary<(string? System, string? Code), int>();
        for (var i = 0; i < records.Count; i++)
        {
            if (records[i].Terms.Plan.IndexOf("code") is not { } code) continue;
            foreach (var token in records[i].Terms.Tokens)
            {
                if (token.Parameter != code || token.Code is null) continue;
                if (firstOf.TryGetValue((token.System, token.Code), out var first)) kinds[Root(kinds, i)] = Root(kinds, first);
                else firstOf.Add((token.System, token.Code), i);
            }
        }

        return kinds;
    }

    private static int Root(int[] kinds, int i)
    {
        while (kinds[i] != i) i = kinds[i] = kinds[kinds[i]];
        return i;
    }

    private static long Date(ResourceTerms terms)
    {
        var latest = long.MinValue;
        if (terms.Plan.IndexOf("date") is { } date)
            foreach (var term in terms.Dates)
                if (term.Parameter == date) latest = Math.Max(latest, term.High == long.MaxValue ? term.Low : term.High);
        return latest;
    }
}
