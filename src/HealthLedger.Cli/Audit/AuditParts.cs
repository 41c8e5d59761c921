using HealthLedger.Cli.Verify;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Audit;

/// <summary>What an audit says of each part, in words.</summary>
internal static class AuditParts
{
    private static ReportPart LogKeysFailed { get; } = new("log-key", PartOutcome.Failed, "Log key: the successions among the entries are not those that the log serves.");

    public static IReadOnlyList<ReportPart> OfUnsigned(Finding finding) =>
        ReportParts.Unsigned(finding, "append-only", "inclusion", "map-replay", "epochs", "facts");

    /// <param name="verified">The checkpoint.</param>
    /// <param name="isFinal">Whether the ledger has grown since.</param>
    /// <param name="lineage">The log's keys.</param>
    /// <param name="earlier">The remembered one.</param>
    /// <param name="replay">The replay, at its end or where it had to stop.</param>
    /// <param name="found">Its findings, without those that only follow from others.</param>
    /// <param name="challenged">How many entries the operator was challenged to open; null where it was not.</param>
    public static IEnumerable<ReportPart> Of(
        VerifiedCheckpoint verified, bool isFinal, LogLineage? lineage, VerifiedCheckpoint? earlier, LedgerReplay replay, IReadOnlyList<AuditFinding> found, int? challenged)
    {
        var included = Failed(AuditPart.Inclusion) == 0;
        foreach (var part in ReportParts.Signed(verified, isFinal, lineage))
        {
            yield return part.Name == "log-key" && Failed(AuditPart.LogKeys) > 0 ? LogKeysFailed : part;
        }

        if (lineage is null && Failed(AuditPart.LogKeys) > 0)
        {
            yield return LogKeysFailed;
        }

        yield return ReportParts.Of(
            "inclusion", Failed(AuditPart.Inclusion), "Inclusion: the entries do not all lead to the signed root.",
            $"Inclusion: each of the {verified.Checkpoint.Size} entries was read and hashed, and together they lead to the signed root.");
        yield return included || earlier is null || Failed(AuditPart.AppendOnly) > 0
            ? ReportParts.AppendOnly(earlier, Failed(AuditPart.AppendOnly))
            : ReportParts.NotChecked("append-only", "Append-only: it needs entries that lead to the signed root.");
        yield return included || Failed(AuditPart.MapReplay) > 0
            ? ReportParts.Of(
                "map-replay", Failed(AuditPart.MapReplay), "Consent state: a STATE entry does not say what the entries before it add up to.",
                $"Consent state: at every STATE entry, root and count of the consent-state map are what the entries before it add up to ({replay.Map.Count} handles at the end).")
            : ReportParts.NotChecked("map-replay", "Consent state: it needs entries that lead to the signed root.");
        yield return (included && replay.Epochs.Count > 0) || Failed(AuditPart.Epochs) > 0
            ? ReportParts.Of(
                "epochs", Failed(AuditPart.Epochs), "Epochs: an EPOCH entry does not commit to the tags of its entries.",
                $"Epochs: each of the {replay.Epochs.Count} EPOCH entries commits to exactly the tags of its entries, up to entry {replay.Epochs.CoveredTo}.")
            : ReportParts.NotChecked("epochs", included ? "Epochs: none is closed yet." : "Epochs: they need entries that lead to the signed root.");
        yield return challenged is { } count
            ? ReportParts.Of(
                "facts", Failed(AuditPart.Facts), "Facts: of the challenged entries, one is not what the operator says.",
                $"Facts: {count} entries drawn at random were opened, and each is on the one chain of its patient, whose numbers up to it are all there, each once.")
            : ReportParts.NotChecked("facts", "Facts: the entries commit to them and do not show them. --challenge N has entries opened that are drawn at random; a receipt shows one.");
        yield return ReportParts.Completeness;

        int Failed(AuditPart part) => found.Count(finding => finding.Part == part);
    }
}
