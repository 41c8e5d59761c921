using HealthLedger.Proofs.Entries;

namespace HealthLedger.Proofs.Audit;

/// <summary>A check that needs to read every entry of a ledger once, in order from index 0. <see cref="LedgerReplay"/> feeds it.</summary>
public interface IReplayCheck
{
    /// <summary>Which part of the audit this is.</summary>
    AuditPart Part { get; }

    /// <summary>Reads the entry at <paramref name="index"/>. A refusal is a finding; the replay goes on after it.</summary>
    Verdict Apply(ulong index, in LedgerEntry entry);

    /// <summary>Passes over an entry that could not be read, which is a finding already.</summary>
    void Skip(ulong index);
}
