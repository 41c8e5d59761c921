using HealthLedger.Ledger.Successions;

namespace HealthLedger.Gateway.Ledger;

/// <summary>Destroys a retired key of the log when its time beside its successor is over, and finishes a succession that waited for the ledger.</summary>
internal sealed class LogKeyOverlap(LogKeySuccessions successions, TimeProvider time, ILogger<LogKeyOverlap> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await Look(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What is due is done at the next start.
        }
    }

    private async Task Look(CancellationToken stopping)
    {
        try
        {
            if (!await successions.Resume(stopping))
            {
                logger.LogWarning("A succession of the log's key waits for the ledger to take entries again.");
            }
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            logger.LogError("A succession of the log's key could not be finished ({Type}); trying again.", failed.GetType().Name);
        }
    }
}
