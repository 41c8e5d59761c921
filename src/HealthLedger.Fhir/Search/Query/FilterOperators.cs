using System.Text;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// The operators of <c>_filter</c> by the type of what they compare (R4 search_filter.html, "Operators"). Beyond that table: <c>co</c>, <c>sw</c>, <c>ew</c> of tokens and uris, on code or uri;
/// <c>eq</c> and <c>ne</c> of references, as <c>re</c> and its opposite.
/// </summary>
internal sealed class FilterOperators(SearchValueParser values)
{
    /// <summary>The names that stand for their code systems in a filter.</summary>
    private static readonly (string Name, string System)[] Systems =
    [
        ("loinc", "http://loinc.org"), ("snomed", "http://snomed.info/sct"), ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"), ("ucum", "http://unitsofmeasure.org"),
    ];

    /// <summary>A value of type token or quantity with the whole address of a system that is named for short.</summary>
    public static string WithSystem(string text)
    {
        foreach (var (name, system) in Systems)
        {
            if (text.StartsWith(name + "|", StringComparison.OrdinalIgnoreCase)) return system + text[name.Length..];
            if (text.IndexOf("|" + name + "|", StringComparison.OrdinalIgnoreCase) is > 0 and var at) return text[..(at + 1)] + system + text[(at + 1 + name.Length)..];
        }
        return text;
    }

    /// <summary>A comparison with a whole parameter; null where the value is malformed or, by <paramref name="goes"/>, where the operator does not go with the parameter.</summary>
    public SearchCriterion? Of(PlannedParameter parameter, ushort index, string op, string text, out bool goes)
    {
        goes = true;
        switch (parameter.Code)
        {
            case "_id":
                goes = op is "eq" or "ne";
                return !goes ? null : op == "eq" ? new IdCriterion([text]) : new NotIdCriterion([text]);
            case "_lastUpdated":
                goes = op == "po" || IsPrefix(op);
                return goes && Date(op, text) is { } instant ? new LastUpdatedCriterion([instant]) : null;
        }
        if (AgeCriterion.Serves(parameter))
        {
            goes = IsPrefix(op);
            return goes && NumberValue.Parse(op + text) is { } age ? values.Age(age) : null;
        }
        return Of(parameter.Type, op, text, out goes) is { } matcher ? new MatchCriterion(parameter.Code, index, matcher) : null;
    }

    /// <summary>The same for single values of a type.</summary>
    public TermMatcher? Of(SearchParameterType type, string op, string text, out bool goes)
    {
        goes = true;
        switch (type)
        {
            case SearchParameterType.String when Text(op, text) is { } holds:
                return new TermMatcher<TextTerm>(t => t.Strings, t => holds(t.Text));
            case SearchParameterType.Uri when op is "eq" or "ne" or "co" or "sw" or "ew" && Text(op, text) is { } holds:
                return new TermMatcher<TextTerm>(t => t.Uris, t => holds(t.Text));
            case SearchParameterType.Token when op is "co" or "sw" or "ew" && Text(op, text) is { } holds:
                return new TermMatcher<TokenTerm>(t => t.Tokens, t => t.Code is not null && holds(t.Code));
            case SearchParameterType.Token when op is "eq" or "ne":
                return SearchValueParser.Token(WithSystem(text)) is not { } token ? null : new TermMatcher<TokenTerm>(t => t.Tokens, t => token.Matches(t) == (op == "eq"));
            case SearchParameterType.Reference when op is "re" or "eq" or "ne":
                return values.Reference(text, "") is not { } reference ? null : new TermMatcher<ReferenceTerm>(t => t.References, t => reference.Matches(t) == (op != "ne"));
            case SearchParameterType.Date when op == "co":
                return values.Date("eq" + text) is not { } within ? null : new TermMatcher<DateTerm>(t => t.Dates, t => t.Low <= within.From && within.To <= t.High);
            case SearchParameterType.Date when op == "po" || IsPrefix(op):
                return Date(op, text) is not { } date ? null : new TermMatcher<DateTerm>(t => t.Dates, t => Prefixes.Matches(date.Prefix, date.From, date.To, t.Low, t.High));
            case SearchParameterType.Number when op == "co":
                return NumberValue.Parse("eq" + text) is not { } stated ? null : new TermMatcher<NumberTerm>(t => t.Numbers, t => IsWithin(stated.Number, t));
            case SearchParameterType.Number when IsPrefix(op):
                return NumberValue.Parse(op + text) is not { } number ? null : new TermMatcher<NumberTerm>(t => t.Numbers, t => number.Matches(t.Low, t.High));
            case SearchParameterType.Quantity when IsPrefix(op):
                return SearchValueParser.Quantity(op + WithSystem(text)) is not { } quantity ? null : new TermMatcher<QuantityTerm>(t => t.Quantities, t => quantity.Matches(t));
            default:
                goes = false;
                return null;
        }
    }

    private static bool IsPrefix(string op) => op is "eq" or "ne" or "gt" or "lt" or "ge" or "le" or "sa" or "eb" or "ap";

    private DateValue? Date(string op, string text) =>
        op != "po" ? values.Date(op + text) : values.Date("eq" + text) is { } period ? period with { Prefix = SearchPrefix.Approximate } : null;

    /// <summary>A comparison of texts without regard to case and accents; greater and less go by the code point of the first character alone. Null for other operators.</summary>
    private static Func<string, bool>? Text(string op, string text)
    {
        var value = Folding.Fold(text);
        return op switch
        {
            "eq" => own => Folding.Fold(own) == value,
            "ne" => own => Folding.Fold(own) != value,
            "co" => own => Folding.Fold(own).Contains(value, StringComparison.Ordinal),
            "sw" => own => Folding.Fold(own).StartsWith(value, StringComparison.Ordinal),
            "ew" => own => Folding.Fold(own).EndsWith(value, StringComparison.Ordinal),
            "gt" => own => First(own) > First(value),
            "lt" => own => First(own) < First(value),
            "ge" => own => First(own) >= First(value),
            "le" => own => First(own) <= First(value),
            _ => null,
        };

        static int First(string text) => Folding.Fold(text).AsSpan().TrimStart() is { Length: > 0 } trimmed && Rune.DecodeFromUtf16(trimmed, out var rune, out _) == System.Buffers.OperationStatus.Done ? rune.Value : -1;
    }

    /// <summary>Whether a record's number, as precisely as it is written there, may mean the stated one.</summary>
    private static bool IsWithin(decimal stated, in NumberTerm term)
    {
        if (term.Low != term.High) return term.Low <= stated && stated <= term.High;
        var half = new decimal(5, 0, 0, false, (byte)Math.Min(term.Low.Scale + 1, 28));
        // Beyond what a decimal holds the difference is no small one.
        return decimal.Abs(term.Low / 2 - stated / 2) <= half / 2;
    }
}
