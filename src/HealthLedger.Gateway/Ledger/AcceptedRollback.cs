using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;

namespace HealthLedger.Gateway.Ledger;

/// <summary>The operator has said to go on from an older ledger: that is the first thing that this ledger says then, on the tenant's chain.</summary>
internal static class AcceptedRollback
{
    /// <summary>Records it, and takes the ledger as it is now for what was shown last.</summary>
    /// <exception cref="LedgerRefusesToStartException">There is no room for the entry.</exception>
    public static async Task Record(Storage storage, LedgerRollback rollback, TimeProvider time)
    {
        var (seen, found) = rollback;
        var detail = new { shown = new { size = seen.Size, root = seen.Root.ToString() }, continues = new { size = found.Size, root = found.Root.ToString() } };
        if (!await StartActs.Record(storage, time, "rollback-accepted", detail))
        {
            throw new LedgerRefusesToStartException("The ledger takes no entry now, so that the rollback cannot be recorded.", "Make room on the disk that holds its directory, or mend the clock.");
        }

        storage.Seen.Keep(storage.Ledger.Published);
    }
}
