using HealthLedger.Access;

namespace HealthLedger.Gateway.Backups;

/// <summary>
/// Looks once after each start whether the keys are older than the data, and says so: those whose keys are missing are absent to everybody, so nobody else would. Beside what is served, since it takes some
/// seconds for a million patients.
/// </summary>
internal sealed class LostKeysWatch(VaultCheck check, ILogger<LostKeysWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        try
        {
            if (await check.CountWithoutKeys(stopping) is var count and > 0)
            {
                logger.LogWarning(
                    "The keys of {Count} patients or kinds of directory records are missing, so that their records cannot be opened and are absent to everybody: the key directory is older than the data; stop the gateway and put back the newest backup of the keys.",
                    count);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next start looks again.
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            logger.LogWarning("Whether keys are older than the data could not be looked at ({Type}): let healthledger vault check say what is damaged.", failed.GetType().Name);
        }
    }
}
