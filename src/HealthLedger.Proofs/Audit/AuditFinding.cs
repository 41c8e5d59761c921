namespace HealthLedger.Proofs.Audit;

/// <summary>Something that an honest ledger does not show.</summary>
/// <param name="Index">The entry concerned; null where it is the ledger as a whole.</param>
/// <param name="Fault">What is wrong.</param>
public sealed record AuditFinding(ulong? Index, Fault Fault);
