using System.Buffers;
using System.Globalization;
using System.Text;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Review;

/// <summary>
/// Events as CSV (RFC 4180): a header, then one line each, every cell quoted. A cell that a spreadsheet would take for a formula begins with an apostrophe
/// (OWASP, "CSV Injection"): client ids and the like are chosen by others.
/// </summary>
public static class EventCsv
{
    private static readonly SearchValues<char> s_formula = SearchValues.Create("=+-@\t\r\n");

    /// <summary>The header line.</summary>
    public static byte[] Header { get; } = Line(["entry", "time", "event", "client", "user", "organization", "purpose", "interaction", "decision", "reason", "obligations", "patient", "records", "request"]);

    /// <summary>One event's line, as far as it is opened; how many records, but not which.</summary>
    public static byte[] Row(FoundEvent found)
    {
        ArgumentNullException.ThrowIfNull(found);
        string? Value(FactField field) => found.Opening.ValueOf(field);
        return Line(
        [
            found.Entry.ToString(CultureInfo.InvariantCulture), Value(FactField.Time), Value(FactField.Event), Value(FactField.Client), found.User, Value(FactField.Organization),
            Value(FactField.Purpose), Value(FactField.Interaction), Value(FactField.Decision), Value(FactField.Reason), Value(FactField.Obligations), found.PatientPseudonym,
            found.Records.ToString(CultureInfo.InvariantCulture), Value(FactField.Request),
        ]);
    }

    internal static byte[] Line(ReadOnlySpan<string?> cells)
    {
        var line = new StringBuilder();
        foreach (var cell in cells)
        {
            line.Append(line.Length == 0 ? "\"" : ",\"");
            if (cell is { Length: > 0 } && s_formula.Contains(cell[0]))
            {
                line.Append('\'');
            }

            line.Append(cell?.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }

        return Encoding.UTF8.GetBytes(line.Append("\r\n").ToString());
    }
}
