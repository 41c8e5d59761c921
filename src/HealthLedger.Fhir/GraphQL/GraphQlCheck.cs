using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>
/// Checks a query against the definitions before anything is asked for: fields, arguments, directives, variables, fragments, and how large it is with all fragments in
/// place (GraphQL, October 2021, section 5). What only a record's type can tell is found out when it is there.
/// </summary>
internal sealed class GraphQlCheck(QueryDocument document, QueryOperation operation)
{
    private const int MaxFields = 2_000;
    private const int MaxErrors = 20;

    private readonly List<GraphQlError> _errors = [];
    private readonly Stack<string> _within = [];
    private int _fields;

    /// <summary>What is wrong; empty for a good query.</summary>
    /// <exception cref="GraphQlException">It is too large, or a fragment uses itself.</exception>
    public static IReadOnlyList<GraphQlError> Of(QueryDocument document, QueryOperation operation, GraphType root)
    {
        var check = new GraphQlCheck(document, operation);
        check.Selections(operation.Selections, root, 1);
        return check._errors;
    }

    /// <param name="type">Null where nothing is known of it.</param>
    private void Selections(IEnumerable<QuerySelection> selections, GraphType? type, int depth)
    {
        foreach (var selection in selections)
        {
            if (++_fields > MaxFields) throw new GraphQlException($"A query has at most {MaxFields} fields, with its fragments in place.", selection.Place, "too-costly");
            if (depth > GraphQlParser.MaxDepth) throw new GraphQlException($"A query is at most {GraphQlParser.MaxDepth} levels deep, with its fragments in place.", selection.Place, "too-costly");
            foreach (var directive in selection.Directives) Directive(directive, selection);
            switch (selection)
            {
                case QueryField field:
                    Field(field, type, depth);
                    break;
                case QuerySpread spread when !document.Fragments.ContainsKey(spread.Fragment):
                    Wrong($"There is no fragment {Short(spread.Fragment)}.", spread.Place);
                    break;
                case QuerySpread spread:
                    if (_within.Contains(spread.Fragment)) throw new GraphQlException($"The fragment {Short(spread.Fragment)} uses itself.", spread.Place);
                    _within.Push(spread.Fragment);
                    Conditional(document.Fragments[spread.Fragment].On, document.Fragments[spread.Fragment].Selections, type, depth, spread.Place);
                    _within.Pop();
                    break;
                case QueryInline inline:
                    Conditional(inline.On, inline.Selections, type, depth, inline.Place);
                    break;
            }
        }
    }

    private void Conditional(string? on, IReadOnlyList<QuerySelection> selections, GraphType? type, int depth, Place place)
    {
        var narrowed = type;
        if (on is not null && type is { Kind: GraphKind.AnyResource or GraphKind.Known } known)
        {
            if (TypeNamed(on) is not { } condition) Wrong($"There is no type {Short(on)}.", place);
            else if (known.Kind == GraphKind.AnyResource && condition is { Kind: TypeKind.Resource, IsAbstract: false }) narrowed = new(GraphKind.Known, condition);
            else if (known.Kind == GraphKind.Known && !known.Type!.Is(condition.Name)) narrowed = null;
        }

        Selections(selections, narrowed, depth + 1);
    }

    private void Field(QueryField field, GraphType? type, int depth)
    {
        foreach (var argument in field.Arguments) Value(argument.Value);
        if (type is not { } known)
        {
            Selections(field.Selections, null, depth + 1);
            return;
        }

        if (GraphField.Of(known, field.Name) is not { } form)
        {
            if (known.Kind != GraphKind.AnyResource || !GraphField.IsOfSomeResource(field.Name)) Wrong($"{NameOf(known)} has no field {Short(field.Name)}.", field.Place);
            Selections(field.Selections, null, depth + 1);
            return;
        }

        if (form.Type.Kind == GraphKind.Leaf && field.Selections.Count > 0) Wrong($"{Short(field.Name)} is a plain value: it has no fields to select.", field.Place);
        if (form.Type.Kind != GraphKind.Leaf && field.Selections.Count == 0) Wrong($"{Short(field.Name)} has fields: select some in braces.", field.Place);
        foreach (var argument in field.Arguments) Argument(argument, form, field, known);
        if (form.Kind == FieldKind.Schema && known.Kind is GraphKind.Known or GraphKind.AnyResource && depth > 1) Wrong($"{field.Name} stands where the query starts.", field.Place);
        if (form.Kind == FieldKind.Schema && field.Name == "__type" && !field.Arguments.Any(a => a.Name == "name")) Wrong("__type needs a name.", field.Place);
        if (form.Kind == FieldKind.Read && !field.Arguments.Any(a => a.Name == "id")) Wrong($"{field.Name} needs an id; {field.Name}List searches.", field.Place);
        if (form.Kind is FieldKind.List or FieldKind.Connection && known.IsResource && !field.Arguments.Any(a => a.Name == "_reference"))
            Wrong($"Within a resource {Short(field.Name)} needs _reference: the search parameter that refers to the resource.", field.Place);
        Selections(field.Selections, form.Type.Kind == GraphKind.Leaf ? null : form.Kind == FieldKind.Link ? Target(field) : form.Type, depth + 1);
    }

    /// <summary>What a reference leads to, where the query says.</summary>
    private static GraphType Target(QueryField field) =>
        field.Arguments.FirstOrDefault(a => a.Name == "type")?.Value is QueryScalar { Text: { } name } && FhirDefinitions.R4.ResourceType(name) is { } type ? new(GraphKind.Known, type) : new(GraphKind.AnyResource);

    /// <summary>"The search parameters _include, _revinclude, _contained, _containedType are not supported" (http://hl7.org/fhir/R4/graphql.html#searching).</summary>
    private static bool IsNoArgument(string name) => name is "_include" or "_revinclude" or "_contained" or "_containedType" or "_summary" or "_elements";

    private void Argument(QueryArgument argument, GraphField form, QueryField field, GraphType within)
    {
        var isKnown = form.Kind switch
        {
            FieldKind.Read => argument.Name == "id",
            FieldKind.List or FieldKind.Connection => !IsNoArgument(argument.Name),
            FieldKind.Schema => (field.Name == "__type" && argument.Name == "name") || (argument.Name == "includeDeprecated" && within.Described is { } part && GraphQlIntrospection.TakesDeprecated(part, field.Name)),
            FieldKind.Link => argument.Name is "type" or "optional",
            FieldKind.Element or FieldKind.Shadow => form.IsRepeating && form.Type.Kind != GraphKind.Leaf && (argument.Name is "fhirpath" or "_count" or "_offset" || form.Type is { Kind: GraphKind.Known, Type: { } type } && type.Element(argument.Name) is { Type.IsPrimitive: true }),
            _ => false,
        };
        if (!isKnown) Wrong($"{Short(field.Name)} takes no argument {Short(argument.Name)}.", argument.Place);
        if (argument is { Name: "fhirpath", Value: QueryScalar { Text: { } text } } && form.Kind is FieldKind.Element or FieldKind.Shadow or FieldKind.List or FieldKind.Connection) Expression(text, argument.Place);
    }

    private void Directive(QueryDirective directive, QuerySelection on)
    {
        string[]? taken = directive.Name switch { "include" or "skip" => ["if"], "flatten" or "first" or "singleton" => [], "slice" => [directive.Arguments is [{ Name: "path" }] ? "path" : "fhirpath"], _ => null };
        if (taken is null)
        {
            Wrong($"There is no directive {Short(directive.Name)} here: include, skip, flatten, first, singleton and slice are served.", directive.Place, "not-supported");
            return;
        }

        if (!directive.Arguments.Select(a => a.Name).SequenceEqual(taken)) Wrong(taken.Length == 0 ? $"@{directive.Name} takes no argument." : $"@{directive.Name} takes the argument {taken[0]}.", directive.Place);
        if (directive.Name is not ("include" or "skip") && on is not QueryField) Wrong($"@{directive.Name} stands on fields.", directive.Place);
        foreach (var argument in directive.Arguments)
        {
            Value(argument.Value);
            if (argument is { Name: "fhirpath" or "path", Value: QueryScalar { Text: { } text and not "$index" } }) Expression(text, argument.Place);
        }
    }

    private void Value(QueryValue value)
    {
        if (value is QueryVariableUse use && !operation.Variables.Any(v => v.Name == use.Name)) Wrong($"The variable ${Short(use.Name)} is not declared.", use.Place);
        if (value is QueryList list)
            foreach (var item in list.Items) Value(item);
    }

    private void Expression(string text, Place place)
    {
        try
        {
            FhirPathExpression.Parse(text);
        }
        catch (FhirPathSyntaxException)
        {
            Wrong("The argument fhirpath is no FHIRPath expression.", place);
        }
    }

    private void Wrong(string message, Place place, string code = "invalid")
    {
        if (_errors.Count < MaxErrors) _errors.Add(new(message, code, place, []));
    }

    private static TypeDefinition? TypeNamed(string name) => GraphField.TypeOf(name);

    private static string NameOf(GraphType type) => type.Kind switch
    {
        GraphKind.Known => GraphField.NameOf(type.Type!),
        GraphKind.Query => "A query to the system",
        GraphKind.AnyResource => "A resource",
        GraphKind.Schema => type.Described!,
        _ => type.Kind.ToString(),
    };

    private static string Short(string name) => name.Length <= 64 ? name : name[..64];
}
