using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Gateway.Tests.Conformance;

/// <summary>A value by which a resource must be found: read from it by the search parameter's own expression, written as a client writes it.</summary>
internal static class OwnValue
{
    /// <summary>Null where the resource has none that can be searched for.</summary>
    public static string? Of(SearchParameterDefinition parameter, NodeItem root)
    {
        if (string.IsNullOrEmpty(parameter.Expression))
        {
            return null;
        }

        List<Item> values;
        try
        {
            values = [.. FhirPathExpression.Parse(parameter.Expression).Evaluate(root, new FhirPathContext { Resource = root, Deadline = long.MaxValue })];
        }
        catch (FhirPathEvaluationException)
        {
            return null;
        }

        return values.Select(item => Written(parameter.Type, item)).FirstOrDefault(text => !string.IsNullOrEmpty(text));
    }

    private static string? Written(SearchParameterType type, Item item)
    {
        using var document = item is NodeItem { RawText: { } raw } && raw.StartsWith('{') ? JsonDocument.Parse(raw) : null;
        var text = document is null ? (item is NodeItem node ? node.Text ?? node.RawText : item.ToString()) : null;
        var json = document?.RootElement ?? default;
        return type switch
        {
            SearchParameterType.Token => text is not null ? Escape(text) : Token(json),
            SearchParameterType.String => text is not null ? Escape(text) : Part(json, "family", "text", "city", "name", "display") is { } part ? Escape(part) : null,
            SearchParameterType.Reference => text is not null ? Escape(text) : Part(json, "reference") is { } reference && !reference.StartsWith('#') ? Escape(reference) : null,
            // A period equals no shorter one: it is found by what it overlaps.
            SearchParameterType.Date => text ?? (Part(json, "start") is { } start ? "ge" + start : Part(json, "end") is { } end ? "le" + end : null),
            SearchParameterType.Uri => text,
            SearchParameterType.Number => text,
            SearchParameterType.Quantity => json.ValueKind == JsonValueKind.Object && json.TryGetProperty("value", out var value) && !json.TryGetProperty("comparator", out _) ? value.GetRawText() : null,
            _ => null,
        };
    }

    private static string? Token(JsonElement json)
    {
        if (json.TryGetProperty("coding", out var codings))
        {
            return codings.EnumerateArray().Select(Token).FirstOrDefault(t => t is not null);
        }

        // Coding and Quantity name a code, Identifier and ContactPoint a value.
        var code = Part(json, "code") ?? Part(json, "value");
        return code is null ? null : Part(json, "code") is null && json.TryGetProperty("use", out _) && !json.TryGetProperty("system", out _)
            ? Escape(code)
            : Part(json, "system") is { } system && system.Contains(':') ? $"{Escape(system)}|{Escape(code)}" : Escape(code);
    }

    private static string? Part(JsonElement json, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
            {
                return value.GetString();
            }
        }

        return null;
    }

    /// <summary>http://hl7.org/fhir/R4/search.html#escaping</summary>
    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace(",", "\\,").Replace("$", "\\$").Replace("|", "\\|");
}
