using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Cli.Evidence;

/// <summary>What a file was found to be: what holds, what does not, and what no such file can show.</summary>
/// <param name="File">The file.</param>
/// <param name="IsBundle">True for a signed bundle, false for AuditEvents one to a line.</param>
/// <param name="Count">Events that hold.</param>
/// <param name="Fault">The first thing that does not hold.</param>
/// <param name="Line">Its line, from 1; 0 for the whole.</param>
/// <param name="Verdict">The bundle's verdict; null for AuditEvents.</param>
internal sealed record EvidenceReport(string File, bool IsBundle, ulong Count, Fault? Fault, int Line, EvidenceVerdict? Verdict)
{
    public bool Holds => Fault is null;

    public static EvidenceReport OfBundle(string file, EvidenceVerdict verdict, Fault? cut) =>
        new(file, true, verdict.Count, cut ?? verdict.Fault, cut is null ? verdict.Line : 0, verdict);

    public static EvidenceReport OfEvents(string file, EventLines events, Fault? cut) => new(file, false, events.Count, cut ?? events.Fault, cut is null ? events.Line : 0, null);

    public string ToText()
    {
        var text = new StringBuilder().Append("File     ").AppendLine(File).Append("Events   ").AppendLine(Count.ToString(CultureInfo.InvariantCulture));
        if (Verdict is { Checkpoint.Checkpoint: var checkpoint })
        {
            text.Append("Origin   ").AppendLine(checkpoint.Origin).Append("Size     ").AppendLine(checkpoint.Size.ToString(CultureInfo.InvariantCulture));
        }

        if (Verdict?.Asked is { } asked)
        {
            var fact = asked.Opening;
            text.AppendLine(CultureInfo.InvariantCulture, $"Asked    by {OnOneLine(fact.ValueOf(FactField.Client))} at {OnOneLine(fact.ValueOf(FactField.Time))}, entry {asked.Index}: {OnOneLine(fact.ValueOf(FactField.Evidence))}");
        }

        if (Holds)
        {
            Section(text, "Checked, and holds:", Checked());
        }

        Section(text, "Not shown by this file:", NotShown());
        return text.AppendLine().Append(Holds ? $"OK: {Count} events as the ledger recorded them." : $"FAILED{(Line > 0 ? $" at line {Line}" : "")}: {Fault!.Detail}").ToString();
    }

    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("result", Holds ? "ok" : "failed");
            json.WriteString("file", File);
            json.WriteString("kind", IsBundle ? "bundle" : "audit-events");
            json.WriteNumber("events", Count);
            if (Verdict is { Checkpoint: { } verified })
            {
                json.WriteString("origin", verified.Checkpoint.Origin);
                json.WriteNumber("size", verified.Checkpoint.Size);
                json.WriteString("root", verified.Checkpoint.Root.ToString());
                json.WriteNumber("cosignatures", verified.Cosignatures.Count);
            }

            if (Verdict?.Asked is { } asked)
            {
                json.WriteNumber("asked", asked.Index);
                json.WriteString("question", asked.Opening.ValueOf(FactField.Evidence));
            }

            if (Verdict?.Seal is { } seal)
            {
                json.WriteBoolean("claimedWhole", seal.Next is null);
                if (seal.Next is { } next)
                {
                    json.WriteNumber("next", next);
                }
            }

            if (Fault is { } fault)
            {
                json.WriteString("code", fault.Code);
                json.WriteNumber("line", Line);
                json.WriteString("detail", fault.Detail);
            }

            Texts(json, "checked", Holds ? Checked() : []);
            Texts(json, "notShown", NotShown());
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private IEnumerable<string> Checked()
    {
        yield return "Facts: the opened fields of each event are those that its entry commits to.";
        yield return "Inclusion: each entry is in the tree of a checkpoint that the pinned key signed.";
        if (!IsBundle)
        {
            yield return "Shape: each AuditEvent is the one that its opened fields make.";
            yield break;
        }

        if (Verdict!.Checkpoint!.QuorumTime is { } time)
        {
            yield return $"Witnesses: the policy's quorum cosigned the checkpoint ({Verdict.Checkpoint.Cosignatures.Count} cosignatures), at {time:u} at the latest.";
        }

        yield return $"Question: entry {Verdict.Asked!.Index} records it, before it was answered, and each event answers it.";
        yield return "Bytes: the log signed the count and every byte of this file.";
    }

    private IEnumerable<string> NotShown()
    {
        yield return IsBundle
            ? Verdict?.Seal is { Next: { } next } ? $"The rest: the answer goes on below entry {next}; ask again with before={next}." : "That it is all there is: that the answer is whole is the word of who signed it. A patient can check the own chain (completeness)."
            : "That it is all there is, or that no line was taken out: a bundle is signed as a whole, AuditEvents are not.";
        yield return "Whom a pseudonym stands for: it is stated, not proven.";
        if (Verdict?.Checkpoint is null or { QuorumTime: null })
        {
            yield return "One history for all: no witnesses were asked (--policy), so others might be shown another ledger.";
        }
    }

    private static string OnOneLine(string? text) => PlainLine.Of(text ?? "nobody");

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        text.AppendLine().AppendLine(title);
        foreach (var line in lines)
        {
            text.Append("  - ").AppendLine(line);
        }
    }

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
