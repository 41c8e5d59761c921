using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.GraphQL;

internal enum GraphKind
{
    /// <summary>A value without fields.</summary>
    Leaf,

    /// <summary>Where a query to the system starts.</summary>
    Query,

    /// <summary>A resource of a type that only the record tells.</summary>
    AnyResource,

    /// <summary>A resource, or an element, of a known type.</summary>
    Known,

    /// <summary>A search's answer with its count.</summary>
    Connection,

    /// <summary>One match in it.</summary>
    Edge,

    /// <summary>A part of the schema's description.</summary>
    Schema,
}

/// <summary>What fields are asked of.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Type">The definition; of a connection and its edges that of the resources in it.</param>
/// <param name="Described">Of a part of the schema's description: which, such as <c>__Type</c>.</param>
internal readonly record struct GraphType(GraphKind Kind, TypeDefinition? Type = null, string? Described = null)
{
    /// <summary>The name of the type where a query to the system starts.</summary>
    public const string QueryName = "Query";

    public static readonly GraphType Query = new(GraphKind.Query);

    public static GraphType Of(TypeDefinition type) => new(GraphKind.Known, type);

    public bool IsResource => Kind == GraphKind.AnyResource || (Kind == GraphKind.Known && Type!.Kind == TypeKind.Resource);
}

internal enum FieldKind
{
    /// <summary><c>__typename</c>, <c>resourceType</c>.</summary>
    TypeName,

    /// <summary>An element by its JSON name.</summary>
    Element,

    /// <summary>A primitive's id and extensions, by its JSON name: <c>_birthDate</c>.</summary>
    Shadow,

    /// <summary><c>resource</c> on a Reference.</summary>
    Link,

    /// <summary>A record by its id.</summary>
    Read,

    /// <summary>A search as a list of its matches.</summary>
    List,

    /// <summary>A search with its count.</summary>
    Connection,

    /// <summary>A field of a connection or an edge.</summary>
    OfConnection,

    /// <summary><c>__schema</c> or <c>__type</c>, where a query starts, and what is asked of them.</summary>
    Schema,
}

/// <summary>A field that a type has (http://hl7.org/fhir/R4/graphql.html).</summary>
/// <param name="Kind">How its value comes about.</param>
/// <param name="Type">What its value is.</param>
/// <param name="Element">Its element, for <see cref="FieldKind.Element"/> and <see cref="FieldKind.Shadow"/>.</param>
/// <param name="IsRepeating">True where it is a list.</param>
internal sealed record GraphField(FieldKind Kind, GraphType Type, ElementForm? Element = null, bool IsRepeating = false)
{
    /// <summary>The definition that the id and extensions of a primitive have.</summary>
    public const string ShadowType = "Element";

    private static readonly FhirDefinitions R4 = FhirDefinitions.R4;
    private static readonly GraphType Leaf = new(GraphKind.Leaf);
    private static readonly Lazy<IReadOnlyDictionary<string, TypeDefinition>> ByName = new(() => R4.Types.ToDictionary(NameOf, StringComparer.Ordinal));

    /// <summary>The field of this name; null where there is none. Of a resource of unknown type: those that every resource has.</summary>
    public static GraphField? Of(GraphType type, string name)
    {
        if (name == "__typename") return new(FieldKind.TypeName, Leaf);
        if (type.Kind == GraphKind.Schema) return GraphQlIntrospection.FieldOf(type.Described!, name) is { } part ? new(FieldKind.Schema, part.Length == 0 ? Leaf : new(GraphKind.Schema, Described: part)) : null;
        if (name is "__schema" or "__type" && (type.Kind == GraphKind.Query || type.IsResource)) return new(FieldKind.Schema, new(GraphKind.Schema, Described: name == "__schema" ? "__Schema" : "__Type"));
        switch (type.Kind)
        {
            case GraphKind.Query:
                return Searches(name) ?? (R4.RecordType(name) is { } read ? new(FieldKind.Read, new(GraphKind.Known, read)) : null);
            case GraphKind.Connection:
                return name is "count" or "offset" or "pagesize" or "first" or "previous" or "next" or "last" ? new(FieldKind.OfConnection, Leaf) : name == "edges" ? new(FieldKind.OfConnection, new(GraphKind.Edge, type.Type), IsRepeating: true) : null;
            case GraphKind.Edge:
                return name is "mode" or "score" ? new(FieldKind.OfConnection, Leaf) : name == "resource" ? new(FieldKind.OfConnection, new(GraphKind.Known, type.Type)) : null;
            case GraphKind.AnyResource:
                return OfKnown(R4.Type("Resource")!, name) ?? Searches(name);
            case GraphKind.Known:
                return OfKnown(type.Type!, name) ?? (type.IsResource ? Searches(name) : null);
            default:
                return null;
        }
    }

    /// <summary>True where some resource type has an element of this name.</summary>
    public static bool IsOfSomeResource(string name) => R4.ResourceTypes.Any(t => OfKnown(R4.ResourceType(t)!, name) is not null);

    /// <summary>The name of a type in the schema, in a fragment's condition or <c>__typename</c>: of nested elements their path with capitals, <c>PatientContact</c>.</summary>
    public static string NameOf(TypeDefinition type) =>
        type.Name == ShadowType ? "ElementBase" : type.Name.Contains('.', StringComparison.Ordinal) ? string.Concat(type.Name.Split('.').Select(part => char.ToUpperInvariant(part[0]) + part[1..])) : type.Name;

    /// <summary>The type that has this name in the schema; null where there is none.</summary>
    public static TypeDefinition? TypeOf(string name) => ByName.Value.GetValueOrDefault(name);

    /// <summary>The argument for a search parameter: a name has no hyphens (http://hl7.org/fhir/R4/graphql.html#searching).</summary>
    public static string ArgumentOf(string parameter) => parameter.Replace('-', '_');

    private static GraphField? OfKnown(TypeDefinition type, string name)
    {
        if (name == "resourceType" && type.Kind == TypeKind.Resource) return new(FieldKind.TypeName, Leaf);
        if (name == "resource" && type.Name == "Reference") return new(FieldKind.Link, new(GraphKind.AnyResource));
        if (name.StartsWith('_'))
        {
            return name.Length > 1 && type.Element(name[1..]) is { Type.IsPrimitive: true } primitive
                ? new(FieldKind.Shadow, new(GraphKind.Known, R4.Type(ShadowType)), primitive, primitive.Definition.IsRepeating)
                : null;
        }

        if (type.Element(name) is not { } element) return null;
        var value = element.Type.IsPrimitive ? Leaf : element.Type is { Kind: TypeKind.Resource, IsAbstract: true } ? new(GraphKind.AnyResource) : new GraphType(GraphKind.Known, element.Type);
        return new(FieldKind.Element, value, element, element.Definition.IsRepeating);
    }

    private static GraphField? Searches(string name) =>
        name.EndsWith("List", StringComparison.Ordinal) && R4.RecordType(name[..^4]) is { } listed ? new(FieldKind.List, new(GraphKind.Known, listed), IsRepeating: true)
        : name.EndsWith("Connection", StringComparison.Ordinal) && R4.RecordType(name[..^10]) is { } connected ? new(FieldKind.Connection, new(GraphKind.Connection, connected))
        : null;
}
