using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>Says what was checked, what was not, and what does not hold: in plain words, or as JSON.</summary>
internal static class ReportWriter
{
    public static string Text(VerifyReport report)
    {
        var text = new StringBuilder();
        text.Append("Ledger   ").AppendLine(report.Source);
        if (report.Checkpoint?.Checkpoint is { } checkpoint)
        {
            text.Append("Origin   ").AppendLine(checkpoint.Origin);
            text.Append("Entries  ").AppendLine($"{checkpoint.Size}");
            text.Append("Root     ").AppendLine(checkpoint.Root.ToString());
        }

        if (report.Holds)
        {
            Section(text, "Checked, and holds:", Checked(report));
        }

        Section(text, "Does not hold:", report.Findings.Select(finding => $"{Where(finding)}: {finding.Detail}"));
        Section(text, "Not checked here:", NotChecked(report));
        return text.AppendLine().Append(LastLine(report)).ToString();
    }

    /// <summary>What to remember if one reads only this.</summary>
    private static string LastLine(VerifyReport report)
    {
        if (report.Holds)
        {
            return $"OK: {report.Checkpoint!.Checkpoint.Size} entries under {report.Checkpoint.Checkpoint.Origin}, as signed with the pinned key.";
        }

        var first = report.Findings[0];
        var more = report.Findings.Count == 1 ? "" : $" ({report.Findings.Count - 1} more above)";
        return $"FAILED at {Where(first)}: {first.Detail}{more}";
    }

    public static string Json(VerifyReport report)
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
            }

            if (report.Earlier is { } earlier)
            {
                writer.WriteNumber("earlierSize", earlier.Checkpoint.Size);
            }

            Texts(writer, "checked", report.Holds ? Checked(report) : []);
            Texts(writer, "notChecked", NotChecked(report));
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

    private static IEnumerable<string> Checked(VerifyReport report)
    {
        var verified = report.Checkpoint!;
        var size = verified.Checkpoint.Size;
        yield return $"Signature: {verified.Log.Name} signed this checkpoint with the pinned key.";
        if (verified.QuorumTime is { } time)
        {
            yield return $"Witnesses: the policy's quorum cosigned it ({verified.Cosignatures.Count} cosignatures), at {time:u} at the latest.";
        }

        yield return $"Inclusion: all {size} entry hashes lead to the signed root, and every tile above agrees.";
        if (report.EntriesChecked)
        {
            yield return "Entries: each entry in this copy hashes to its place.";
        }

        if (report.Earlier?.Checkpoint is { } earlier)
        {
            yield return $"Append-only: the {earlier.Size} entries of the remembered checkpoint are still there, unchanged.";
        }
    }

    private static IEnumerable<string> NotChecked(VerifyReport report)
    {
        if (report.Earlier is null)
        {
            yield return "Append-only: no earlier checkpoint is remembered; use --state FILE, and run this again later.";
        }

        if (report.Checkpoint is { QuorumTime: null })
        {
            yield return "One history for all: no witnesses were asked (--policy), so another visitor might be shown another ledger.";
        }

        yield return "Consent state: that the entries add up to the consents claimed needs the entries, which auditors can read.";
        yield return "Completeness: no log can prove from outside that everything that happened was recorded in it.";
    }

    private static string Where(Finding finding) => finding.Hash is { } hash ? $"{finding.File}, hash {hash}" : finding.File;

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
