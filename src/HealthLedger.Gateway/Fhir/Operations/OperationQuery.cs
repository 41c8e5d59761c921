using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>
/// What an operation that only reads is given (http://hl7.org/fhir/R4/operations.html#request): in the URL, and by POST in a form or as the simple values of a Parameters resource. Values come as a search
/// writes them, a coding as <c>system|code</c>.
/// </summary>
internal static class OperationQuery
{
    private const int MaximumBody = 64 * 1024;

    private static readonly FhirFault TooLarge = FhirFault.Of(413, IssueType.TooLong, $"The parameters of an operation have at most {MaximumBody / 1024} KiB.");

    /// <summary>The parameters in their order, or what is wrong.</summary>
    public static async ValueTask<(IReadOnlyList<KeyValuePair<string, string>> Given, FhirFault? Fault)> Read(OperationCall call)
    {
        var request = call.Http.Request;
        var query = request.QueryString.Value?.TrimStart('?') ?? "";
        if (query.Length > FhirSearches.MaximumQuery)
        {
            return ([], FhirFault.BadRequest($"A query has at most {FhirSearches.MaximumQuery} characters.", IssueType.TooLong));
        }

        var given = QueryText.Split(query);
        if (!HttpMethods.IsPost(request.Method))
        {
            return (given, null);
        }

        if (request.HasFormContentType)
        {
            if (await FhirBody.Read(call.Http, MaximumBody, call.Aborted) is not { } form)
            {
                return ([], TooLarge);
            }

            var text = Encoding.UTF8.GetString(form.Span);
            return AnswerForm.Choose(call.Http, text) is { } noForm ? ([], noForm) : ([.. given, .. QueryText.Split(text)], null);
        }

        if (request.ContentType is null && request.ContentLength is null or 0)
        {
            return (given, null);
        }

        var (content, fault) = await FhirContent.Read(call.Http);
        if (content is null || content.Json.Length > MaximumBody)
        {
            return ([], fault ?? TooLarge);
        }

        var outcome = content.Validate("Parameters");
        if (!outcome.IsValid)
        {
            return ([], FhirFault.BadRequest(outcome.Issues));
        }

        using var document = JsonDocument.Parse(content.Json);
        var all = given.ToList();
        foreach (var parameter in Array(document.RootElement, "parameter"))
        {
            var name = parameter.GetProperty("name").GetString()!;
            if (Value(parameter) is not { } value)
            {
                return ([], FhirFault.BadRequest($"{Short(name)}: a simple value, a Coding, a CodeableConcept or a Reference is expected.", IssueType.Value));
            }

            all.Add(new(name, value));
        }

        return (all, null);
    }

    /// <summary>A parameter that nobody knows, so that none is passed over.</summary>
    public static FhirFault Unknown(string name, string taken) => FhirFault.Parameter(Short(name), $"the operation takes {taken}.", IssueType.NotSupported);

    private static string? Value(JsonElement parameter)
    {
        foreach (var property in parameter.EnumerateObject())
        {
            if (property.Name.StartsWith("value", StringComparison.Ordinal))
            {
                return property.Value.ValueKind switch
                {
                    JsonValueKind.String => property.Value.GetString(),
                    JsonValueKind.Object => Composed(property.Value),
                    _ => property.Value.GetRawText(),
                };
            }
        }

        return null;
    }

    private static string? Composed(JsonElement value)
    {
        var codings = value.TryGetProperty("code", out _) ? [value] : Array(value, "coding").ToList();
        return codings.Count > 0 ? string.Join(',', codings.Select(Token)) : value.TryGetProperty("reference", out var reference) ? reference.GetString() : null;
    }

    private static string Token(JsonElement coding)
    {
        var code = coding.TryGetProperty("code", out var stated) ? Escape(stated.GetString()!) : "";
        return coding.TryGetProperty("system", out var system) ? $"{Escape(system.GetString()!)}|{code}" : code;
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("$", "\\$", StringComparison.Ordinal);

    private static IEnumerable<JsonElement> Array(JsonElement value, string name) => value.TryGetProperty(name, out var array) ? array.EnumerateArray() : [];

    private static string Short(string name) => name.Length <= 64 ? name : name[..64];
}
