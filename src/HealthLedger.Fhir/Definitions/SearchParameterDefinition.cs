namespace HealthLedger.Fhir.Definitions;

/// <summary>The type of a search parameter (R4 search.html#ptypes).</summary>
public enum SearchParameterType
{
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// <summary>An official search parameter (R4 searchparameter.html).</summary>
/// <param name="Url">Canonical URL.</param>
/// <param name="Code">The name in a query.</param>
/// <param name="Type">Its type.</param>
/// <param name="Usage">How values are matched: normal, phonetic, nearby, distance, other; empty where the definition is silent.</param>
/// <param name="Expression">FHIRPath that selects the values; empty for parameters that are not over elements.</param>
/// <param name="BaseTypes">Resource types it is defined on, as the definition lists them: "Resource" and "DomainResource" stand for all of theirs.</param>
/// <param name="Targets">Resource types a reference may point to; empty where the definition names none.</param>
/// <param name="Components">The parts of a composite, in order.</param>
/// <param name="Comparators">Prefixes the definition names; empty where it is silent.</param>
/// <param name="Modifiers">Modifiers the definition names; empty where it is silent.</param>
/// <param name="AllowsMultipleOr">Values separated by a comma are allowed.</param>
/// <param name="AllowsMultipleAnd">Repetition is allowed.</param>
public sealed record SearchParameterDefinition(
    string Url,
    string Code,
    SearchParameterType Type,
    string Usage,
    string Expression,
    IReadOnlyList<string> BaseTypes,
    IReadOnlyList<string> Targets,
    IReadOnlyList<SearchComponentDefinition> Components,
    IReadOnlyList<string> Comparators,
    IReadOnlyList<string> Modifiers,
    bool AllowsMultipleOr,
    bool AllowsMultipleAnd);

/// <summary>One part of a composite search parameter.</summary>
/// <param name="DefinitionUrl">Canonical URL of the parameter that says type and matching of this part.</param>
/// <param name="Expression">FHIRPath from each value of the composite to the values of this part.</param>
public sealed record SearchComponentDefinition(string DefinitionUrl, string Expression);
