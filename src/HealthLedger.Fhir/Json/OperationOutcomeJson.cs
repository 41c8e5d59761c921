using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Json;

/// <summary>Builds OperationOutcome resources (R4 operationoutcome.html).</summary>
public static class OperationOutcomeJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One issue for each; where there is none, one of severity information that says so.</summary>
    public static byte[] From(IReadOnlyCollection<ValidationIssue> issues)
    {
        var output = new ArrayBufferWriter<byte>(256);
        Write(issues, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>An outcome of one issue.</summary>
    public static byte[] From(IssueSeverity severity, IssueType type, string message, string location = "") =>
        From([new ValidationIssue(severity, type, message, location)]);

    /// <summary>The same into a buffer.</summary>
    public static void Write(IReadOnlyCollection<ValidationIssue> issues, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(issues);
        using var writer = new Utf8JsonWriter(output, Options);
        writer.WriteStartObject();
        writer.WriteString("resourceType"u8, "OperationOutcome"u8);
        writer.WriteStartArray("issue"u8);
        if (issues.Count == 0)
        {
            Issue(writer, new(IssueSeverity.Information, IssueType.Informational, "No issues found.", ""));
        }

        foreach (var issue in issues)
        {
            Issue(writer, issue);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>A message or a place may repeat a parameter's name as the caller wrote it; control characters have no place in FHIR's strings.</summary>
    private static string Printable(string message) => message.AsSpan().IndexOfAnyInRange('\0', '\u001f') < 0 ? message : string.Concat(message.Select(c => c < ' ' ? '\uFFFD' : c));

    private static void Issue(Utf8JsonWriter writer, ValidationIssue issue)
    {
        writer.WriteStartObject();
        writer.WriteString("severity"u8, issue.Severity.ToCode());
        writer.WriteString("code"u8, issue.Type.ToCode());
        writer.WriteString("diagnostics"u8, Printable(issue.Message));
        if (issue.Line > 0)
        {
            writer.WriteStartArray("location"u8);
            writer.WriteStringValue($"line {issue.Line}, column {issue.Column}");
            writer.WriteEndArray();
        }

        if (issue.Location.Length > 0)
        {
            writer.WriteStartArray("expression"u8);
            writer.WriteStringValue(Printable(issue.Location));
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
