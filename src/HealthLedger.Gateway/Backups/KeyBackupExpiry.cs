namespace HealthLedger.Gateway.Backups;

/// <summary>Destroys backups of the keys at the time that they state, while the gateway runs; what was due while it did not, its start destroys.</summary>
internal sealed class KeyBackupExpiry(OnlineBackup backups, TimeProvider time, ILogger<KeyBackupExpiry> logger) : BackgroundService
{
    /// <summary>A backup made meanwhile is looked at within this time; the shortest life of one is a day.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(await Look(stopping), time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next start looks again.
        }
    }

    /// <summary>How long until it is to look again.</summary>
    private async Task<TimeSpan> Look(CancellationToken stopping)
    {
        try
        {
            var (destroyed, _, next) = await backups.DestroyDue(stopping);
            if (destroyed > 0)
            {
                logger.LogWarning("{Count} backups of the keys were due and are destroyed.", destroyed);
            }

            var wait = next - time.GetUtcNow() ?? Longest;
            return wait < Shortest ? Shortest : wait < Longest ? wait : Longest;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The backups of the keys cannot be looked at ({Type}): whether one is due is not known.", failed.GetType().Name);
            return Longest;
        }
    }
}
