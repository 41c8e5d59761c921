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
            case SearchParameterType.String when modifier.Length == 0 && PhoneticCriterion.Serves(parameter):
                return new PhoneticCriterion(parameter.Code, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.String:
                return new StringCriterion(parameter.Code, modifier, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.Uri:
                return new UriCriterion(parameter.Code, modifier, index, [.. alternatives.ConvertAll(SearchText.Unescape)]);
            case SearchParameterType.Date:
                return All(alternatives, Date) is { } dates ? new DateCriterion(parameter.Code, index, dates) : null;
            case SearchParameterType.Special:
                return All(alternatives, PlaceValue.Parse) is { } places ? new NearCriterion(parameter.Code, index, places) : null;
            case SearchParameterType.Number when AgeCriterion.Serves(parameter):
                return All(alternatives, text => NumberValue.Parse(text)) is { } ages ? Age(ages) : null;
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

    /// <summary>Patients of any of the ages, today.</summary>
    internal AgeCriterion Age(params NumberValue[] ages) => new(TypePlan.Of("Patient"), ages, null, options.Now);

    private TermMatcher[][]? All(PlannedParameter parameter, List<string> alternatives)
    {
        var tuples = new TermMatcher[alternatives.Count][];
        for (var i = 0; i < tuples.Length; i++)
        {
            var parts = SearchText.Split(alternatives[i], '$');
            if (parts.Count != parameter.Components.Length || parts.Exists(p => p.Length == 0)) return null;
            tuples[i] = new TermMatcher[parts.Count];
            for (var c = 0; c < parts.Count; c++)
            {
                if (Component(parameter.Components[c].Type, parts[c]) is not { } matcher) return null;
                tuples[i][c] = matcher;
            }
        }
        return tuples;
    }

    private TermMatcher? Component(SearchParameterType type, string text)
    {
        switch (type)
        {
            case SearchParameterType.Token when Token(text) is { } token:
                return new TermMatcher<TokenTerm>(terms => terms.Tokens, term => token.Matches(term));
            case SearchParameterType.Date when Date(text) is { } date:
                return new TermMatcher<DateTerm>(terms => terms.Dates, term => Prefixes.Matches(date.Prefix, date.From, date.To, term.Low, term.High));
            case SearchParameterType.Quantity when Quantity(text) is { } quantity:
                return new TermMatcher<QuantityTerm>(terms => terms.Quantities, term => quantity.Matches(term));
            case SearchParameterType.Number when NumberValue.Parse(text) is { } number:
                return new TermMatcher<NumberTerm>(terms => terms.Numbers, term => number.Matches(term.Low, term.High));
            case SearchParameterType.Reference when Reference(text, "") is { } reference:
                return new TermMatcher<ReferenceTerm>(terms => terms.References, term => reference.Matches(term));
            case SearchParameterType.String:
                var folded = Folding.Fold(SearchText.Unescape(text));
                return new TermMatcher<TextTerm>(terms => terms.Strings, term => Folding.StartsWith(term.Text, folded));
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

    internal static TokenValue? Token(string text)
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

    internal DateValue? Date(string text)
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

    internal static QuantityValue? Quantity(string text)
    {
        var parts = SearchText.Split(text, '|').ConvertAll(SearchText.Unescape);
        if (parts.Count is not (1 or 3) || NumberValue.Parse(parts[0]) is not { } number) return null;
        if (parts.Count == 1) return new QuantityValue(number, null, null);
        return new QuantityValue(number, parts[1].Length == 0 ? null : parts[1], parts[2].Length == 0 ? null : parts[2]);
    }

    private ReferenceValue? Local(string text) => Reference(text, "") is { IsAddress: false } local ? local : null;

    internal ReferenceValue? Reference(string text, string modifier)
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
