using System.Security.Cryptography;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Ledger;

/// <summary>
/// The ML-DSA-44 key of the ledger's local cosigner. It signs behind the commits, what was published and nothing else, since it takes longer than an Ed25519 key:
/// of a checkpoint that is the newest for a moment only it may be missing.
/// </summary>
internal sealed class LocalCosigner(NoteSigner signer, LedgerLog ledger, TimeProvider time, ILogger<LocalCosigner> logger)
{
    public string VerifierKey => signer.Verifier.ToString();

    /// <summary>Cosigns a published checkpoint. Where OpenSSL fails the checkpoint goes without: nothing waits for this signature.</summary>
    public void Cosign(Published published)
    {
        try
        {
            ledger.Amend(published, signer.Cosign(published.Signed.Text, time.GetUtcNow()));
        }
        catch (CryptographicException failed)
        {
            logger.LogWarning("The ML-DSA-44 cosigner could not sign ({Type}).", failed.GetType().Name);
        }
    }
}

/// <summary>Lets the local cosigner sign where no witnesses are asked: the newest checkpoint, now and then, and again before its time is old.</summary>
internal sealed class LocalCosigning(LocalCosigner cosigner, LedgerLog ledger, WitnessOptions options, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.IntervalMilliseconds), time);
        ulong last = 0;
        var lastAt = DateTimeOffset.MinValue;
        try
        {
            do
            {
                var (published, now) = (ledger.Published, time.GetUtcNow());
                if (published.Size != last || now - lastAt >= TimeSpan.FromSeconds(options.RefreshSeconds))
                {
                    (last, lastAt) = (published.Size, now);
                    cosigner.Cosign(published);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next start signs again.
        }
    }
}
