using System.Buffers;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.GraphQL;

/// <summary>
/// A GraphQL query over FHIR records (http://hl7.org/fhir/R4/graphql.html), read and checked. Mutations are not served. Limits: 32 Ki characters, 24 levels and 2,000 fields with all
/// fragments in place, 500 records by reference, 20 searches, 100,000 values.
/// </summary>
public sealed class GraphQlQuery
{
    /// <summary>The longest query, in characters.</summary>
    public const int MaxLength = 32 * 1024;

    private readonly QueryDocument _document;
    private readonly QueryOperation _operation;
    private readonly IReadOnlyDictionary<string, QueryValue> _variables;

    private GraphQlQuery(QueryDocument document, QueryOperation operation, IReadOnlyDictionary<string, QueryValue> variables) => (_document, _operation, _variables) = (document, operation, variables);

    /// <summary>Reads a query; where it is wrong, the GraphQL response that says so.</summary>
    /// <param name="text">The query.</param>
    /// <param name="operationName">Which of its operations; null where it has one.</param>
    /// <param name="variables">A JSON object, or undefined.</param>
    /// <param name="resourceType">The type of the resource that the query starts from; null for the system.</param>
    public static (GraphQlQuery? Query, ReadOnlyMemory<byte> Errors) Parse(string text, string? operationName, JsonElement variables, string? resourceType)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            if (text.Length > MaxLength) throw new GraphQlException($"A query has at most {MaxLength} characters.", default, "too-long");
            var document = GraphQlParser.Parse(text);
            var operation = Chosen(document, operationName);
            var root = resourceType is null ? GraphType.Query : new GraphType(GraphKind.Known, FhirDefinitions.R4.ResourceType(resourceType) ?? throw new ArgumentException("No resource type.", nameof(resourceType)));
            var errors = GraphQlCheck.Of(document, operation, root);
            return errors.Count > 0 ? (null, Response(errors)) : (new GraphQlQuery(document, operation, GraphQlVariables.Read(operation, variables)), default);
        }
        catch (GraphQlException wrong)
        {
            return (null, Response([wrong.Error]));
        }
    }

    /// <summary>A response that says one thing of the request as a whole.</summary>
    public static ReadOnlyMemory<byte> Refusal(string message, string code) => Response([new(message, code, default, [])]);

    /// <summary>Runs the query.</summary>
    /// <param name="records">What it may see.</param>
    /// <param name="resource">The resource it starts from, of the type it was read for; null for the system.</param>
    /// <returns>The GraphQL response, errors in it included.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> Run(IGraphQlRecords records, JsonElement? resource)
    {
        ArgumentNullException.ThrowIfNull(records);
        var run = new GraphQlRun(_document, _variables, records);
        var output = new ArrayBufferWriter<byte>(4096);
        try
        {
            GraphQlAnswer.Write(output, await run.Run(_operation, resource), run.Errors, ran: true);
        }
        catch (GraphQlException ended)
        {
            output.ResetWrittenCount();
            GraphQlAnswer.Write(output, null, [ended.Error], ran: true);
        }

        return output.WrittenMemory;
    }

    private static QueryOperation Chosen(QueryDocument document, string? name)
    {
        var chosen = document.Operations.Where(o => name is null || o.Name == name).ToList();
        return chosen is [var one] ? one
            : throw new GraphQlException(name is null ? "The query has several operations: choose one by operationName." : "operationName names no operation of the query, or several.", default);
    }

    private static ReadOnlyMemory<byte> Response(IReadOnlyList<GraphQlError> errors)
    {
        var output = new ArrayBufferWriter<byte>(256);
        GraphQlAnswer.Write(output, null, errors, ran: false);
        return output.WrittenMemory;
    }
}

/// <summary>Variables of a query: from the request, or as the query has them by default.</summary>
internal static class GraphQlVariables
{
    public static IReadOnlyDictionary<string, QueryValue> Read(QueryOperation operation, JsonElement given)
    {
        if (given.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null)) throw new GraphQlException("variables is a JSON object.", default);
        var values = new Dictionary<string, QueryValue>(StringComparer.Ordinal);
        foreach (var variable in operation.Variables)
        {
            var value = given.ValueKind == JsonValueKind.Object && given.TryGetProperty(variable.Name, out var json) ? Value(json, variable, 0) : variable.Default ?? new QueryScalar(null);
            if (variable.IsRequired && value is QueryScalar { Text: null }) throw new GraphQlException($"The variable ${variable.Name} needs a value.", variable.Place);
            if (!values.TryAdd(variable.Name, value)) throw new GraphQlException($"The variable ${variable.Name} is declared twice.", variable.Place);
        }

        return values;
    }

    private static QueryValue Value(JsonElement json, QueryVariable variable, int depth) => json.ValueKind switch
    {
        JsonValueKind.Null => new QueryScalar(null),
        JsonValueKind.String => new QueryScalar(json.GetString()),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => new QueryScalar(json.GetRawText()),
        JsonValueKind.Array when depth < GraphQlParser.MaxDepth => new QueryList([.. json.EnumerateArray().Select(item => Value(item, variable, depth + 1))]),
        _ => throw new GraphQlException($"The variable ${variable.Name} takes a plain value or a list of them.", variable.Place, "not-supported"),
    };
}
