namespace HealthLedger.Fhir.GraphQL;

/// <summary>Where something stands in the query's text; both from 1.</summary>
internal readonly record struct Place(int Line, int Column);

/// <summary>A query document: operations and fragments (GraphQL, October 2021, section 2).</summary>
internal sealed record QueryDocument(IReadOnlyList<QueryOperation> Operations, IReadOnlyDictionary<string, QueryFragment> Fragments);

internal sealed record QueryOperation(string? Name, IReadOnlyList<QueryVariable> Variables, IReadOnlyList<QuerySelection> Selections, Place Place);

internal sealed record QueryVariable(string Name, bool IsRequired, QueryValue? Default, Place Place);

internal sealed record QueryFragment(string Name, string On, IReadOnlyList<QuerySelection> Selections, Place Place);

internal abstract record QuerySelection(IReadOnlyList<QueryDirective> Directives, Place Place);

/// <param name="Key">The name in the answer: the alias, or the field's own name.</param>
/// <param name="Selections">Empty for a leaf.</param>
internal sealed record QueryField(
    string Key, string Name, IReadOnlyList<QueryArgument> Arguments, IReadOnlyList<QuerySelection> Selections, IReadOnlyList<QueryDirective> Directives, Place Place) : QuerySelection(Directives, Place);

internal sealed record QuerySpread(string Fragment, IReadOnlyList<QueryDirective> Directives, Place Place) : QuerySelection(Directives, Place);

/// <param name="On">Null where the fragment is for any type.</param>
internal sealed record QueryInline(string? On, IReadOnlyList<QuerySelection> Selections, IReadOnlyList<QueryDirective> Directives, Place Place) : QuerySelection(Directives, Place);

internal sealed record QueryDirective(string Name, IReadOnlyList<QueryArgument> Arguments, Place Place);

internal sealed record QueryArgument(string Name, QueryValue Value, Place Place);

internal abstract record QueryValue;

/// <param name="Text">Null for <c>null</c>; booleans and numbers as they are written.</param>
internal sealed record QueryScalar(string? Text) : QueryValue;

internal sealed record QueryList(IReadOnlyList<QueryValue> Items) : QueryValue;

internal sealed record QueryVariableUse(string Name, Place Place) : QueryValue;

/// <summary>What is wrong with a query, or what did not work out in one.</summary>
/// <param name="Code">A FHIR issue type, such as <c>invalid</c>, <c>not-found</c>, <c>too-costly</c>.</param>
/// <param name="Path">Where in the answer: names and indexes; empty where the query itself is at fault.</param>
internal sealed record GraphQlError(string Message, string Code, Place Place, IReadOnlyList<object> Path);

/// <summary>Ends the reading or running of a query.</summary>
internal sealed class GraphQlException(string message, Place place, string code = "invalid") : Exception(message)
{
    public GraphQlError Error => new(Message, code, place, []);
}
