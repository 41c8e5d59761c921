using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>A criterion, or why there is none.</summary>
internal readonly record struct Reading(SearchCriterion? Criterion, SearchIssueCode Code = default, string Message = "")
{
    public static implicit operator Reading(SearchCriterion criterion) => new(criterion);

    public static Reading Wrong(SearchIssueCode code, string message) => new(null, code, message);
}

/// <summary>Reads a parameter that filters: its path over other records (chains, <c>_has</c>), and at the end of the path its modifier and values.</summary>
internal sealed class CriterionParser(SearchOptions options)
{
    /// <summary>Steps that one path may take over other records.</summary>
    private const int MaxSteps = 5;

    /// <summary>Conditions on other records that one query may hold; an untyped reference counts once for each type it may lead to.</summary>
    private const int MaxJoins = 512;

    private readonly SearchValueParser _values = new(options);
    private readonly List<IReadOnlyList<string>> _looksAt = [];
    private int _joins;

    /// <summary>The types that the query looks through, as alternatives for each step.</summary>
    public IReadOnlyList<IReadOnlyList<string>> LooksAt => _looksAt;

    /// <summary>Reads what stands at the end of a path, so many steps away from where it began.</summary>
    internal delegate Reading Leaf(TypePlan plan, string name, int depth);

    public Reading Read(TypePlan plan, string name, string value) => name switch
    {
        "_filter" => new FilterParser(this, _values, plan, value, options.Terminology).Parse(),
        "_list" => List(plan, value),
        _ => Path(plan, name, 0, (at, last, _) => Value(at, last, value)),
    };

    /// <summary>Follows a path to its end.</summary>
    public Reading Path(TypePlan plan, string name, int depth, Leaf leaf)
    {
        if (depth > MaxSteps) return Reading.Wrong(SearchIssueCode.TooMany, $"A path over other records has at most {MaxSteps} steps.");
        if (name.StartsWith("_has:", StringComparison.Ordinal)) return Has(plan, name, depth, leaf);
        return name.IndexOf('.') is >= 0 and var dot ? Step(plan, name[..dot], depth, (at, next) => Path(at, name[(dot + 1)..], next, leaf)) : leaf(plan, name, depth);
    }

    /// <summary>One step of a chain: by a reference, perhaps of a stated type, to records of which something further is asked.</summary>
    public Reading Step(TypePlan plan, string head, int depth, Func<TypePlan, int, Reading> further)
    {
        var colon = head.IndexOf(':');
        var (code, type) = colon < 0 ? (head, null) : (head[..colon], head[(colon + 1)..]);
        if (plan.IndexOf(code) is not { } index || plan.Parameters[index].Type != SearchParameterType.Reference)
            return Reading.Wrong(SearchIssueCode.UnknownParameter, $"{plan.Type.Name} has no such search parameter of type reference to chain by.");
        if (type is not null && FhirDefinitions.R4.ResourceType(type) is null)
            return Reading.Wrong(SearchIssueCode.InvalidModifier, "In a chain a resource type is expected after the colon.");
        var targets = plan.Parameters[index].Definition.Targets;
        if (type is not null && targets.Count > 0 && !targets.Contains(type))
            return Reading.Wrong(SearchIssueCode.InvalidModifier, $"{plan.Type.Name}.{code} does not lead to that type, but to {Types(targets)}.");

        var conditions = new Dictionary<string, SearchQuery>(StringComparer.Ordinal);
        Reading? fault = null;
        var looks = _looksAt.Count;
        foreach (var target in type is not null ? [type] : targets.Count > 0 ? targets : FhirDefinitions.R4.ResourceTypes)
        {
            if (FhirDefinitions.R4.ResourceType(target) is null) continue;
            if (++_joins > MaxJoins) return Reading.Wrong(SearchIssueCode.TooMany, $"A query has at most {MaxJoins} conditions on other records. Name the types of references, as in subject:Patient.name; {plan.Type.Name}.{code} leads to {Types(targets)}.");
            var reading = further(TypePlan.Of(target), depth + 1);
            if (reading.Criterion is { } criterion) conditions.Add(target, new SearchQuery(target) { Criteria = [criterion] });
            else if (fault is null || fault.Value.Code == SearchIssueCode.UnknownParameter) fault = reading;
        }
        if (conditions.Count == 0)
        {
            return fault is { Code: not SearchIssueCode.UnknownParameter } other ? other
                : (type is not null || targets.Count == 1) && fault is { } single ? single
                : Reading.Wrong(SearchIssueCode.UnknownParameter, $"{plan.Type.Name}.{code} leads to {Types(targets)}, and none of them has what follows. Name one of them, as in subject:Patient.name, to learn what it lacks.");
        }
        // What several alternatives look at further on is no demand of each.
        if (conditions.Count > 1) _looksAt.RemoveRange(looks, _looksAt.Count - looks);
        _looksAt.Add([.. conditions.Keys]);
        return new ChainCriterion(code, index, conditions);
    }

    private static string Types(IReadOnlyList<string> targets) =>
        targets.Count == 0 ? "any type" : targets.Count > 8 ? $"{string.Join(", ", targets.Take(8))} and {targets.Count - 8} more" : string.Join(", ", targets);

    private Reading Has(TypePlan plan, string name, int depth, Leaf leaf)
    {
        var parts = name.Split(':', 4);
        if (parts is not [_, var source, var parameter, { Length: > 0 } rest])
            return Reading.Wrong(SearchIssueCode.InvalidModifier, "_has:Type:reference:parameter is expected.");
        if (FhirDefinitions.R4.ResourceType(source) is null) return Reading.Wrong(SearchIssueCode.UnknownParameter, "_has: a resource type is expected after the first colon.");
        var at = TypePlan.Of(source);
        if (at.IndexOf(parameter) is not { } index || at.Parameters[index].Type != SearchParameterType.Reference)
            return Reading.Wrong(SearchIssueCode.UnknownParameter, $"_has: {source} has no such search parameter of type reference.");
        if (at.Parameters[index].Definition.Targets is { Count: > 0 } targets && !targets.Contains(plan.Type.Name))
            return Reading.Wrong(SearchIssueCode.InvalidValue, $"_has: {source}.{parameter} does not lead to {plan.Type.Name}.");
        if (++_joins > MaxJoins) return Reading.Wrong(SearchIssueCode.TooMany, $"A query has at most {MaxJoins} conditions on other records.");
        var reading = Path(at, rest, depth + 1, leaf);
        if (reading.Criterion is not { } criterion) return reading;
        _looksAt.Add([source]);
        return new HasCriterion("_has", parameter, new SearchQuery(source) { Criteria = [criterion] });
    }

    private Reading List(TypePlan plan, string value)
    {
        var ids = SearchText.Split(value, ',').ConvertAll(SearchText.Unescape);
        if (ids.Exists(id => id.StartsWith('$'))) return Reading.Wrong(SearchIssueCode.NotSupported, "Functional lists, such as $current-problems, are not supported; name a List by its id.");
        if (!ids.TrueForAll(id => FhirId.IsValid(id))) return Reading.Wrong(SearchIssueCode.InvalidValue, "The id of a List is expected.");
        _joins++;
        _looksAt.Add(["List"]);
        return new HasCriterion("_list", "item", new SearchQuery("List") { Criteria = [new IdCriterion([.. ids])] });
    }

    private Reading Value(TypePlan plan, string name, string value)
    {
        var colon = name.IndexOf(':');
        var (code, modifier) = colon < 0 ? (name, "") : (name[..colon], name[(colon + 1)..]);
        if (plan.IndexOf(code) is not { } index) return Reading.Wrong(SearchIssueCode.UnknownParameter, $"{plan.Type.Name} has no such search parameter.");
        var parameter = plan.Parameters[index];
        if (!SearchQuery.IsServed(parameter) || code == "_filter")
        {
            return Reading.Wrong(SearchIssueCode.NotSupported, parameter.Definition.Expression.Length > 0
                ? "R4 defines the parameter by an expression over another type, which selects nothing here."
                : "This server does not support the parameter.");
        }
        if (modifier.Length == 0 && colon >= 0) return Reading.Wrong(SearchIssueCode.InvalidModifier, "A modifier is expected after the colon.");
        if (modifier == "missing" && parameter.Code is not ("_text" or "_content"))
        {
            return value is "true" or "false" ? Missing(plan, parameter, index, value == "true") : Reading.Wrong(SearchIssueCode.InvalidValue, "true or false is expected.");
        }
        var alternatives = SearchText.Split(value, ',');
        if (alternatives.Count > SearchQuery.MaxAlternatives) return Reading.Wrong(SearchIssueCode.TooMany, $"A parameter has at most {SearchQuery.MaxAlternatives} alternatives.");
        if (alternatives.Exists(a => a.Length == 0))
        {
            return Reading.Wrong(SearchIssueCode.InvalidValue, value.Length == 0
                ? "The value is empty."
                : "An alternative is empty: a comma stands at the beginning, at the end or beside another. A comma within a value is written with a backslash before it.");
        }
        switch (_values.JudgeModifier(parameter, modifier))
        {
            case SearchIssueCode.NotSupported:
                return Reading.Wrong(SearchIssueCode.NotSupported, "This server does not support the modifier.");
            case SearchIssueCode.InvalidModifier:
                return Reading.Wrong(SearchIssueCode.InvalidModifier, $"The modifier is not known here. {SearchValueParser.Modifiers(parameter)}");
        }
        if (parameter.Type == SearchParameterType.Token && modifier is "in" or "not-in" or "above" or "below") return CodesCriterion.Read(options.Terminology!, code, modifier, index, alternatives);
        return _values.Criterion(parameter, modifier, index, alternatives) is { } criterion
            ? criterion
            : Reading.Wrong(SearchIssueCode.InvalidValue, $"The value is no {Expected(parameter, modifier)}.");
    }

    /// <summary>Whether a record has a value at all.</summary>
    public SearchCriterion Missing(TypePlan plan, PlannedParameter parameter, ushort index, bool isMissing) =>
        parameter.Code is "_id" or "_lastUpdated" ? new NeverMissingCriterion(parameter.Code, isMissing)
        : AgeCriterion.Serves(parameter) ? new AgeCriterion(plan, [], isMissing, options.Now)
        : new MissingCriterion(parameter, index, isMissing);

    private static string Expected(PlannedParameter parameter, string modifier) => (parameter.Type, modifier) switch
    {
        (SearchParameterType.Token, "of-type") => "typed identifier (system|code|value, where system and code say the identifier's type)",
        (SearchParameterType.Reference, "above" or "below") => "reference to a record of this server (id or Type/id)",
        (SearchParameterType.Token, _) => "token (code, system|code, |code or system|)",
        (SearchParameterType.Reference, _) => "reference (id, Type/id or an absolute address)",
        (SearchParameterType.Date, _) => "date (a prefix and YYYY, YYYY-MM, YYYY-MM-DD or a date with a time)",
        (SearchParameterType.Quantity, _) => "quantity (number, number|system|code or number||unit)",
        (SearchParameterType.Number, _) => "number",
        (SearchParameterType.Uri, _) => "uri",
        (SearchParameterType.Composite, _) => "composite (one value for each part, separated by $)",
        (SearchParameterType.Special, _) => "place (latitude|longitude|distance|units, in degrees from -90 to 90 and -180 to 180; the distance in a UCUM unit of length, kilometres where none is stated)",
        _ when parameter.Code is "_text" or "_content" => "words (with and, or, not and parentheses)",
        _ => "text",
    };
}
