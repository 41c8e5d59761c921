using System.Text.Json;
using System.Text.Unicode;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// Validates resources in FHIR's JSON form against the definitions: JSON itself, structure, cardinalities, formats of primitives, required codes,
/// references, extensions, narrative, invariants. Names every fault it can in one pass.
/// Source: R4 json.html, datatypes.html, references.html, extensibility.html, narrative.html.
/// </summary>
public static class ResourceValidator
{
    /// <summary>The deepest nesting of JSON objects and arrays.</summary>
    public const int MaxDepth = 64;

    /// <summary>The most issues an outcome lists.</summary>
    public const int MaxIssues = 200;

    /// <summary>The most of them that are warnings and remarks, so that these never keep an error out.</summary>
    public const int MaxAdvice = 100;

    /// <summary>Validates one resource.</summary>
    /// <param name="utf8Json">The JSON text. Its size is the caller's to limit.</param>
    /// <param name="expectedType">The resource type it must be; null for any.</param>
    /// <param name="withWarnings">Whether rules of severity warning are evaluated: for those who ask what could be better, not for those who store.</param>
    public static ValidationOutcome Validate(ReadOnlyMemory<byte> utf8Json, string? expectedType = null, bool withWarnings = false) =>
        Validate(utf8Json, expectedType, withWarnings, null);

    /// <summary>The same; with <paramref name="advised"/>, codes outside value sets that are extensible or preferred are told too.</summary>
    internal static ValidationOutcome Validate(ReadOnlyMemory<byte> utf8Json, string? expectedType, bool withWarnings, AdvisedCodes? advised)
    {
        var log = new IssueLog(utf8Json);
        if (utf8Json.IsEmpty)
        {
            log.Fatal(IssueType.Structure, "There is no content. Send a resource as a JSON object.", 0);
            return new(null, log.Issues);
        }

        if (!Utf8.IsValid(utf8Json.Span))
        {
            log.Fatal(IssueType.Structure, "The text is not valid UTF-8. FHIR's JSON is UTF-8 without a byte order mark.", FirstInvalidByte(utf8Json.Span));
            return new(null, log.Issues);
        }

        if (utf8Json.Span.StartsWith("\uFEFF"u8))
        {
            log.Fatal(IssueType.Structure, "The text starts with a byte order mark. Remove it.", 0);
            return new(null, log.Issues);
        }

        var walk = new ResourceWalk(utf8Json.Span, log, withWarnings, advised);
        TypeDefinition? type = null;
        try
        {
            type = walk.Root(expectedType);
        }
        catch (JsonException malformed)
        {
            walk.Malformed(malformed);
        }

        return new(type?.Name, log.Issues);
    }

    /// <summary>What stands in the place of the warnings and remarks that are not listed.</summary>
    internal static ValidationIssue MoreAdvice(string location, int line = 0, int column = 0) => new(
        IssueSeverity.Information, IssueType.Informational, $"More than {MaxAdvice - 1} warnings and remarks; the rest is not listed. Errors are.", location, line, column);

    private static int FirstInvalidByte(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (System.Text.Rune.DecodeFromUtf8(text[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }
}
