using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>What a verification found.</summary>
internal sealed record VerifyReport
{
    /// <summary>What was read.</summary>
    public required string Source { get; init; }

    /// <summary>The verified checkpoint; null where its signature did not hold.</summary>
    public VerifiedCheckpoint? Checkpoint { get; init; }

    /// <summary>The checkpoint that was remembered from an earlier run; null where there is none.</summary>
    public VerifiedCheckpoint? Earlier { get; init; }

    /// <summary>True where entry bundles were there, and checked against the tiles.</summary>
    public bool EntriesChecked { get; init; }

    /// <summary>What does not hold; empty where everything checked does.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    public bool Holds => Findings.Count == 0;
}
