using HealthLedger.Ledger;

namespace HealthLedger.Gateway.Ledger;

/// <summary>
/// What is done instead of ending the process where reads in an emergency shall go on: the ledger has stopped and stays so, and what is there can be read. The next start decides from what is
/// stored, as it would after an end.
/// </summary>
internal sealed class StandStill(TextWriter errors) : IFatal
{
    private int _told;

    /// <inheritdoc/>
    public void Stop(string reason, Exception? cause)
    {
        if (Interlocked.Exchange(ref _told, 1) == 0)
        {
            errors.WriteLine($"healthledger: {reason} Only reads in an emergency go on, into the emergency journal ({cause?.GetType().Name ?? "no exception"}). Mend the disk and start again.");
        }
    }
}
