using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Verify;

/// <summary>How a part of a check ended.</summary>
internal enum PartOutcome
{
    /// <summary>It was checked and holds.</summary>
    Passed,

    /// <summary>It was checked and does not hold.</summary>
    Failed,

    /// <summary>It was not checked; the text says why.</summary>
    NotChecked,
}

/// <summary>One part of what can be checked of a ledger.</summary>
/// <param name="Name">Stable, for programs: signature, log-key, witnesses, append-only, inclusion, map-replay, epochs, facts, completeness.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Says">A plain sentence that begins with the part's name.</param>
internal sealed record ReportPart(string Name, PartOutcome Outcome, string Says);

/// <summary>What a verification or an audit found.</summary>
internal sealed record Report
{
    /// <summary>What was read.</summary>
    public required string Source { get; init; }

    /// <summary>The verified checkpoint; null where its signature did not hold.</summary>
    public VerifiedCheckpoint? Checkpoint { get; init; }

    /// <summary>The checkpoint that was remembered from an earlier run; null where there is none.</summary>
    public VerifiedCheckpoint? Earlier { get; init; }

    /// <summary>The log's keys, where it names an offline key; null where it does not.</summary>
    public LogLineage? Lineage { get; init; }

    /// <summary>What was checked, and what was not.</summary>
    public required IReadOnlyList<ReportPart> Parts { get; init; }

    /// <summary>What does not hold; empty where everything checked does.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    public bool Holds => Findings.Count == 0;
}
