using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Verify;

/// <summary>The parts of a report that verifying and auditing have in common, in words.</summary>
internal static class ReportParts
{
    public static ReportPart Passed(string name, string says) => new(name, PartOutcome.Passed, says);

    public static ReportPart NotChecked(string name, string says) => new(name, PartOutcome.NotChecked, says);

    /// <summary>A part that failed where findings are there, and otherwise passed.</summary>
    public static ReportPart Of(string name, int findings, string failed, string passed) =>
        findings > 0 ? new ReportPart(name, PartOutcome.Failed, failed) : Passed(name, passed);

    /// <summary>Who signed: the log, and the witnesses where the policy asks for them.</summary>
    public static IEnumerable<ReportPart> Signed(VerifiedCheckpoint verified, bool isFinal, LogLineage? lineage)
    {
        var pinned = lineage?.Pinned is { } key ? key.ToString() == verified.Log.ToString() : lineage is null;
        yield return Passed("signature", $"Signature: {verified.Log.Name} signed this checkpoint with {(pinned ? "the pinned key" : "a key that what is pinned leads to")}.");
        if (lineage is not null)
        {
            yield return Passed("log-key", LogKey(verified, lineage));
        }

        yield return verified.QuorumTime is { } time
            ? Passed("witnesses", $"Witnesses: the policy's quorum cosigned it ({verified.Cosignatures.Count} cosignatures), at {time:u} at the latest.{(isFinal ? " The ledger has grown since: what is newer is not final yet." : "")}")
            : NotChecked("witnesses", "One history for all: no witnesses were asked (--policy), so another visitor might be shown another ledger.");
    }

    /// <summary>By which key was followed, and to which.</summary>
    private static string LogKey(VerifiedCheckpoint verified, LogLineage lineage)
    {
        var number = lineage.Reigns.TakeWhile(reign => reign.Key.ToString() != verified.Log.ToString()).Count();
        var trusted = lineage.ByOfflineKey ? $"the pinned offline key {lineage.Offline.Name}" : $"the pinned key of the log, the keys after it and the offline key {lineage.Offline.Name} that it names";
        return $"Log key: {verified.Log} signed, which is key {number + 1} of {lineage.Reigns.Count} that the log has had; each succession is signed by {trusted}, and is an entry of the log.";
    }

    /// <summary>The report's parts where the successions of the log's key did not hold.</summary>
    public static IReadOnlyList<ReportPart> NotFollowed(Finding finding) =>
    [
        new ReportPart("log-key", PartOutcome.Failed, $"Log key: {finding.Detail}"),
        .. new[] { "signature", "append-only", "inclusion", "map-replay", "epochs", "facts" }.Select(name => NotChecked(name, $"{Words(name)}: without knowing which keys count there is nothing to check it against.")),
    ];

    /// <summary>The report's parts where the checkpoint itself did not hold: nothing under it could be checked.</summary>
    public static IReadOnlyList<ReportPart> Unsigned(Finding finding, params string[] names) =>
    [
        finding.Code == "checkpoint-quorum"
            ? new ReportPart("witnesses", PartOutcome.Failed, $"Witnesses: {finding.Detail}")
            : new ReportPart("signature", PartOutcome.Failed, $"Signature: {finding.Detail}"),
        .. names.Select(name => NotChecked(name, $"{Words(name)}: without a checkpoint that holds there is nothing to check it against.")),
    ];

    /// <summary>Whether the ledger only grew since the remembered checkpoint.</summary>
    public static ReportPart AppendOnly(VerifiedCheckpoint? earlier, int findings) => earlier?.Checkpoint is { } before
        ? Of("append-only", findings, "Append-only: the ledger is not a continuation of the remembered checkpoint.", $"Append-only: the {before.Size} entries of the remembered checkpoint are still there, unchanged.")
        : NotChecked("append-only", "Append-only: no earlier checkpoint is remembered; with --state FILE this one is, for a later run.");

    /// <summary>What no check from outside can give.</summary>
    public static ReportPart Completeness { get; } =
        NotChecked("completeness", "Completeness: no log can prove from outside that everything that happened was recorded in it.");

    private static string Words(string name) => name == "map-replay" ? "Consent state" : char.ToUpperInvariant(name[0]) + name[1..];
}
