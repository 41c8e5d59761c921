using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>Says what was checked, what was not, and what does not hold: in plain words, or as JSON.</summary>
internal static class ReportWriter
{
    /// <summary>So many findings are shown to people: a broken ledger has thousands. JSON has all.</summary>
    private const int Shown = 20;

    public static string Text(Report report)
    {
        var text = new StringBuilder();
        text.Append("Ledger   ").AppendLine(report.Source);
        if (report.Checkpoint?.Checkpoint is { } checkpoint)
        {
            text.Append("Origin   ").AppendLine(checkpoint.Origin);
            text.Append("Entries  ").AppendLine($"{checkpoint.Size}");
            text.Append("Root     ").AppendLine(checkpoint.Root.ToString());
        }

        Section(text, "Checked, and holds:", Says(report, PartOutcome.Passed));
        Section(text, "Does not hold:", [.. Says(report, PartOutcome.Failed), .. report.Findings.Take(Shown).Select(finding => $"{Where(finding)}: {finding.Detail}")]);
        Section(text, "Not checked here:", Says(report, PartOutcome.NotChecked));
        return text.AppendLine().Append(LastLine(report)).ToString();
    }

    /// <summary>What to remember if one reads only this.</summary>
    private static string LastLine(Report report)
    {
        if (report.Holds)
        {
            return $"OK: {report.Checkpoint!.Checkpoint.Size} entries under {report.Checkpoint.Checkpoint.Origin}, as signed with {(report.Lineage is { Reigns.Count: > 1 } lineage && lineage.Pinned?.ToString() != report.Checkpoint.Log.ToString() ? "a key that what is pinned leads to" : "the pinned key")}.";
        }

        var first = report.Findings[0];
        var more = report.Findings.Count == 1 ? "" : $" (and {report.Findings.Count - 1} more)";
        return $"FAILED at {Where(first)}: {first.Detail}{more}";
    }

    public static string Json(Report report)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("result", report.Holds ? "ok" : "failed");
            writer.WriteString("source", report.Source);
            if (report.Checkpoint is { } verified)
            {
                writer.WriteString("origin", verified.Checkpoint.Origin);
                writer.WriteNumber("size", verified.Checkpoint.Size);
                writer.WriteString("root", verified.Checkpoint.Root.ToString());
                writer.WriteNumber("cosignatures", verified.Cosignatures.Count);
                writer.WriteString("logKey", verified.Log.ToString());
            }

            if (report.Lineage is { } lineage)
            {
                writer.WriteNumber("successions", lineage.Reigns.Count - 1);
                writer.WriteString("followedBy", lineage.ByOfflineKey ? "offline-key" : "log-key");
            }

            if (report.Earlier is { } earlier)
            {
                writer.WriteNumber("earlierSize", earlier.Checkpoint.Size);
            }

            writer.WriteStartArray("parts");
            foreach (var part in report.Parts)
            {
                writer.WriteStartObject();
                writer.WriteString("name", part.Name);
                writer.WriteString("outcome", part.Outcome switch { PartOutcome.Passed => "passed", PartOutcome.Failed => "failed", _ => "not-checked" });
                writer.WriteString("says", part.Says);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            Texts(writer, "checked", Says(report, PartOutcome.Passed));
            Texts(writer, "notChecked", Says(report, PartOutcome.NotChecked));
            writer.WriteStartArray("findings");
            foreach (var finding in report.Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("code", finding.Code);
                writer.WriteString("file", finding.File);
                if (finding.Hash is { } hash)
                {
                    writer.WriteNumber("hash", hash);
                }

                writer.WriteString("detail", finding.Detail);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static IEnumerable<string> Says(Report report, PartOutcome outcome) => report.Parts.Where(part => part.Outcome == outcome).Select(part => part.Says);

    private static string Where(Finding finding) => finding.Hash is { } hash ? $"{finding.File}, {(finding.File.StartsWith("tile/entries/", StringComparison.Ordinal) ? "entry" : "hash")} {hash}" : finding.File;

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        var first = true;
        foreach (var line in lines)
        {
            if (first)
            {
                text.AppendLine().AppendLine(title);
                first = false;
            }

            text.Append("  - ").AppendLine(line);
        }
    }

    private static void Texts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
