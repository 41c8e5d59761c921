using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Reads <c>_filter</c> (R4 search_filter.html). Paths are parameters and chains of them; a filter in brackets says more of a step on the way: of the record that a reference leads to, or of the
/// instance of a composite.
/// </summary>
/// <param name="criteria">Follows paths.</param>
/// <param name="values">Reads values.</param>
/// <param name="plan">Of the type that is filtered.</param>
/// <param name="text">The filter.</param>
/// <param name="terminology">What is asked for codes in value sets; null where nothing is known of them.</param>
/// <param name="depth">Steps over other records that lead here.</param>
internal sealed class FilterParser(CriterionParser criteria, SearchValueParser values, TypePlan plan, string text, ITerminology? terminology, int depth = 0) : FilterGrammar<FilterNode>(text)
{
    private readonly FilterOperators _operators = new(values);

    public Reading Parse() => Inner() is { Criterion: { } criterion } ? criterion : Reading.Wrong(Fault.Code, $"{Fault.Message}, before character {Place} of the filter.");

    protected override FilterNode Not(FilterNode inner) => new FilterNot(inner);

    protected override FilterNode Pair(FilterNode left, FilterNode right, bool isAnd) => new FilterPair(left, right, isAnd);

    protected override FilterNode? Test(IReadOnlyList<FilterStep> path, string op, string value)
    {
        var reading = Follow(plan, path, 0, depth, op, value);
        return reading.Criterion is { } criterion ? new FilterTest(criterion) : Fail(reading.Code, reading.Message.TrimEnd('.'));
    }

    private Reading Inner() => Read() is { } root ? new FilterCriterion(root) : Fault;

    private Reading Follow(TypePlan from, IReadOnlyList<FilterStep> path, int step, int steps, string op, string value) => criteria.Path(from, path[step].Name, steps, (at, name, taken) =>
        path[step].Filter is not { } filter ? Leaf(at, name, op, value)
        : PartParser.Composite(at, name) is { } composite ? Parts(at, composite, name, filter, path, step, op, value)
        : criteria.Step(at, name, taken, (target, further) => Both(
            new FilterParser(criteria, values, target, filter, terminology, further).Inner(),
            () => Follow(target, path, step + 1, further, op, value))));

    private static Reading Both(Reading left, Func<Reading> right) =>
        left.Criterion is not { } first ? left
        : right() is var other && other.Criterion is not { } second ? other
        : new FilterCriterion(new FilterPair(new FilterTest(first), new FilterTest(second), isAnd: true));

    private Reading Parts(TypePlan at, ushort composite, string name, string filter, IReadOnlyList<FilterStep> path, int step, string op, string value)
    {
        if (step + 2 != path.Count) return Reading.Wrong(SearchIssueCode.InvalidValue, "After a filter in brackets on a composite one of its parts is expected, and nothing further");
        return new PartParser(at.Parameters[composite], _operators, filter).Parse(name, composite, path[^1], op, value);
    }

    private Reading Leaf(TypePlan at, string name, string op, string value)
    {
        if (at.IndexOf(name) is not { } index) return Reading.Wrong(SearchIssueCode.UnknownParameter, $"{at.Type.Name} has no such search parameter");
        var parameter = at.Parameters[index];
        if (!SearchQuery.IsServed(parameter) || parameter.Code is "_text" or "_content" or "_filter")
            return Reading.Wrong(SearchIssueCode.NotSupported, "The parameter is not supported in a filter");
        if (op is "in" or "ni" or "ss" or "sb")
        {
            if (terminology is null) return Reading.Wrong(SearchIssueCode.NotSupported, "The operators in, ni, ss and sb are not supported here");
            return parameter.Type == SearchParameterType.Token && parameter.Code != "_id"
                ? CodesCriterion.Read(terminology, parameter.Code, op switch { "in" => "in", "ni" => "not-in", "ss" => "below", _ => "above" }, index, [FilterOperators.WithSystem(value)])
                : Reading.Wrong(SearchIssueCode.InvalidValue, "The operators in, ni, ss and sb go with tokens");
        }
        if (op == "pr")
        {
            return value is "true" or "false" ? criteria.Missing(at, parameter, index, value == "false") : Reading.Wrong(SearchIssueCode.InvalidValue, "pr takes true or false");
        }
        return _operators.Of(parameter, index, op, value, out var goes) is { } criterion ? criterion : Wrong(parameter.Type, goes);
    }

    /// <summary>Why there is no comparison.</summary>
    internal static Reading Wrong(SearchParameterType type, bool goes) => Reading.Wrong(
        SearchIssueCode.InvalidValue, goes ? $"The value is no {type.ToString().ToLowerInvariant()}"
        : type == SearchParameterType.Composite ? "A composite is compared by its parts: name[part eq value].part eq value"
        : $"The operator does not go with a parameter of type {type.ToString().ToLowerInvariant()}");
}
