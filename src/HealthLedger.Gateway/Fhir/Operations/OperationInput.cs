using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// The parameters of one call (http://hl7.org/fhir/R4/operations.html#request): simple ones from the URL; all from a Parameters resource in the body, or the body is the one
/// resource that the operation takes. A parameter that the operation does not know is refused, since leaving it out would answer another question.
/// </summary>
internal sealed class OperationInput
{
    private const int MaximumBody = 1024 * 1024;
    private const int MaximumQuery = 8 * 1024;

    private readonly List<(string Name, string? Text, JsonElement Value)> _given = [];

    private OperationInput()
    {
    }

    /// <summary>Reads the call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="names">The parameters that the operation takes.</param>
    /// <param name="resource">The one that may be the whole body, with its resource type; null for none.</param>
    public static async ValueTask<(OperationInput? Input, FhirFault? Fault)> Read(OperationCall call, IReadOnlyList<string> names, (string Name, string Type)? resource)
    {
        var query = call.Http.Request.QueryString.Value?.TrimStart('?') ?? "";
        if (query.Length > MaximumQuery)
        {
            return (null, FhirFault.BadRequest($"A query has at most {MaximumQuery} characters; send a Parameters resource by POST.", IssueType.TooLong));
        }

        var input = new OperationInput();
        input._given.AddRange(QueryText.Split(query).Select(p => (p.Key, (string?)p.Value, default(JsonElement))));
        // Answers repeat some of them as FHIR's strings, which hold none.
        if (input._given.Exists(g => g.Text!.Any(c => c is < ' ' and not ('\t' or '\r' or '\n'))))
        {
            return (null, FhirFault.BadRequest("A value in the URL has a control character.", IssueType.Value));
        }

        if (HttpMethods.IsPost(call.Http.Request.Method) && call.Http.Request.ContentLength is not 0 && await input.ReadBody(call.Http, resource) is { } bad)
        {
            return (null, bad);
        }

        foreach (var (name, _, _) in input._given)
        {
            if (!names.Contains(name))
            {
                return (null, FhirFault.BadRequest($"This operation takes no parameter of one of these names here. It takes {string.Join(", ", names)}.", IssueType.NotSupported));
            }
        }

        return (input, null);
    }

    /// <summary>True where the parameter is given.</summary>
    public bool Has(string name) => _given.Exists(g => g.Name == name);

    /// <summary>A simple value as text; null where it is not given. A second one, or one of another kind, is a fault.</summary>
    public string? Text(string name, ref FhirFault? fault)
    {
        string? found = null;
        foreach (var (given, text, value) in _given)
        {
            if (given != name)
            {
                continue;
            }

            var simple = text ?? value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
                _ => null,
            };
            if (found is not null || string.IsNullOrEmpty(simple))
            {
                fault ??= FhirFault.BadRequest($"The parameter {name} is one simple value, given once.", IssueType.Value);
                return null;
            }

            found = simple;
        }

        return found;
    }

    /// <summary>True or false; null where it is not given.</summary>
    public bool? Flag(string name, ref FhirFault? fault)
    {
        switch (Text(name, ref fault))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                fault ??= FhirFault.BadRequest($"The parameter {name} is true or false.", IssueType.Value);
                return null;
        }
    }

    /// <summary>A number from 0 on; null where it is not given.</summary>
    public int? Number(string name, ref FhirFault? fault)
    {
        if (Text(name, ref fault) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        fault ??= FhirFault.BadRequest($"The parameter {name} is a whole number from 0 on.", IssueType.Value);
        return null;
    }

    /// <summary>A Coding, a CodeableConcept or a resource; null where it is not given. A second one, or one in the URL, is a fault.</summary>
    public JsonElement? Object(string name, ref FhirFault? fault)
    {
        JsonElement? found = null;
        foreach (var (given, _, value) in _given)
        {
            if (given != name)
            {
                continue;
            }

            if (found is not null || value.ValueKind != JsonValueKind.Object)
            {
                fault ??= FhirFault.BadRequest($"The parameter {name} is given once, in a Parameters resource by POST.", IssueType.Value);
                return null;
            }

            found = value;
        }

        return found;
    }

    /// <summary>All values of a simple parameter that may be repeated.</summary>
    public IEnumerable<string> Texts(string name) =>
        _given.Where(g => g.Name == name).Select(g => g.Text ?? (g.Value.ValueKind == JsonValueKind.String ? g.Value.GetString() : null)).OfType<string>();

    private async ValueTask<FhirFault?> ReadBody(HttpContext http, (string Name, string Type)? resource)
    {
        var (content, fault) = await FhirContent.Read(http);
        if (content is null)
        {
            return fault;
        }

        if (content.Json.Length > MaximumBody)
        {
            return FhirFault.Of(413, IssueType.TooLong, $"The parameters of this operation have at most {MaximumBody / (1024 * 1024)} MiB.");
        }

        var isResource = resource is { } one && TypeOf(content) == one.Type;
        var outcome = content.Validate(isResource ? resource!.Value.Type : "Parameters");
        if (!outcome.IsValid)
        {
            return FhirFault.BadRequest(outcome.Issues);
        }

        var root = JsonDocument.Parse(content.Json, new JsonDocumentOptions { MaxDepth = 64 }).RootElement;
        if (isResource)
        {
            _given.Add((resource!.Value.Name, null, root));
        }
        else if (root.TryGetProperty("parameter", out var parameters))
        {
            foreach (var parameter in parameters.EnumerateArray())
            {
                var value = parameter.EnumerateObject().FirstOrDefault(m => m.Name == "resource" || m.Name.StartsWith("value", StringComparison.Ordinal));
                _given.Add((parameter.GetProperty("name").GetString()!, null, value.Value));
            }
        }

        return null;
    }

    /// <summary>Null also for what is not JSON: validation says so, with the place.</summary>
    private static string? TypeOf(FhirContent content)
    {
        try
        {
            return ResourceJson.ReadType(content.Json.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
