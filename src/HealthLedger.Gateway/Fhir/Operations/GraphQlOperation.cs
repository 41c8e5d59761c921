using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.GraphQL;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// <c>$graphql</c> on the system and on a record (http://hl7.org/fhir/R4/graphql.html), for reading. Every record that a query meets is a read of its own on the disclosure road and every list a search, with
/// an entry each: a reference to what the caller may not see leads nowhere, like one to what is not there.
/// </summary>
internal sealed class GraphQlOperation(Disclosure disclosure, FhirSearches searches, SmartUrls urls) : IFhirOperation
{
    private const string MediaType = "application/json; charset=utf-8";
    private const int MaximumBody = 128 * 1024;

    public string Name => "graphql";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/Resource-graphql";

    public OperationLevels Levels => OperationLevels.System | OperationLevels.Instance;

    public bool OnlyReads => true;

    public string? NotInBundles => "The answer to $graphql is no resource, so that no Bundle holds it: call it on its own.";

    public bool IsOn(string resourceType) => true;

    public ValueTask<AskedOperation> Read(OperationCall call) => ValueTask.FromResult(call.Type is { } type && !call.Call.Covers(type, ScopeInteraction.Read)
        ? AskedOperation.Wrong(FhirFault.Forbidden("No scope of this token covers reading this type."))
        : AskedOperation.Good(() => Tell(call)));

    private async Task Tell(OperationCall call)
    {
        var http = call.Http;
        var (asked, refusal) = await Asked(call);
        if (asked is not var (text, operationName, variables))
        {
            await http.Written(StatusCodes.Status400BadRequest, MediaType, refusal);
            return;
        }

        (var query, refusal) = GraphQlQuery.Parse(text, operationName, variables, call.Type);
        if (query is null)
        {
            await http.Written(StatusCodes.Status400BadRequest, MediaType, refusal);
            return;
        }

        using var records = new GraphQlRecords(call.Call, disclosure, searches, urls);
        JsonElement? focus = null;
        if (call.Type is not null)
        {
            focus = (await records.Read([new(call.Type, call.Id!)]))[0];
            if (focus is null && !records.IsUnavailable)
            {
                await http.Fault(FhirFault.NotThere, records.Receipt);
                return;
            }
        }

        var answer = records.IsUnavailable ? default : await query.Run(records, focus);
        if (records.IsUnavailable)
        {
            await http.Fault(FhirFault.LedgerUnavailable);
            return;
        }

        http.Receipt(records.Receipt);
        await http.Written(StatusCodes.Status200OK, MediaType, AnswerForm.IsPrettyIn(http) ? PrettyJson.Write(answer.Span) : answer);
    }

    /// <summary>The query with its variables: in the URL, or by POST as application/graphql or as a JSON object.</summary>
    private static async ValueTask<((string Text, string? OperationName, JsonElement Variables)? Asked, ReadOnlyMemory<byte> Refusal)> Asked(OperationCall call)
    {
        var request = call.Http.Request;
        var given = QueryText.Split(request.QueryString.Value?.TrimStart('?') ?? "");
        string? text = null, operationName = null;
        JsonElement variables = default;
        foreach (var (name, value) in given)
        {
            switch (name)
            {
                case "query":
                    text = value;
                    break;
                case "operationName":
                    operationName = value;
                    break;
                case "variables" when Json(Encoding.UTF8.GetBytes(value)) is { } json:
                    variables = json;
                    break;
                default:
                    return (null, GraphQlQuery.Refusal("The URL takes query, operationName and variables, the last a JSON object.", "invalid"));
            }
        }

        if (HttpMethods.IsPost(request.Method))
        {
            if (await FhirBody.Read(call.Http, MaximumBody, call.Aborted) is not { } body)
            {
                return (null, GraphQlQuery.Refusal($"A request has at most {MaximumBody / 1024} KiB.", "too-long"));
            }

            if (request.ContentType?.StartsWith("application/graphql", StringComparison.OrdinalIgnoreCase) == true)
            {
                text = Encoding.UTF8.GetString(body.Span);
            }
            else if (FhirMedia.Of(request.ContentType) == FhirFormat.Json && Json(body) is { ValueKind: JsonValueKind.Object } json)
            {
                (text, operationName, variables) = (Member(json, "query") ?? text, Member(json, "operationName") ?? operationName, json.TryGetProperty("variables", out var own) ? own : variables);
            }
            else if (!body.IsEmpty)
            {
                return (null, GraphQlQuery.Refusal("Send the query as application/graphql, or application/json with query, operationName and variables.", "not-supported"));
            }
        }

        return text is null ? (null, GraphQlQuery.Refusal("There is no query.", "required")) : ((text, operationName, variables), default);
    }

    private static string? Member(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement? Json(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What one query may see: it opens records for the query and zeroes them when the answer is made.</summary>
internal sealed class GraphQlRecords(FhirCall call, Disclosure disclosure, FhirSearches searches, SmartUrls urls) : IGraphQlRecords, IDisposable
{
    private const string NoCursor = "_cursor: This is no cursor of this client, purpose and search. Begin the search again.";

    private readonly List<IDisposable> _opened = [];

    public string LocalBase => urls.Fhir;

    /// <summary>Where the first of the query's requests stands in the ledger.</summary>
    public ReceiptId? Receipt { get; private set; }

    /// <summary>True where the ledger took no entry: then nothing goes out.</summary>
    public bool IsUnavailable { get; private set; }

    public bool MayRead(string type) => call.Covers(type, ScopeInteraction.Read);

    public async ValueTask<IReadOnlyList<JsonElement?>> Read(IReadOnlyList<RecordAddress> addresses)
    {
        var reads = addresses.Select(a => disclosure.Disclose(FhirReads.Request(call, new Target.Record(a.Type, a.Id, Number(a.Version))), call.Aborted).AsTask()).ToList();
        try
        {
            return [.. (await Task.WhenAll(reads)).Select(Opened)];
        }
        finally
        {
            // Where one fails, the others are zeroed all the same: all have ended by now.
            _opened.AddRange(reads.Where(read => read.IsCompletedSuccessfully).Select(read => read.Result));
        }
    }

    public async ValueTask<GraphQlMatches> Search(string type, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        // "The client cannot change the parameters for the search (and should not specify them) when providing a cursor" (http://hl7.org/fhir/R4/graphql.html#searching): it has them with it.
        if (parameters.FirstOrDefault(p => p.Key == PageCursors.Parameter).Value is { } cursor)
        {
            if (parameters.Count > 1 || Continued(cursor) is not { } continued)
            {
                return new([], null, parameters.Count > 1 ? "A cursor stands alone: it carries its search on." : NoCursor);
            }

            parameters = continued;
        }

        var (found, fault) = await searches.Find(call, new SearchPlace(type), QueryText.Join(parameters));
        if (found is null)
        {
            IsUnavailable |= fault == FhirFault.LedgerUnavailable;
            return new([], null, fault!.Issues[0].Message, fault.Status == StatusCodes.Status403Forbidden ? "forbidden" : "invalid");
        }

        Receipt ??= found.Receipt;
        var bundle = JsonDocument.Parse(found.Bundle, MetaText.Depth);
        _opened.Insert(0, bundle);
        var entries = bundle.RootElement.TryGetProperty("entry", out var all) ? all.EnumerateArray().ToList() : [];
        return new(
            [.. entries.Where(e => Mode(e) != "outcome").Select(e => (e.GetProperty("resource"), Mode(e) == "match"))],
            bundle.RootElement.TryGetProperty("total", out var total) ? total.GetInt32() : null,
            Next: found.Cursor is { } next ? $"{next}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(QueryText.Join(parameters.Where(p => p.Key != PageCursors.Parameter)).TrimStart('?')))}" : null,
            PageSize: int.TryParse(parameters.FirstOrDefault(p => p.Key == "_count").Value, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null);

        static string? Mode(JsonElement entry) => entry.GetProperty("search").GetProperty("mode").GetString();
    }

    /// <summary>The search that a cursor carries on; null for what is none. Whether it is one of ours for this search, its seal tells.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>>? Continued(string cursor) =>
        cursor.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && cursor.Length <= 2 * FhirSearches.MaximumQuery && Base64Url.IsValid(cursor.AsSpan(dot + 1))
            ? [.. QueryText.Split(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor.AsSpan(dot + 1)))), new(PageCursors.Parameter, cursor[..dot])]
            : null;

    /// <summary>Documents before the buffers they lie in.</summary>
    public void Dispose() => _opened.ForEach(o => o.Dispose());

    private JsonElement? Opened(DisclosureResult result)
    {
        Receipt ??= (result as DisclosureResult.Disclosed)?.Receipt ?? (result as DisclosureResult.NotThere)?.Receipt ?? (result as DisclosureResult.Gone)?.Receipt;
        IsUnavailable |= result is not (DisclosureResult.Disclosed or DisclosureResult.NotThere or DisclosureResult.Gone);
        if (result is not DisclosureResult.Disclosed { Records: [var record] })
        {
            return null;
        }

        var document = JsonDocument.Parse(record.Json, MetaText.Depth);
        _opened.Insert(0, document);
        return document.RootElement;
    }

    private static int? Number(string? version) => version is null ? null
        : int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : int.MaxValue;
}
