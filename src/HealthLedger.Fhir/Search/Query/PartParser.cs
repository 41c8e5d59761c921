using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Reads what a <c>_filter</c> asks of one instance of a composite: <c>characteristic[code eq x].value eq y</c> (R4 search_filter.html, "Additional Parameters"). The parts go by the name of the element that
/// they are read from, such as <c>code</c> and <c>value</c>.
/// </summary>
internal sealed class PartParser(PlannedParameter composite, FilterOperators operators, string text) : FilterGrammar<PartNode>(text)
{
    /// <summary>The names that R4 adds for filters, and the composites that they stand for. What it adds for Observation and ServiceRequest stands for parameters that R4 has not.</summary>
    private static readonly Dictionary<(string Type, string Name), string> Added = new()
    {
        [("Group", "characteristic")] = "characteristic-value",
        [("DocumentReference", "relatesTo")] = "relationship",
    };

    /// <summary>The composite that a name before a bracket stands for; null where it stands for none.</summary>
    public static ushort? Composite(TypePlan plan, string name) =>
        plan.IndexOf(Added.GetValueOrDefault((plan.Type.Name, name), name)) is { } index && plan.Parameters[index].Type == SearchParameterType.Composite ? index : null;

    /// <summary>The filter, and the comparison at the end of the path, of one instance.</summary>
    public Reading Parse(string name, ushort index, FilterStep last, string op, string value) =>
        Read() is { } filter && Test([last], op, value) is { } end ? new PartsCriterion(name, index, new PartPair(filter, end, isAnd: true)) : Fault;

    protected override PartNode Not(PartNode inner) => new PartNot(inner);

    protected override PartNode Pair(PartNode left, PartNode right, bool isAnd) => new PartPair(left, right, isAnd);

    protected override PartNode? Test(IReadOnlyList<FilterStep> path, string op, string value)
    {
        var names = composite.Definition.Components.Select(NameOf).ToList();
        var part = path is [{ Filter: null, Name: var name }] ? names.IndexOf(name) : -1;
        if (part < 0) return Fail(SearchIssueCode.UnknownParameter, $"One of the composite's parts is expected: {string.Join(", ", names)}");
        var type = composite.Components[part].Type;
        if (op == "pr" && value is "true" or "false")
        {
            var isThere = new PartTest((byte)part, null);
            return value == "true" ? isThere : new PartNot(isThere);
        }
        if (operators.Of(type, op, value, out var goes) is { } matcher) return new PartTest((byte)part, matcher);
        var fault = FilterParser.Wrong(type, goes);
        return Fail(fault.Code, fault.Message);
    }

    /// <summary>The last name of a plain path such as <c>%resource.referenceSeq.chromosome</c>, the first element of one with a choice of type.</summary>
    private static string NameOf(SearchComponentDefinition component)
    {
        var path = component.Expression.Split('|')[0].Trim();
        return path.Contains('(') ? path.Split('.')[0] : path[(path.LastIndexOf('.') + 1)..];
    }
}
