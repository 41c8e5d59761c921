using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Ucum;

namespace HealthLedger.Fhir.Search;

/// <summary>One parameter of a query with its alternatives (comma): a record passes where any of them matches.</summary>
public abstract class SearchCriterion
{
    private protected SearchCriterion(string code, string modifier) => (Code, Modifier) = (code, modifier);

    /// <summary>The parameter's code, such as <c>birthdate</c>.</summary>
    public string Code { get; }

    /// <summary>The modifier without its colon, or empty.</summary>
    public string Modifier { get; }

    /// <summary>False where other records are looked at.</summary>
    internal virtual bool IsLocal => true;

    /// <summary>Judges the record alone.</summary>
    /// <exception cref="InvalidOperationException">It is not local.</exception>
    internal abstract bool Matches(in SearchCandidate candidate);

    internal virtual ValueTask<bool> Matches(SearchCandidate candidate, IVisibleRecords records) => ValueTask.FromResult(Matches(candidate));
}

/// <summary><c>_id</c>.</summary>
internal sealed class IdCriterion(HashSet<string> ids) : SearchCriterion("_id", "")
{
    public HashSet<string> Ids { get; } = ids;

    internal override bool Matches(in SearchCandidate candidate) => Ids.Contains(candidate.Id);
}

/// <summary><c>_id:not</c>: another id than any of these.</summary>
internal sealed class NotIdCriterion(HashSet<string> ids) : SearchCriterion("_id", "not")
{
    internal override bool Matches(in SearchCandidate candidate) => !ids.Contains(candidate.Id);
}

/// <summary><c>:missing</c> of what no record lacks: <c>_id</c>, <c>_lastUpdated</c>.</summary>
internal sealed class NeverMissingCriterion(string code, bool isMissing) : SearchCriterion(code, "missing")
{
    internal override bool Matches(in SearchCandidate candidate) => !isMissing;
}

/// <summary><c>_lastUpdated</c>.</summary>
internal sealed class LastUpdatedCriterion(DateValue[] values) : SearchCriterion("_lastUpdated", "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        // An instant of this server has milliseconds: it is the range of its own millisecond.
        var low = candidate.LastUpdated.UtcTicks - candidate.LastUpdated.UtcTicks % TimeSpan.TicksPerMillisecond;
        foreach (var value in values)
            if (Prefixes.Matches(value.Prefix, value.From, value.To, low, low + TimeSpan.TicksPerMillisecond)) return true;
        return false;
    }
}

/// <summary><c>:missing</c>.</summary>
internal sealed class MissingCriterion(PlannedParameter parameter, ushort index, bool isMissing) : SearchCriterion(parameter.Code, "missing")
{
    internal override bool Matches(in SearchCandidate candidate) => candidate.Terms.Has(index, parameter.Type) != isMissing;
}

/// <summary>
/// A token: <c>code</c>, <c>system|code</c>, <c>|code</c> (stated without a system), <c>system|</c>. Codes are compared without regard to case, as R4 recommends (search.html#token), systems with. <c>:not</c>: no value matches any alternative.
/// </summary>
internal sealed class TokenCriterion(string code, string modifier, ushort index, TokenValue[] values) : SearchCriterion(code, modifier)
{
    internal override bool Matches(in SearchCandidate candidate) => Any(candidate.Terms.Tokens) != (Modifier == "not");

    private bool Any(TokenTerm[] terms)
    {
        foreach (ref readonly var term in terms.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
                if (value.Matches(term)) return true;
        }
        return false;
    }
}

/// <param name="System">Null: any system. Empty: no system.</param>
/// <param name="Code">Null: any code.</param>
internal readonly record struct TokenValue(string? System, string? Code)
{
    public bool Matches(in TokenTerm term)
    {
        if (Code is not null && !string.Equals(term.Code, Code, StringComparison.OrdinalIgnoreCase)) return false;
        if (System is null) return true;
        return System.Length == 0 ? string.IsNullOrEmpty(term.System) || term.Origin == TokenOrigin.Bare : term.System == System;
    }
}

/// <summary>A string: the folded value starts with the folded text; <c>:contains</c> has it anywhere; <c>:exact</c> is the same text.</summary>
internal sealed class StringCriterion(string code, string modifier, ushort index, string[] values) : SearchCriterion(code, modifier)
{
    private readonly string[] _values = modifier == "exact" ? values : Array.ConvertAll(values, Folding.Fold);

    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.Strings.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in _values)
            {
                var matches = Modifier switch
                {
                    "exact" => term.Text == value,
                    "contains" => Folding.Contains(term.Text, value),
                    _ => Folding.StartsWith(term.Text, value),
                };
                if (matches) return true;
            }
        }
        return false;
    }
}

/// <summary>A uri: the same text (R4 search.html#uri). <c>:below</c>: it continues after the value at a path boundary; <c>:above</c>: the other way round.</summary>
internal sealed class UriCriterion(string code, string modifier, ushort index, string[] values) : SearchCriterion(code, modifier)
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.Uris.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
            {
                var matches = Modifier switch { "below" => IsBelow(term.Text, value), "above" => IsBelow(value, term.Text), _ => term.Text == value };
                if (matches) return true;
            }
        }
        return false;
    }

    private static bool IsBelow(string lower, string upper) =>
        lower.StartsWith(upper, StringComparison.Ordinal) && (lower.Length == upper.Length || upper.EndsWith('/') || lower[upper.Length] == '/');
}

/// <param name="Prefix">The comparison.</param>
/// <param name="From">Start of the range that the value means, UTC ticks.</param>
/// <param name="To">Its end, exclusive.</param>
internal readonly record struct DateValue(SearchPrefix Prefix, long From, long To);

/// <summary>A date, by the containment rules of R4 search.html#date.</summary>
internal sealed class DateCriterion(string code, ushort index, DateValue[] values) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.Dates.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
                if (Prefixes.Matches(value.Prefix, value.From, value.To, term.Low, term.High)) return true;
        }
        return false;
    }
}

/// <summary>A number.</summary>
internal sealed class NumberCriterion(string code, ushort index, NumberValue[] values) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.Numbers.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
                if (value.Matches(term.Low, term.High)) return true;
        }
        return false;
    }
}

/// <param name="Number">The number.</param>
/// <param name="System">Null: any. Empty or null with a unit: the unit as code or as shown.</param>
/// <param name="Unit">Null: any unit.</param>
internal readonly record struct QuantityValue(NumberValue Number, string? System, string? Unit)
{
    private const string UcumSystem = "http://unitsofmeasure.org";

    private readonly UcumUnit? _ucum = System == UcumSystem && Unit is not null ? UcumUnit.Of(Unit) : null;

    public bool Matches(in QuantityTerm term)
    {
        if (HasUnit(term)) return Number.Matches(term.Low, term.High);
        return _ucum is not null && term is { System: UcumSystem, Code: { } code } && UcumUnit.Of(code) is { } own
            && In(own, term.Low) is { } low && In(own, term.High) is { } high && Number.Matches(low, high);
    }

    private bool HasUnit(in QuantityTerm term)
    {
        if (Unit is null) return System is null || term.System == System;
        return System is null ? term.Code == Unit || term.Unit == Unit : term.System == System && term.Code == Unit;
    }

    /// <summary>A number of a record in the unit that was asked for; an open end stays open.</summary>
    private decimal? In(UcumUnit own, decimal number) => number is decimal.MinValue or decimal.MaxValue && own.IsCommensurable(_ucum!) ? number : own.Convert(number, _ucum!);
}

/// <summary>A quantity: <c>number</c>, <c>number|system|code</c> or <c>number||unit</c> (R4 search.html#quantity). UCUM units are converted where both sides state them by system and code, others not.</summary>
internal sealed class QuantityCriterion(string code, ushort index, QuantityValue[] values) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.Quantities.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in values)
                if (value.Matches(term)) return true;
        }
        return false;
    }
}

/// <summary>References to a resource of this server by type and id, or to an address; <c>:identifier</c> compares the reference's identifier.</summary>
internal sealed class ReferenceCriterion(string code, string modifier, ushort index, ReferenceValue[] values, TokenValue[] identifiers, SearchParameterDefinition definition)
    : SearchCriterion(code, modifier)
{
    public ReferenceValue[] Values { get; } = values;

    public SearchParameterDefinition Definition { get; } = definition;

    internal override bool Matches(in SearchCandidate candidate)
    {
        foreach (ref readonly var term in candidate.Terms.References.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in Values)
                if (value.Matches(term)) return true;
        }
        if (identifiers.Length == 0) return false;
        foreach (ref readonly var term in candidate.Terms.ReferenceIdentifiers.AsSpan())
        {
            if (term.Parameter != index) continue;
            foreach (var value in identifiers)
                if (value.Matches(term)) return true;
        }
        return false;
    }
}

/// <param name="Type">The target's type; null: any.</param>
/// <param name="Target">An id, or with <paramref name="IsAddress"/> a whole address.</param>
/// <param name="IsAddress">The value is an absolute URL, a urn or a canonical.</param>
internal readonly record struct ReferenceValue(string? Type, string Target, bool IsAddress)
{
    public bool Matches(in ReferenceTerm term)
    {
        if (Type is not null && term.Type != Type) return false;
        if (!IsAddress) return term.LocalId == Target;
        if (term.LocalId is not null) return false;
        // A canonical without a version finds every version (R4 references.html#canonical).
        return term.Target == Target || term.Target.Length > Target.Length && term.Target[Target.Length] == '|' && term.Target.StartsWith(Target, StringComparison.Ordinal);
    }
}
