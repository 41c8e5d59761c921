using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>A type of the schema, or a list or a demand of one (GraphQL, October 2021, section 4.2.2).</summary>
internal enum SchemaKind
{
    Scalar,
    Object,
    Interface,
    List,
    NonNull,
}

/// <summary>A type that fields and arguments have.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name; empty for lists and demands.</param>
/// <param name="Of">What a list holds, or what must be there.</param>
/// <param name="Fields">Of an object or interface, made when they are asked for.</param>
internal sealed record SchemaType(SchemaKind Kind, string Name, SchemaType? Of = null, Func<IEnumerable<SchemaField>>? Fields = null)
{
    public SchemaType List() => new(SchemaKind.List, "", this);

    public SchemaType Needed() => new(SchemaKind.NonNull, "", this);
}

internal sealed record SchemaField(string Name, SchemaType Type, IReadOnlyList<SchemaArgument> Arguments);

internal sealed record SchemaArgument(string Name, SchemaType Type);

internal sealed record SchemaDirective(string Name, IReadOnlyList<string> Places, IReadOnlyList<SchemaArgument> Arguments);

/// <summary>
/// What can be asked for, told from the definitions by the rules that <see cref="GraphField"/> answers by: "servers SHALL provide introspection services that correctly describe the services they offer"
/// (http://hl7.org/fhir/R4/graphql.html#conformance). Types have the names of the specification's own schema: <c>PatientContact</c>, <c>ElementBase</c>, scalars by the names of primitives and of types
/// of search parameters. Lists and connections within a resource are described where a search parameter of theirs leads to its type, with the arguments that all searches share; they take the
/// parameters of their type too.
/// </summary>
internal sealed class GraphQlSchema
{
    private static readonly FhirDefinitions Definitions = FhirDefinitions.R4;
    private static readonly string[] OfConnection = ["count", "offset", "pagesize"], Cursors = ["first", "previous", "next", "last"];
    private static readonly Lazy<GraphQlSchema> Release4 = new(() => new GraphQlSchema());

    private readonly Dictionary<string, SchemaType> _types = new(StringComparer.Ordinal);
    private readonly ILookup<string, string> _referring;
    private readonly SchemaType _anyResource;

    private GraphQlSchema()
    {
        _referring = Definitions.RecordTypes
            .SelectMany(type => SearchQuery.ServedParameters(type).Where(p => p.Type == SearchParameterType.Reference)
                .SelectMany(p => p.Targets.Count > 0 ? p.Targets : Definitions.RecordTypes).Select(target => (Target: target, Type: type)))
            .Distinct().ToLookup(r => r.Target, r => r.Type);
        _anyResource = Add(new SchemaType(SchemaKind.Interface, "Resource", Fields: () => Elements(Definitions.Type("Resource")!)));
        Add(new SchemaType(SchemaKind.Object, GraphType.QueryName, Fields: Roots));
        foreach (var type in Definitions.Types.Where(t => !t.IsPrimitive && (!t.IsAbstract || t.Name == GraphField.ShadowType)))
        {
            Add(new SchemaType(SchemaKind.Object, GraphField.NameOf(type), Fields: () => Elements(type)));
        }

        foreach (var type in Definitions.RecordTypes)
        {
            Add(new SchemaType(SchemaKind.Object, type + "Connection", Fields: () => Connection(type)));
            Add(new SchemaType(SchemaKind.Object, type + "Edge", Fields: () => [Plain("mode", "code"), Plain("score", "decimal"), new("resource", Named(type), [])]));
        }

        foreach (var scalar in Definitions.DataTypes.Where(t => Definitions.Type(t)!.IsPrimitive).Select(Scalar).Concat(Enum.GetValues<SearchParameterType>().Select(Scalar)).Distinct())
        {
            Add(new SchemaType(SchemaKind.Scalar, scalar));
        }
    }

    /// <summary>The schema of FHIR R4, made on first use.</summary>
    public static GraphQlSchema R4 => Release4.Value;

    /// <summary>All types, by name.</summary>
    public IEnumerable<SchemaType> Types => _types.Values.OrderBy(t => t.Name, StringComparer.Ordinal);

    /// <summary>The directives that queries may have.</summary>
    public IReadOnlyList<SchemaDirective> Directives =>
    [
        new("include", ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"], [new("if", Named("Boolean").Needed())]),
        new("skip", ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"], [new("if", Named("Boolean").Needed())]),
        new("flatten", ["FIELD"], []),
        new("first", ["FIELD"], []),
        new("singleton", ["FIELD"], []),
        new("slice", ["FIELD"], [new("fhirpath", Named("String")), new("path", Named("String"))]),
    ];

    /// <summary>The type of this name; null where there is none.</summary>
    public SchemaType? Find(string name) => _types.GetValueOrDefault(name);

    /// <summary>What an object is a kind of.</summary>
    public IReadOnlyList<SchemaType> Interfaces(SchemaType type) => type.Kind == SchemaKind.Object && Definitions.ResourceType(type.Name) is not null ? [_anyResource] : [];

    /// <summary>The objects that are of an interface.</summary>
    public IEnumerable<SchemaType> Possible(SchemaType type) => type == _anyResource ? Definitions.ResourceTypes.Select(Named) : [];

    private SchemaType Add(SchemaType type) => _types[type.Name] = type;

    private SchemaType Named(string name) => _types[name];

    private SchemaField Plain(string name, string scalar) => new(name, Named(scalar), []);

    /// <summary>The scalar of a primitive: GraphQL's own where it has one.</summary>
    private static string Scalar(string primitive) => primitive switch { "boolean" => "Boolean", "integer" => "Int", "string" => "String", "id" => "ID", _ => primitive };

    private static string Scalar(SearchParameterType type) => type == SearchParameterType.String ? "String" : type.ToString().ToLowerInvariant();

    private IEnumerable<SchemaField> Roots() => Definitions.RecordTypes.SelectMany(type => new SchemaField[]
    {
        new(type, Named(type), [new("id", Named("ID").Needed())]),
        new(type + "List", Named(type).List(), [.. Parameters(type), .. Shared()]),
        new(type + "Connection", Named(type + "Connection"), [.. Parameters(type), .. Shared(), new("_cursor", Named("String"))]),
    });

    private IEnumerable<SchemaField> Connection(string type) =>
        [.. OfConnection.Select(n => Plain(n, "Int")), new("edges", Named(type + "Edge").List(), []), .. Cursors.Select(n => Plain(n, "String"))];

    /// <summary>A type's search parameters, each with the values of which one must match.</summary>
    private IEnumerable<SchemaArgument> Parameters(string type) =>
        SearchQuery.ServedParameters(type).Select(p => (Name: GraphField.ArgumentOf(p.Code), p.Type)).DistinctBy(p => p.Name).Where(p => p.Name != "_filter").Select(p => new SchemaArgument(p.Name, Named(Scalar(p.Type)).List()));

    /// <summary>What all searches take.</summary>
    private SchemaArgument[] Shared() =>
    [
        new("_filter", Named("String")), new("_list", Named("String")), new("_sort", Named("String").List()), new("_count", Named("Int")), new("_total", Named("code")), new("fhirpath", Named("String")),
    ];

    private IEnumerable<SchemaField> Elements(TypeDefinition type)
    {
        var owner = GraphType.Of(type);
        if (type.Kind == TypeKind.Resource) yield return Plain("resourceType", "code");
        foreach (var element in type.Elements)
        {
            foreach (var name in type.JsonNames(element))
            {
                var form = type.Element(name)!;
                yield return Described(name, owner);
                if (form.Type.IsPrimitive && GraphField.Of(owner, "_" + name) is not null) yield return Described("_" + name, owner);
            }
        }

        if (type.Name == "Reference") yield return new("resource", _anyResource, [new("optional", Named("Boolean")), new("type", Named("code"))]);
        if (type is not { Kind: TypeKind.Resource, IsAbstract: false }) yield break;
        foreach (var referring in _referring[type.Name].Order(StringComparer.Ordinal))
        {
            SchemaArgument[] arguments = [new("_reference", Named("String").Needed()), .. Shared()];
            yield return new(referring + "List", Named(referring).List(), arguments);
            yield return new(referring + "Connection", Named(referring + "Connection"), arguments);
        }
    }

    private SchemaField Described(string name, GraphType owner)
    {
        var field = GraphField.Of(owner, name)!;
        var value = field.Type.Kind switch
        {
            GraphKind.Leaf => Named(Scalar(field.Element!.Type.Name)),
            GraphKind.AnyResource => _anyResource,
            _ => Named(GraphField.NameOf(field.Type.Type!)),
        };
        return field.IsRepeating ? new(name, value.List(), [.. Narrowing(field)]) : new(name, value, []);
    }

    /// <summary>What chooses among the elements of a list: FHIRPath, place, or a child's value.</summary>
    private IEnumerable<SchemaArgument> Narrowing(GraphField field)
    {
        if (field.Type.Kind == GraphKind.Leaf) yield break;
        yield return new("fhirpath", Named("String"));
        yield return new("_count", Named("Int"));
        yield return new("_offset", Named("Int"));
        if (field.Type is not { Kind: GraphKind.Known, Type: { } type }) yield break;
        foreach (var name in type.Elements.SelectMany(type.JsonNames).Where(n => type.Element(n)!.Type.IsPrimitive && n != "fhirpath")) yield return new(name, Named(Scalar(type.Element(name)!.Type.Name)));
    }
}
