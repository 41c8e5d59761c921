using System.Text.Json;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>The texts of a concept.</summary>
internal static class Designations
{
    /// <summary>The text in the language, or in one of its regions, if the concept has one; else its display.</summary>
    public static string? Display(string? display, IEnumerable<JsonElement> designations, string? language) =>
        language is null ? display : designations.Where(d => Speaks(d, language)).Select(Value).FirstOrDefault(v => v is not null) ?? display;

    /// <summary>True where a text is the display or a designation; case and runs of spaces do not count.</summary>
    public static bool Has(string? display, IEnumerable<JsonElement> designations, string text) =>
        designations.Select(Value).Prepend(display).Any(t => t is not null && Plain(t).Equals(Plain(text), StringComparison.OrdinalIgnoreCase));

    /// <summary>True for a designation whose use or language is one of the tokens: <c>system|code</c>, or a code alone.</summary>
    public static bool Is(JsonElement designation, IReadOnlySet<string> tokens)
    {
        var language = designation.TryGetProperty("language", out var own) ? own.GetString() : null;
        var (system, code) = designation.TryGetProperty("use", out var use)
            ? (use.TryGetProperty("system", out var its) ? its.GetString() : null, use.TryGetProperty("code", out var stated) ? stated.GetString() : null)
            : (null, null);
        return (language is not null && (tokens.Contains(language) || tokens.Contains("urn:ietf:bcp:47|" + language))) || (code is not null && (tokens.Contains(code) || tokens.Contains($"{system}|{code}")));
    }

    private static bool Speaks(JsonElement designation, string language) =>
        designation.TryGetProperty("language", out var own) && own.GetString() is { } tag
        && (tag.Equals(language, StringComparison.OrdinalIgnoreCase) || tag.StartsWith(language + "-", StringComparison.OrdinalIgnoreCase));

    private static string? Value(JsonElement designation) => designation.TryGetProperty("value", out var value) ? value.GetString() : null;

    private static string Plain(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
