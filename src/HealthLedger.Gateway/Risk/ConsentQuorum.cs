using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Risk;

/// <summary>
/// Whose word a run takes for the consents: the ledger's, or where witnesses are required (<c>HealthLedger:Witnesses:Require</c>) their quorum's too. Then a consent token counts only
/// under a checkpoint that the quorum cosigned, as for every verifier elsewhere.
/// </summary>
internal sealed class ConsentQuorum(WitnessOptions options, LedgerLog log)
{
    /// <summary>What a consent token's checkpoint must hold under.</summary>
    public LogPolicy Policy => options.Require && log.Cosignatures is { } witnessed ? witnessed.Policy : log.OwnPolicy;

    /// <summary>False where the quorum is required and has not cosigned the consents as they are now. Entries that change no consent do not count.</summary>
    public bool CoversConsents => Policy.QuorumIsNone || log.Cosignatures?.Final is { } final && final.MapRoot == log.Published.MapRoot;
}
