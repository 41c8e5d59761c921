using System.Collections.Concurrent;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// What to read from resources of one type: its search parameters in ordinal order of their codes (their index is the <c>Parameter</c> of terms), with compiled expressions.
/// A union is split into its branches, and those that start from another type are dropped: no value is lost, and no duplicates need to be removed by comparison.
/// </summary>
internal sealed class TypePlan
{
    private static readonly ConcurrentDictionary<string, TypePlan> Plans = new(StringComparer.Ordinal);

    /// <summary>Of parameters whose R4 definition has no FHIRPath, by URL: what their descriptions and XPaths say.</summary>
    private static readonly Dictionary<string, string> Expressions = new(StringComparer.Ordinal)
    {
        ["http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-birthOrderBoolean"] = "Patient.multipleBirth.select(iif($this is boolean, $this, true))",
    };

    private readonly Dictionary<string, ushort> _byCode = new(StringComparer.Ordinal);

    private TypePlan(TypeDefinition type)
    {
        Type = type;
        var parameters = FhirDefinitions.R4.SearchParametersOf(type.Name).OrderBy(p => p.Code, StringComparer.Ordinal).ToArray();
        Parameters = Array.ConvertAll(parameters, p => new PlannedParameter(p, Branches(p, type), Components(p)));
        for (ushort i = 0; i < Parameters.Length; i++) _byCode[Parameters[i].Code] = i;
        CompartmentParameters = [.. (FhirDefinitions.R4.Compartment("Patient")?.Parameters(type.Name) ?? []).Where(_byCode.ContainsKey).Select(c => _byCode[c])];
    }

    public TypeDefinition Type { get; }

    public PlannedParameter[] Parameters { get; }

    /// <summary>The parameters whose references to patients put a record into their compartments.</summary>
    public ushort[] CompartmentParameters { get; }

    /// <summary>Whether every reference to a patient that the parameter reads puts the record into that patient's compartment: it is a compartment parameter, or reads elements that those read.</summary>
    public bool LeadsToCompartment(string code)
    {
        if (_byCode.GetValueOrDefault(code, ushort.MaxValue) is var index && index == ushort.MaxValue) return false;
        if (Array.IndexOf(CompartmentParameters, index) >= 0) return true;
        var paths = Paths(Parameters[index]).ToList();
        var members = CompartmentParameters.SelectMany(m => Paths(Parameters[m])).ToHashSet(StringComparer.Ordinal);
        return paths.Count > 0 && paths.TrueForAll(members.Contains);
    }

    // The condition on the target's type may go: only values that name a patient are asked about.
    private IEnumerable<string> Paths(PlannedParameter parameter) => parameter.Definition.Expression
        .Split('|', StringSplitOptions.TrimEntries)
        .Where(path => path.StartsWith(Type.Name + ".", StringComparison.Ordinal))
        .Select(path => path.Replace(".where(resolve() is Patient)", "", StringComparison.Ordinal));

    public ushort? IndexOf(string code) => _byCode.TryGetValue(code, out var index) ? index : null;

    /// <exception cref="ArgumentException">The type is no concrete resource type.</exception>
    public static TypePlan Of(string type) => Plans.GetOrAdd(type, static name =>
        new TypePlan(FhirDefinitions.R4.ResourceType(name) ?? throw new ArgumentException("Not a resource type.", nameof(type))));

    private static Expr[] Branches(SearchParameterDefinition parameter, TypeDefinition type)
    {
        // The id and the time of change are known from where the record is kept.
        var expression = Expressions.GetValueOrDefault(parameter.Url, parameter.Expression);
        if (expression.Length == 0 || parameter.Code is "_id" or "_lastUpdated") return [];
        var branches = new List<Expr>();
        Split(FhirPathExpression.Parse(expression).Root, branches);
        branches.RemoveAll(b => RootName(b) is { } root && FhirDefinitions.R4.Type(root) is { Kind: TypeKind.Resource } && !type.Is(root));
        return [.. branches];
    }

    private static PlannedComponent[] Components(SearchParameterDefinition parameter) =>
        parameter.Type != SearchParameterType.Composite ? [] : [.. parameter.Components.Select(c =>
        {
            var branches = new List<Expr>();
            Split(FhirPathExpression.Parse(c.Expression).Root, branches);
            return new PlannedComponent(TypeOf(parameter, c), [.. branches]);
        })];

    // In R4 the two parts of DocumentReference's "relationship" name each other's definition: the one that selects the same element decides.
    private static SearchParameterType TypeOf(SearchParameterDefinition composite, SearchComponentDefinition component)
    {
        var own = FhirDefinitions.R4.SearchParameter(component.DefinitionUrl);
        var same = composite.Components.Select(c => FhirDefinitions.R4.SearchParameter(c.DefinitionUrl))
            .FirstOrDefault(d => d is not null && d.Expression.EndsWith("." + component.Expression, StringComparison.Ordinal));
        var isOwn = own is not null && own.Expression.Contains("." + component.Expression, StringComparison.Ordinal);
        return (isOwn ? own : same ?? own)?.Type ?? SearchParameterType.Special;
    }

    private static void Split(Expr expression, List<Expr> branches)
    {
        if (expression is UnionExpr union)
        {
            Split(union.Left, branches);
            Split(union.Right, branches);
        }
        else branches.Add(expression);
    }

    private static string? RootName(Expr expression)
    {
        while (true)
        {
            var target = expression switch { MemberExpr m => m.Target, CallExpr c => c.Target, TypeExpr t => t.Target, IndexerExpr i => i.Target, _ => null };
            if (target is null) return expression is MemberExpr { Name: var name } && char.IsAsciiLetterUpper(name[0]) ? name : null;
            expression = target;
        }
    }
}

/// <summary>One part of a composite: what selects its values from each instance.</summary>
internal sealed record PlannedComponent(SearchParameterType Type, Expr[] Branches);

/// <summary>One search parameter of a type with what selects its values; of a composite, its instances.</summary>
internal sealed record PlannedParameter(SearchParameterDefinition Definition, Expr[] Branches, PlannedComponent[] Components)
{
    public string Code => Definition.Code;
    public SearchParameterType Type => Definition.Type;

    /// <summary>How many parts a value has that is stored in parts: those of a composite, latitude and longitude of a place; 0 for all others.</summary>
    public int Parts => Type switch { SearchParameterType.Composite => Components.Length, SearchParameterType.Special => 2, _ => 0 };
}
