using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;

namespace HealthLedger.Gateway.Ledger;

/// <summary>Records what the emergency journal holds, before anything is served at a start and, where room came back, while the gateway runs.</summary>
internal sealed class PromiseKeeping(Storage storage, TimeProvider time, ILogger<PromiseKeeping> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Records what was promised; null where the ledger takes no entry now.</summary>
    /// <exception cref="LedgerRefusesToStartException">The keys are missing that open it.</exception>
    public static ValueTask<int?> Record(Storage storage, CancellationToken cancellation) => storage.Ledger.RecordPromised(storage.Vault.ChainOf, cancellation);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                if (storage.Ledger.PromisesWaiting > 0)
                {
                    await Record(stopping);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What waits is recorded at the next start.
        }
    }

    private async ValueTask Record(CancellationToken stopping)
    {
        try
        {
            if (await Record(storage, stopping) is { } recorded and > 0)
            {
                logger.LogWarning("{Recorded} reads of the emergency journal were recorded in the ledger.", recorded);
            }
        }
        catch (Exception failed) when (failed is IOException or LedgerStoppedException or LedgerRefusesToStartException)
        {
            logger.LogError("The emergency journal could not be recorded now ({Type}); trying again.", failed.GetType().Name);
        }
    }
}
