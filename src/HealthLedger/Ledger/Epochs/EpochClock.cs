using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Ledger.Epochs;

/// <summary>Closes an epoch when the last one is old enough. A closing that fails is tried again a minute later.</summary>
internal sealed class EpochClock(EpochBook book, LedgerParts parts, TimeProvider time, TimeSpan every, IFatal fatal) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.Run(Run);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _end.Dispose();
    }

    private async Task Run()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, time, _end.Token).ConfigureAwait(false);
                try
                {
                    var began = (await book.All(_end.Token).ConfigureAwait(false)).LastOrDefault()?.Closed ?? First();
                    if (time.GetUtcNow() - began >= every)
                    {
                        await book.Close(_end.Token).ConfigureAwait(false);
                    }
                }
                catch (StorageFullException)
                {
                    // Nothing is lost: what it writes can be made again from the entries.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The ledger is closed.
        }
        catch (LedgerStoppedException)
        {
            // It has said why.
        }
        catch (Exception exception)
        {
            parts.Failed = true;
            parts.Queue.Close();
            fatal.Stop("The ledger could not read its own entries to close an epoch.", exception);
        }
    }

    private DateTimeOffset First() => LedgerEntry.Parse(parts.Flat.ReadEntries(0, 1)).TryGet(out var entry, out _)
        ? DateTimeOffset.FromUnixTimeSeconds((long)entry.Time)
        : throw new InvalidDataException("Entry 0 cannot be read.");
}
