using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger.Successions;

/// <summary>What became of asking for a succession of the log's key, or of installing one.</summary>
public abstract record SuccessionOutcome
{
    private SuccessionOutcome()
    {
    }

    /// <summary>Made: the statement, to be signed by the offline key.</summary>
    /// <param name="Statement">What it says.</param>
    /// <param name="Note">With the signatures that the gateway can give.</param>
    public sealed record Asked(Succession Statement, SignedNote Note) : SuccessionOutcome;

    /// <summary>In force, and on the ledger.</summary>
    /// <param name="Succession">The statement and its entry.</param>
    public sealed record Installed(StatedSuccession Succession) : SuccessionOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Fault">Why.</param>
    /// <param name="Other">Another statement of the same number that is in force, and with which the refused one convicts who signed both; null where that is not why.</param>
    public sealed record Refused(Fault Fault, SignedSuccession? Other = null) : SuccessionOutcome;

    /// <summary>The ledger takes no entries now. What was begun is finished by the next call or start.</summary>
    public sealed record Unavailable : SuccessionOutcome;
}
