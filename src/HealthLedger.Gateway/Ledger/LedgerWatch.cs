using HealthLedger.Ledger;

namespace HealthLedger.Gateway.Ledger;

/// <summary>Tells the operator, by a line in the log, when the ledger begins to take less than everything, why, and when it takes everything again.</summary>
internal sealed class LedgerWatch(LedgerLog ledger, TimeProvider time, ILogger<LedgerWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var told = new LedgerCondition(LedgerState.Taking, "");
        try
        {
            do
            {
                if (Look() is { } now && now != told)
                {
                    Tell(now);
                    told = now;
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What the ledger takes while the host stops is told by nobody.
        }
    }

    private LedgerCondition? Look()
    {
        try
        {
            return ledger.Condition;
        }
        catch (IOException)
        {
            return null; // how much room there is cannot be told now; whoever appends hears of it
        }
    }

    private void Tell(LedgerCondition now)
    {
        switch (now.State)
        {
            case LedgerState.TakingNothing when now.PromisesReads:
                logger.LogCritical("The ledger takes no entries; only reads in an emergency go on, into the emergency journal: {Reason}", now.Reason);
                break;
            case LedgerState.TakingNothing:
                logger.LogCritical("The ledger takes no entries, so nothing is disclosed or changed: {Reason}", now.Reason);
                break;
            case LedgerState.TakingFromReserve:
                logger.LogError("The ledger takes few entries: {Reason} Make room on the disk of the data directory.", now.Reason);
                break;
            default:
                logger.LogWarning("The ledger takes every entry again.");
                break;
        }
    }
}
