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
}

/// <summary>What fields are asked of.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Type">The definition; of a connection and its edges that of the resources in it.</param>
internal readonly record struct GraphType(GraphKind Kind, TypeDefinition? Type = null)
{
    public static readonly GraphType Query = new(GraphKind.Query);

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
}

/// <summary>A field that a type has (http://hl7.org/fhir/R4/graphql.html).</summary>
/// <param name="Kind">How its value comes about.</param>
/// <param name="Type">What its value is.</param>
/// <param name="Element">Its element, for <see cref="FieldKind.Element"/> and <see cref="FieldKind.Shadow"/>.</param>
/// <param name="IsRepeating">True where it is a list.</param>
internal sealed record GraphField(FieldKind Kind, GraphType Type, ElementForm? Element = null, bool IsRepeating = false)
{
    private static readonly FhirDefinitions R4 = FhirDefinitions.R4;
    private static readonly GraphType Leaf = new(GraphKind.Leaf);

    /// <summary>The field of this name; null where there is none. Of a resource of unknown type: those that every resource has.</summary>
    public static GraphField? Of(GraphType type, string name)
    {
        if (name == "__typename") return new(FieldKind.TypeName, Leaf);
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

    /// <summary>The name of a type in a fragment's condition or <c>__typename</c>; nested elements have the names of their path with underscores.</summary>
    public static string NameOf(TypeDefinition type) => type.Name.Replace('.', '_');

    private static GraphField? OfKnown(TypeDefinition type, string name)
    {
        if (name == "resourceType" && type.Kind == TypeKind.Resource) return new(FieldKind.TypeName, Leaf);
        if (name == "resource" && type.Name == "Reference") return new(FieldKind.Link, new(GraphKind.AnyResource));
        if (name.StartsWith('_'))
        {
            return name.Length > 1 && type.Element(name[1..]) is { Type.IsPrimitive: true } primitive
                ? new(FieldKind.Shadow, new(GraphKind.Known, R4.Type("Element")), primitive, primitive.Definition.IsRepeating)
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
