using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Search;

/// <summary>Reads the values of one parameter by its type.</summary>
internal sealed class SearchValueParser(SearchOptions options)
{
    /// <summary>The modifiers that go with a parameter (R4 search.html#modifiers), in words for the client.</summary>
    public static string Modifiers(PlannedParameter parameter) => parameter.Code switch
    {
        "_id" => "_id takes the modifiers :not and :missing.",
        "_lastUpdated" => "_lastUpdated takes the modifier :missing.",
        "_text" or "_content" => "The parameter takes no modifier.",
        _ => $"A parameter of type {parameter.Type.ToString().ToLowerInvariant()} takes " + parameter.Type switch
        {
            SearchParameterType.Token => "the modifiers :missing, :not, :text, :of-type, :in, :not-in, :above and :below.",
            SearchParameterType.String => "the modifiers :missing, :exact and :contains.",
            SearchParameterType.Uri => "the modifiers :missing, :above and :below.",
            SearchParameterType.Reference => "the modifiers :missing, :identifier, :above, :below and a resource type.",
            _ => "the modifier :missing.",
        },
    };

    /// <summary>Null where the modifier is served for the parameter's type (R4 search.html#modifiers).</summary>
    public SearchIssueCode? JudgeModifier(PlannedParameter parameter, string modifier)
    {
        if (modifier.Length == 0) return null;
        if (parameter.Code is "_id" && modifier == "not") return null;
        if (parameter.Code is "_id" or "_lastUpdated" or "_text" or "_content") return SearchIssueCode.InvalidModifier;
        return (parameter.Type, modifier) switch
        {
            (SearchParameterType.Token, "not" or "text" or "of-type") => null,
            (SearchParameterType.Token, "in" or "not-in" or "above" or "below") => options.Terminology is null ? SearchIssueCode.NotSupported : null,
            (SearchParameterType.String, "exact" or "contains") => null,
            (SearchParameterType.Uri, "above" or "below") => null,
            (SearchParameterType.Reference, "identifier" or "above" or "below") => null,
            (SearchParameterType.Reference, _) => FhirDefinitions.R4.ResourceType(modifier) is null ? SearchIssueCode.InvalidModifier : null,
            _ => SearchIssueCode.InvalidModifier,
        };
    }

    /// <summary>The criterion, or null where a value is malformed.</summary>
    public SearchCriterion? Criterion(PlannedParameter parameter, string modifier, ushort index, List<string> alternatives)
    {
        switch (parameter.Code)
        {
            case "_id":
                // Text that cannot be an id matches nothing, as an id that nobody has.
                HashSet<string> ids = [.. alternatives.ConvertAll(SearchText.Unescape)];
                return modifier == "not" ? new NotIdCriterion(ids) : new IdCriterion(ids);
            case "_lastUpdated":
                return All(alternatives, Date) is { } instants ? new LastUpdatedCriterion(instants) : null;
            case "_text" or "_content":
                var words = alternatives.ConvertAll(a => WordExpression.Parse(SearchText.Unescape(a)));
                return words.Contains(null) ? null : new WordsCriterion(parameter.Code, [.. words.OfType<WordExpression>()]);
        }
        switch (parameter.Type)
        {
            case SearchParameterType.Token when modifier == "text":
                return new TokenTextCriterion(parameter.Code, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.Token when modifier == "of-type":
                return All(alternatives, TypedIdentifier) is { } typed ? new OfTypeCriterion(parameter.Code, index, typed) : null;
            case SearchParameterType.Token:
                return All(alternatives, Token) is { } tokens ? new TokenCriterion(parameter.Code, modifier, index, tokens) : null;
            case SearchParameterType.String:
                return new StringCriterion(parameter.Code, modifier, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.Uri:
                return new UriCriterion(parameter.Code, modifier, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.Date:
                return All(alternatives, Date) is { } dates ? new DateCriterion(parameter.Code, index, dates) : null;
            case SearchParameterType.Special:
                return All(alternatives, PlaceValue.Parse) is { } places ? new NearCriterion(parameter.Code, index, places) : null;
            case SearchParameterType.Number when AgeCriterion.Serves(parameter):
                return All(alternatives, text => NumberValue.Parse(text)) is { } ages ? new AgeCriterion(TypePlan.Of("Patient"), ages, null, options.Now) : null;
            case SearchParameterType.Number:
                return All(alternatives, text => NumberValue.Parse(text)) is { } numbers ? new NumberCriterion(parameter.Code, index, numbers) : null;
            case SearchParameterType.Quantity:
                return All(alternatives, Quantity) is { } quantities ? new QuantityCriterion(parameter.Code, index, quantities) : null;
            case SearchParameterType.Reference when modifier == "identifier":
                return All(alternatives, Token) is { } identifiers ? new ReferenceCriterion(parameter.Code, modifier, index, [], identifiers, parameter.Definition) : null;
            case SearchParameterType.Reference when modifier is "above" or "below":
                return All(alternatives, Local) is { } wholes ? new HierarchyCriterion(parameter.Code, modifier, index, wholes) : null;
            case SearchParameterType.Reference:
                return All(alternatives, text => Reference(text, modifier)) is { } references ? new ReferenceCriterion(parameter.Code, modifier, index, references, [], parameter.Definition) : null;
            case SearchParameterType.Composite:
                return All(parameter, alternatives) is { } tuples ? new CompositeCriterion(parameter.Code, index, tuples) : null;
            default:
                return null;
        }
    }

    /// <summary>A comparison of <c>_filter</c>; null where the value is malformed or, by <paramref name="goes"/>, where the operator does not go with the parameter's type.</summary>
    public SearchCriterion? Compare(PlannedParameter parameter, ushort index, string op, string text, out bool goes)
    {
        goes = true;
        var code = parameter.Code;
        switch (parameter.Type)
        {
            case SearchParameterType.Token when code == "_id" && op is "eq" or "ne":
                return op == "eq" ? new IdCriterion([text]) : new NotIdCriterion([text]);
            case SearchParameterType.String or SearchParameterType.Uri or SearchParameterType.Token when op is "co" or "sw" or "ew":
            case SearchParameterType.String or SearchParameterType.Uri when op is "eq" or "ne":
                var folded = Folding.Fold(text);
                bool Holds(string? value) => value is not null && Folding.Fold(value) is var own && op switch
                {
                    "co" => own.Contains(folded, StringComparison.Ordinal), "sw" => own.StartsWith(folded, StringComparison.Ordinal),
                    "ew" => own.EndsWith(folded, StringComparison.Ordinal), "eq" => own == folded, _ => own != folded,
                };
                return parameter.Type switch
                {
                    SearchParameterType.Token => new AnyTermCriterion<TokenTerm>(code, index, t => t.Tokens, t => Holds(t.Code)),
                    SearchParameterType.Uri => new AnyTermCriterion<TextTerm>(code, index, t => t.Uris, t => Holds(t.Text)),
                    _ => new AnyTermCriterion<TextTerm>(code, index, t => t.Strings, t => Holds(t.Text)),
                };
            case SearchParameterType.Token when op is "eq" or "ne":
                return Token(text) is not { } token ? null
                    : op == "eq" ? new TokenCriterion(code, "", index, [token])
                    : new AnyTermCriterion<TokenTerm>(code, index, t => t.Tokens, t => !token.Matches(t));
            case SearchParameterType.Reference when op is "eq" or "re" or "ne":
                return Reference(text, "") is not { } reference ? null
                    : op != "ne" ? new ReferenceCriterion(code, "", index, [reference], [], parameter.Definition)
                    : new AnyTermCriterion<ReferenceTerm>(code, index, t => t.References, t => !reference.Matches(t));
            case SearchParameterType.Date when op == "po":
                return Date("eq" + text) is not { } period ? null
                    : Dates(code, index, period with { Prefix = SearchPrefix.Approximate });
            case SearchParameterType.Date when IsPrefix(op):
                return Date(op + text) is { } date ? Dates(code, index, date) : null;
            case SearchParameterType.Number when IsPrefix(op) && AgeCriterion.Serves(parameter):
                return NumberValue.Parse(op + text) is { } age ? new AgeCriterion(TypePlan.Of("Patient"), [age], null, options.Now) : null;
            case SearchParameterType.Number when IsPrefix(op):
                return NumberValue.Parse(op + text) is { } number ? new NumberCriterion(code, index, [number]) : null;
            case SearchParameterType.Quantity when IsPrefix(op):
                return Quantity(op + text) is { } quantity ? new QuantityCriterion(code, index, [quantity]) : null;
            default:
                goes = false;
                return null;
        }

        static bool IsPrefix(string op) => op is "eq" or "ne" or "gt" or "lt" or "ge" or "le" or "sa" or "eb" or "ap";

        static SearchCriterion Dates(string code, ushort index, DateValue value) =>
            code == "_lastUpdated" ? new LastUpdatedCriterion([value]) : new DateCriterion(code, index, [value]);
    }

    private ComponentMatcher[][]? All(PlannedParameter parameter, List<string> alternatives)
    {
        var tuples = new ComponentMatcher[alternatives.Count][];
        for (var i = 0; i < tuples.Length; i++)
        {
            var parts = SearchText.Split(alternatives[i], '$');
            if (parts.Count != parameter.Components.Length || parts.Exists(p => p.Length == 0)) return null;
            tuples[i] = new ComponentMatcher[parts.Count];
            for (var c = 0; c < parts.Count; c++)
            {
                if (Component(parameter.Components[c].Type, parts[c]) is not { } matcher) return null;
                tuples[i][c] = matcher;
            }
        }
        return tuples;
    }

    private ComponentMatcher? Component(SearchParameterType type, string text)
    {
        switch (type)
        {
            case SearchParameterType.Token when Token(text) is { } token:
                return new ComponentMatcher<TokenTerm>(terms => terms.Tokens, term => token.Matches(term));
            case SearchParameterType.Date when Date(text) is { } date:
                return new ComponentMatcher<DateTerm>(terms => terms.Dates, term => Prefixes.Matches(date.Prefix, date.From, date.To, term.Low, term.High));
            case SearchParameterType.Quantity when Quantity(text) is { } quantity:
                return new ComponentMatcher<QuantityTerm>(terms => terms.Quantities, term => quantity.Matches(term));
            case SearchParameterType.Number when NumberValue.Parse(text) is { } number:
                return new ComponentMatcher<NumberTerm>(terms => terms.Numbers, term => number.Matches(term.Low, term.High));
            case SearchParameterType.Reference when Reference(text, "") is { } reference:
                return new ComponentMatcher<ReferenceTerm>(terms => terms.References, term => reference.Matches(term));
            case SearchParameterType.String:
                var folded = Folding.Fold(SearchText.Unescape(text));
                return new ComponentMatcher<TextTerm>(terms => terms.Strings, term => Folding.StartsWith(term.Text, folded));
            default:
                return null;
        }
    }

    private static T[]? All<T>(List<string> alternatives, Func<string, T?> parse)
        where T : struct
    {
        var values = new T[alternatives.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (parse(alternatives[i]) is not { } value) return null;
            values[i] = value;
        }
        return values;
    }

    private static TokenValue? Token(string text)
    {
        var parts = SearchText.Split(text, '|').ConvertAll(SearchText.Unescape);
        return parts switch
        {
            [var code] => new TokenValue(null, code),
            [var system, ""] when system.Length > 0 => new TokenValue(system, null),
            [var system, var code] when code.Length > 0 => new TokenValue(system, code),
            _ => null,
        };
    }

    private static TypedIdentifierValue? TypedIdentifier(string text) =>
        SearchText.Split(text, '|').ConvertAll(SearchText.Unescape) is [{ Length: > 0 } system, { Length: > 0 } code, { Length: > 0 } value] ? new TypedIdentifierValue(system, code, value) : null;

    private DateValue? Date(string text)
    {
        var rest = SearchText.Unescape(text).AsSpan();
        var prefix = Prefixes.Take(ref rest);
        // A plus sign in a URL that was not encoded arrives as a blank: no other blank can stand in a date.
        Span<char> written = stackalloc char[48];
        if (rest.Length > written.Length) return null;
        rest.Replace(written, ' ', '+');
        if (!Temporal.TryParse(written[..rest.Length], TemporalKind.DateTime, out var value) || value.Precision == TemporalPrecision.Hour) return null;
        var (from, to) = value.UtcRange();
        if (prefix == SearchPrefix.Approximate)
        {
            // R4 recommends 10 % of the distance from now.
            var slack = Math.Abs(options.Now.UtcTicks - from) / 10;
            (from, to) = (Math.Max(0, from - slack), to > long.MaxValue - slack ? long.MaxValue : to + slack);
        }
        return new DateValue(prefix, from, to);
    }

    private static QuantityValue? Quantity(string text)
    {
        var parts = SearchText.Split(text, '|').ConvertAll(SearchText.Unescape);
        if (parts.Count is not (1 or 3) || NumberValue.Parse(parts[0]) is not { } number) return null;
        if (parts.Count == 1) return new QuantityValue(number, null, null);
        return new QuantityValue(number, parts[1].Length == 0 ? null : parts[1], parts[2].Length == 0 ? null : parts[2]);
    }

    private ReferenceValue? Local(string text) => Reference(text, "") is { IsAddress: false } local ? local : null;

    private ReferenceValue? Reference(string text, string modifier)
    {
        var type = modifier.Length == 0 ? null : modifier;
        var value = SearchText.Unescape(text);
        if (FhirId.IsValid(value)) return new ReferenceValue(type, value, false);
        if (ReferencedResource.Of(value) is { } named)
        {
            if (type is not null && named.Type != type) return null;
            return named.IsLocal(options.LocalBase) ? new ReferenceValue(named.Type, named.Id, false) : new ReferenceValue(type, named.Address, true);
        }
        return value.Contains(':') ? new ReferenceValue(type, value, true) : null;
    }
}
