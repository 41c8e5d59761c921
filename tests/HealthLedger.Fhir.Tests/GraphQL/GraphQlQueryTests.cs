// GraphQL, October 2021, sections 2 and 5: what is read, what is refused; a hostile text ends in an answer, quickly.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.GraphQL;

namespace HealthLedger.Fhir.Tests.GraphQL;

public sealed class GraphQlQueryTests
{
    private const string Good = "query a($id: [String!]! = \"x\", $n: Int) { p: Patient(id: $id) { ...F name(use: official, _count: $n) @first { given family @skip(if: false) } } } fragment F on Patient { id _birthDate { extension { url } } # end\n }";

    [Theory]
    [InlineData("{ Patient(id: \"\"\"\n    x\n      y\n  \"\"\") { id } }", "x\n  y")]
    [InlineData("{ Patient(id: \"a\\u0042\\n\\\"\") { id } }", "aB\n\"")]
    [InlineData("{,,Patient ( id : 12 ) {id,}}", "12")]
    [InlineData("\uFEFF{ Patient(id: true) { id } }", "true")]
    public void A_value_is_read_as_the_grammar_says(string query, string id)
    {
        var document = GraphQlParser.Parse(query);
        var field = Assert.IsType<QueryField>(document.Operations[0].Selections[0]);
        Assert.Equal(new QueryScalar(id), field.Arguments[0].Value);
    }

    [Fact]
    public void A_fault_names_its_place()
    {
        var (query, errors) = GraphQlQuery.Parse("{\n  Patient(id: 1) {\n    zebedee\n  }\n}", null, default, null);
        Assert.Null(query);
        var error = JsonNode.Parse(errors.Span)!["errors"]![0]!;
        Assert.Equal("""{"line":3,"column":5}""", error["locations"]![0]!.ToJsonString());
        Assert.Contains("zebedee", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_stands_in_a_query_is_read_or_refused()
    {
        Assert.NotNull(Parsed(Good));
        var pieces = new[] { "{", "}", "(", ")", "[", "]", "$", ":", "@", "...", "\"", "\"\"\"", "\\", "id", "on", "fragment", "F", "query", "Patient", "name", "1e9", "-", "#", "\n", "null", "\u0000", "\ud800", "=", "!", "|", "resource", "_x" };
        var edits = Gen.Choose(0, Good.Length - 1).Zip(Gen.Elements(pieces)).Zip(Gen.Choose(0, 6)).ListOf();
        Prop.ForAll(edits.ToArbitrary(), changes =>
        {
            var text = new StringBuilder(Good);
            foreach (var ((at, piece), cut) in changes)
            {
                var place = Math.Min(at, text.Length);
                text.Remove(place, Math.Min(cut, text.Length - place)).Insert(place, piece);
            }

            Parsed(text.ToString());
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task A_query_runs_over_any_resource_that_has_its_fields_and_names_what_has_not()
    {
        using var resource = JsonDocument.Parse("""{"resourceType":"Observation","id":"o","contained":[{"resourceType":"Patient","id":"p","gender":"male"},{"resourceType":"Device","id":"d"}],"valueString":"v","_status":{"id":"s"},"subject":{"reference":"#p"},"device":{"reference":"urn:uuid:0"},"note":[{"text":"a"},{"text":"b"}]}""");
        var query = Parsed("{ contained { id ... on Patient { gender } ... on Device { status } } _status { id } valueString subject { resource { gender } } device { resource(optional: true) { id } } note(text: \"b\") { text } }", "Observation");
        var answer = JsonNode.Parse((await query!.Run(new Nobody(), resource.RootElement)).Span)!;
        Assert.Null(answer["errors"]);
        var expected = """{"contained":[{"id":"p","gender":"male"},{"id":"d","status":null}],"_status":{"id":"s"},"valueString":"v","subject":{"resource":{"gender":"male"}},"device":{"resource":null},"note":[{"text":"b"}]}""";
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), answer["data"]), answer.ToJsonString());

        query = Parsed("{ contained { gender } }", "Observation");
        answer = JsonNode.Parse((await query!.Run(new Nobody(), resource.RootElement)).Span)!;
        Assert.Equal("""["contained",1,"gender"]""", answer["errors"]![0]!["path"]!.ToJsonString());
    }

    [Fact]
    public async Task A_query_whose_expressions_cost_too_much_ends_as_a_whole()
    {
        var text = new string('a', 5000) + "!";
        using var resource = JsonDocument.Parse($$"""{"resourceType":"Patient","name":[{"text":"{{text}}"},{"text":"{{text}}"}]}""");
        var many = string.Join('|', Enumerable.Range(0, 60));
        var answer = JsonNode.Parse((await Parsed($"{{ name(fhirpath: \"({many}).select(%context.text.matches('(a+)+$')).allFalse()\") {{ text }} }}", "Patient")!.Run(new Nobody(), resource.RootElement)).Span)!;
        Assert.Null(answer["data"]);
        Assert.Contains("too-costly", Assert.Single(answer["errors"]!.AsArray())!.ToJsonString(), StringComparison.Ordinal);

        // A pattern that is not supported is said where it stands.
        answer = JsonNode.Parse((await Parsed("{ name(fhirpath: \"text.matches('(?=a)(a+)+$')\") { text } }", "Patient")!.Run(new Nobody(), resource.RootElement)).Span)!;
        Assert.NotNull(answer["data"]);
        Assert.Contains("look-around", answer["errors"]![0]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static GraphQlQuery? Parsed(string text, string? type = null)
    {
        var (query, errors) = GraphQlQuery.Parse(text, null, default, type);
        Assert.Equal(query is null, !errors.IsEmpty);
        return query;
    }

    private sealed class Nobody : IGraphQlRecords
    {
        public string LocalBase => "";

        public bool MayRead(string type) => true;

        public ValueTask<IReadOnlyList<JsonElement?>> Read(IReadOnlyList<RecordAddress> addresses) => new(new JsonElement?[addresses.Count]);

        public ValueTask<GraphQlMatches> Search(string type, IReadOnlyList<KeyValuePair<string, string>> parameters) => new(new GraphQlMatches([], 0));
    }
}
