// http://hl7.org/fhir/R4/graphql.html#conformance: "servers SHALL provide introspection services that correctly describe the services they offer" (GraphQL, October 2021, section 4).
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.GraphQL;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.GraphQL;

public sealed class GraphQlSchemaTests
{
    /// <summary>What the usual clients ask for: all of it.</summary>
    private const string Whole = """
        query Whole {
          __schema {
            queryType { name } mutationType { name } subscriptionType { name }
            types { ...Full }
            directives { name description locations args { ...Input } }
          }
        }
        fragment Full on __Type {
          kind name description
          fields(includeDeprecated: true) { name description args { ...Input } type { ...Ref } isDeprecated deprecationReason }
          inputFields { ...Input } interfaces { ...Ref } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...Ref }
        }
        fragment Input on __InputValue { name description type { ...Ref } defaultValue }
        fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }
        """;

    [Fact]
    public async Task Every_type_that_is_named_is_described_once()
    {
        var schema = await Schema();
        var types = schema["types"]!.AsArray().ToDictionary(t => Name(t!), t => t!);
        Assert.Equal("Query", Name(schema["queryType"]!));
        Assert.Null(schema["mutationType"]);
        foreach (var (name, type) in types)
        {
            Assert.Matches("^[_A-Za-z][_0-9A-Za-z]*$", name);
            foreach (var field in Fields(type))
            {
                Assert.Contains(Innermost(field["type"]!), types);
                Assert.All(field["args"]!.AsArray(), a => Assert.Equal("SCALAR", types[Innermost(a!["type"]!)]["kind"]!.GetValue<string>()));
                Assert.Equal(field["args"]!.AsArray().Count, field["args"]!.AsArray().Select(a => Name(a!)).Distinct().Count());
            }

            Assert.Equal(Fields(type).Count(), Fields(type).Select(f => Name(f!)).Distinct().Count());
        }

        var resources = types["Resource"]["possibleTypes"]!.AsArray().Select(t => Name(t!)).ToList();
        Assert.Equal(FhirDefinitions.R4.ResourceTypes, resources);
        Assert.All(resources, r => Assert.Equal(["Resource"], types[r]["interfaces"]!.AsArray().Select(i => Name(i!))));

        // What implements an interface has its fields.
        Assert.All(resources, r => Assert.Empty(Fields(types["Resource"]).Select(f => f.ToJsonString()).Except(Fields(types[r]).Select(f => f.ToJsonString()))));
    }

    /// <summary>What is described is served: each field of each type, with each of its arguments, is a good query.</summary>
    [Fact]
    public async Task Every_field_and_argument_that_is_described_can_be_asked_for()
    {
        var schema = await Schema();
        var types = schema["types"]!.AsArray().ToDictionary(t => Name(t!), t => t!);
        foreach (var resource in FhirDefinitions.R4.ResourceTypes)
        {
            foreach (var part in Fields(types[resource]).Chunk(200))
            {
                Good($"{{ {string.Join(' ', part.Select((f, i) => Asked(f, types, i)))} }}", resource);
            }
        }

        foreach (var nested in types.Values.Where(t => t["kind"]!.GetValue<string>() == "OBJECT" && FhirDefinitions.R4.ResourceType(Name(t)) is null && GraphField.TypeOf(Name(t)) is not null))
        {
            var document = GraphQlParser.Parse($"{{ {string.Join(' ', Fields(nested).Select((f, i) => Asked(f, types, i)))} }}");
            var check = GraphQlCheck.Of(document, document.Operations[0], GraphType.Of(GraphField.TypeOf(Name(nested))!));
            Assert.True(check.Count == 0, $"{Name(nested)}: {string.Join("; ", check.Select(e => e.Message))}");
        }

        foreach (var part in Fields(types["Query"]).Chunk(50))
        {
            Good($"{{ {string.Join(' ', part.Select((f, i) => Asked(f, types, i)))} }}", null);
        }
    }

    /// <summary>What is served is described: all elements, their shadows, and all search parameters where a query starts.</summary>
    [Fact]
    public async Task Every_element_and_search_parameter_is_described()
    {
        var types = (await Schema())["types"]!.AsArray().ToDictionary(t => Name(t!), t => t!);
        foreach (var type in FhirDefinitions.R4.Types.Where(t => !t.IsPrimitive && !t.IsAbstract))
        {
            var fields = Fields(types[GraphField.NameOf(type)]).Select(f => Name(f!)).ToHashSet();
            Assert.All(type.Elements.SelectMany(type.JsonNames), name => Assert.Contains(name, fields));
            Assert.All(type.Elements.SelectMany(type.JsonNames).Where(n => type.Element(n)!.Type.IsPrimitive), name => Assert.Contains("_" + name, fields));
        }

        var query = Fields(types["Query"]).ToDictionary(f => Name(f!));
        foreach (var type in FhirDefinitions.R4.RecordTypes)
        {
            var arguments = query[type + "List"]["args"]!.AsArray().Select(a => Name(a!)).ToHashSet();
            Assert.All(SearchQuery.ServedParameters(type), p => Assert.Contains(p.Code.Replace('-', '_'), arguments));
            Assert.Contains("_cursor", query[type + "Connection"]["args"]!.AsArray().Select(a => Name(a!)));
        }
    }

    [Fact]
    public async Task A_schema_is_told_once_in_an_answer()
    {
        var text = Whole.Replace("query Whole {", "query Whole { more: __schema { types { ...Full } } again: __schema { types { ...Full } } once: __schema { types { ...Full } } ", StringComparison.Ordinal);
        var answer = JsonNode.Parse((await Good(text, null).Run(new Nobody(), null)).Span)!;
        Assert.Null(answer["data"]);
        Assert.Equal("too-costly", answer["errors"]![0]!["extensions"]!["code"]!.GetValue<string>());
    }

    private static async Task<JsonNode> Schema() => JsonNode.Parse((await Good(Whole, null).Run(new Nobody(), null)).Span)!["data"]!["__schema"]!;

    private static GraphQlQuery Good(string text, string? type)
    {
        var (query, errors) = GraphQlQuery.Parse(text, null, default, type);
        return query ?? throw new InvalidOperationException($"{type}: {JsonNode.Parse(errors.Span)}");
    }

    private static string Asked(JsonNode field, Dictionary<string, JsonNode> types, int alias)
    {
        var arguments = field["args"]!.AsArray().Select(a => $"{Name(a!)}: {(Name(a!) == "type" ? "Patient" : "\"true\"")}").ToList();
        var isLeaf = types[Innermost(field["type"]!)]["kind"]!.GetValue<string>() == "SCALAR";
        return $"a{alias}: {Name(field)}{(arguments.Count == 0 ? "" : $"({string.Join(", ", arguments)})")} {(isLeaf ? "" : "{ __typename }")}";
    }

    private static string Name(JsonNode node) => node["name"]!.GetValue<string>();

    private static IEnumerable<JsonNode> Fields(JsonNode type) => (type["fields"] as JsonArray ?? []).Select(f => f!);

    private static string Innermost(JsonNode type)
    {
        while (type["ofType"] is { } inner)
        {
            type = inner;
        }

        return Name(type);
    }

    private sealed class Nobody : IGraphQlRecords
    {
        public string LocalBase => "";

        public bool MayRead(string type) => true;

        public ValueTask<IReadOnlyList<JsonElement?>> Read(IReadOnlyList<RecordAddress> addresses) => new(new JsonElement?[addresses.Count]);

        public ValueTask<GraphQlMatches> Search(string type, IReadOnlyList<KeyValuePair<string, string>> parameters) => new(new GraphQlMatches([], 0));
    }
}
