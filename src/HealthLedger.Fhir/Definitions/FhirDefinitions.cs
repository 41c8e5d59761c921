namespace HealthLedger.Fhir.Definitions;

/// <summary>The official definitions of one FHIR release. Immutable; all members are safe for many threads.</summary>
public sealed class FhirDefinitions
{
    private static readonly Lazy<FhirDefinitions> Release4 = new(Load);

    private readonly Dictionary<string, TypeDefinition> _types;
    private readonly Utf8Table<TypeDefinition> _resourceTypes;
    private readonly Dictionary<string, SearchParameterDefinition> _searchParametersByUrl = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, SearchParameterDefinition>> _searchParameters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CompartmentDefinition> _compartments;

    /// <summary>What operations take and give, and nothing else: R4 gives it no endpoint (http://hl7.org/fhir/R4/parameters.html).</summary>
    private const string NeverStored = "Parameters";

    private FhirDefinitions(DefinitionsReader table)
    {
        _types = table.Types;
        ResourceTypes = [.. _types.Values.Where(t => t is { Kind: TypeKind.Resource, IsAbstract: false }).Select(t => t.Name).Order(StringComparer.Ordinal)];
        DataTypes = [.. _types.Values.Where(t => t.Kind is TypeKind.Primitive or TypeKind.Complex).Select(t => t.Name).Order(StringComparer.Ordinal)];
        RecordTypes = [.. ResourceTypes.Where(t => t != NeverStored)];
        _resourceTypes = new Utf8Table<TypeDefinition>(ResourceTypes.Count);
        foreach (var name in ResourceTypes)
        {
            _resourceTypes.Add(name, _types[name]);
        }

        SearchParameters = table.SearchParameters;
        _compartments = table.Compartments.ToDictionary(c => c.Code, StringComparer.Ordinal);
        IndexSearchParameters();
    }

    /// <summary>FHIR R4, 4.0.1, read on first use.</summary>
    public static FhirDefinitions R4 => Release4.Value;

    /// <summary>The 146 concrete resource types in ordinal order.</summary>
    public IReadOnlyList<string> ResourceTypes { get; }

    /// <summary>Those of them that records are of and that have an endpoint: all but Parameters.</summary>
    public IReadOnlyList<string> RecordTypes { get; }

    /// <summary>Primitive and complex data types, abstract ones too, in ordinal order.</summary>
    public IReadOnlyList<string> DataTypes { get; }

    /// <summary>All types: resources, data types and nested elements.</summary>
    internal IEnumerable<TypeDefinition> Types => _types.Values;

    /// <summary>All official search parameters, in the order of their URLs; some are on no type, and two pairs share type and code.</summary>
    public IReadOnlyList<SearchParameterDefinition> SearchParameters { get; }

    /// <summary>The codes of the compartments that are defined.</summary>
    public IEnumerable<string> Compartments => _compartments.Keys;

    /// <summary>A resource type, a data type, or by its path a nested element (<c>Patient.contact</c>). Null where there is none.</summary>
    public TypeDefinition? Type(string name) => _types.GetValueOrDefault(name);

    /// <summary>The concrete resource type of this name. Null where there is none.</summary>
    public TypeDefinition? ResourceType(string name) => Type(name) is { Kind: TypeKind.Resource, IsAbstract: false } type ? type : null;

    /// <summary>The same, where records may be of it.</summary>
    public TypeDefinition? RecordType(string name) => name == NeverStored ? null : ResourceType(name);

    /// <summary>The resource type with the UTF-8 bytes of a name. Null where there is none.</summary>
    public TypeDefinition? ResourceType(ReadOnlySpan<byte> utf8Name) => _resourceTypes.TryGet(utf8Name, out var type) ? type : null;

    /// <summary>The search parameters of a concrete resource type, those of Resource and DomainResource included, one for each code. Empty where there is no such type.</summary>
    public IReadOnlyCollection<SearchParameterDefinition> SearchParametersOf(string resourceType) =>
        _searchParameters.TryGetValue(resourceType, out var parameters) ? parameters.Values : [];

    /// <summary>The search parameter that this code names on this concrete resource type. Null where there is none.</summary>
    public SearchParameterDefinition? SearchParameter(string resourceType, string code) =>
        _searchParameters.TryGetValue(resourceType, out var parameters) ? parameters.GetValueOrDefault(code) : null;

    /// <summary>The search parameter of this canonical URL. Null where there is none.</summary>
    public SearchParameterDefinition? SearchParameter(string url) => _searchParametersByUrl.GetValueOrDefault(url);

    /// <summary>The compartment definition of this code, such as <c>Patient</c>. Null where there is none.</summary>
    public CompartmentDefinition? Compartment(string code) => _compartments.GetValueOrDefault(code);

    internal static FhirDefinitions FromTable(byte[] unpackedTable) => new(DefinitionsReader.Read(unpackedTable));

    private static FhirDefinitions Load() => FromTable(EmbeddedTable.Unpack("r4.definitions"));

    /// <summary>
    /// A type's own parameters come before those of its bases. Two examples of the specification reuse a type and code of a real parameter;
    /// their URLs come later in the order, so the first one stands.
    /// </summary>
    private void IndexSearchParameters()
    {
        var byBase = new Dictionary<string, List<SearchParameterDefinition>>(StringComparer.Ordinal);
        foreach (var parameter in SearchParameters)
        {
            _searchParametersByUrl.TryAdd(parameter.Url, parameter);
            foreach (var type in parameter.BaseTypes)
            {
                if (!byBase.TryGetValue(type, out var list))
                {
                    byBase[type] = list = [];
                }

                list.Add(parameter);
            }
        }

        foreach (var name in ResourceTypes)
        {
            var parameters = new Dictionary<string, SearchParameterDefinition>(StringComparer.Ordinal);
            for (var type = _types[name]; type is not null; type = type.Base)
            {
                foreach (var parameter in byBase.GetValueOrDefault(type.Name) ?? [])
                {
                    parameters.TryAdd(parameter.Code, parameter);
                }
            }

            _searchParameters[name] = parameters;
        }
    }
}
