namespace HealthLedger.Proofs.Audit;

/// <summary>What an audit can say of a ledger, part by part.</summary>
public enum AuditPart
{
    /// <summary>The ledger only grew since the checkpoint that was kept.</summary>
    AppendOnly,

    /// <summary>Every entry is well formed and hashes to its place under the signed root.</summary>
    Inclusion,

    /// <summary>The consent-state map at every STATE entry is what the entries before it add up to.</summary>
    MapReplay,

    /// <summary>Every EPOCH entry commits to exactly the events of its epoch.</summary>
    Epochs,

    /// <summary>Facts that are shown are the ones that their entries commit to.</summary>
    Facts,

    /// <summary>The successions of the log's key on the ledger are those that it serves.</summary>
    LogKeys,
}

/// <summary>Something that an honest ledger does not show.</summary>
/// <param name="Part">Which part of the audit failed.</param>
/// <param name="Index">The entry concerned; null where it is the ledger as a whole.</param>
/// <param name="Fault">What is wrong.</param>
public sealed record AuditFinding(AuditPart Part, ulong? Index, Fault Fault);
