using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// A token by what terminology says of its code (R4 search.html#token): in a value set, in none (<c>:not-in</c>, true also where there is no value), or below or above a code. The codes are told in full
/// before any record is looked at: whether a query can be answered must not depend on what records hold.
/// </summary>
internal sealed class CodesCriterion(string code, string modifier, ushort index, CodeList[] lists) : SearchCriterion(code, modifier)
{
    /// <summary>Most value sets or codes that one parameter may name.</summary>
    private const int MaxNamed = 10;

    public static Reading Read(ITerminology terminology, string code, string modifier, ushort index, List<string> alternatives)
    {
        if (alternatives.Count > MaxNamed) return Reading.Wrong(SearchIssueCode.TooMany, $"With this modifier a parameter has at most {MaxNamed} alternatives.");
        var lists = new List<CodeList>();
        foreach (var alternative in alternatives)
        {
            if (modifier is "in" or "not-in")
            {
                if (terminology.CodesOf(SearchText.Unescape(alternative), out _) is not { } list)
                    return Reading.Wrong(SearchIssueCode.NotSupported, "The codes of the value set cannot all be told here; ValueSet/$expand says what is lacking. Name a value set that expands, by its canonical URL.");
                lists.Add(list);
                continue;
            }
            if (SearchText.Split(alternative, '|').ConvertAll(SearchText.Unescape) is not [{ Length: > 0 } of, { Length: > 0 } start])
                return Reading.Wrong(SearchIssueCode.InvalidValue, "A code with its system (system|code) is expected.");
            if ((modifier == "below" ? terminology.CodesBelow(of, start, out _) : terminology.CodesAbove(of, start, out _)) is not { } lineage)
                return Reading.Wrong(SearchIssueCode.NotSupported, "Which codes are above or below cannot be told here: the code system is not held with all its concepts, has no such code, or no hierarchy of kinds.");
            lists.Add(new CodeList("", [new(of, [.. lineage])]));
        }
        return new CodesCriterion(code, modifier, index, [.. lists]);
    }

    internal override bool Matches(in SearchCandidate candidate) => Any(candidate.Terms.Tokens) != (Modifier == "not-in");

    private bool Any(TokenTerm[] terms)
    {
        foreach (ref readonly var term in terms.AsSpan())
        {
            if (term.Parameter != index || term.System is null || term.Code is null) continue;
            foreach (var list in lists)
                if (list.Contains(term.System, term.Code)) return true;
        }
        return false;
    }
}
