using HealthLedger.Ledger;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Ledger;

/// <summary>A ledger that lacks what this gateway showed before: an older copy of the data was put back, or another history.</summary>
/// <param name="Seen">The newest checkpoint that is known to have been shown.</param>
/// <param name="Found">What the ledger ends with.</param>
internal sealed record LedgerRollback(Checkpoint Seen, Published Found);

/// <summary>
/// The newest checkpoint that this gateway has shown, kept with the keys and so apart from the data: an older copy of the data that is put back is behind it. Not
/// more than that: who puts back both has nothing to compare, and only witnesses and clients with receipts notice (docs/operations.md).
/// </summary>
internal sealed class SeenCheckpoint(string keysDirectory)
{
    public const string FileName = "seen-checkpoint";

    private string FilePath => Path.Combine(keysDirectory, FileName);

    /// <summary>Compares the ledger with the checkpoint that was kept; null where it goes on from there, or none was kept.</summary>
    /// <exception cref="LedgerRefusesToStartException">The file is damaged, or of another ledger.</exception>
    public LedgerRollback? Compare(LedgerLog ledger)
    {
        if (!File.Exists(FilePath))
        {
            return null;
        }

        if (!SignedNote.Parse(File.ReadAllBytes(FilePath)).TryGet(out var note, out _) || !Checkpoint.Parse(note.Text).TryGet(out var seen, out _)
            || seen.Origin != ledger.Origin || !ledger.HasSigned(note, seen.Size))
        {
            throw new LedgerRefusesToStartException(
                $"{FileName} in the keys directory is damaged, or of another ledger.", "Put back the keys directory that belongs to this data; do not delete single files.");
        }

        var found = ledger.Published;
        return seen.Size <= found.Size && Continues(ledger, seen, found) ? null : new LedgerRollback(seen, found);
    }

    /// <summary>The file's bytes; null where none was kept yet.</summary>
    public byte[]? Read() => File.Exists(FilePath) ? File.ReadAllBytes(FilePath) : null;

    /// <summary>Keeps a checkpoint in place of the one before, durably.</summary>
    public void Keep(Published published)
    {
        var temporary = FilePath + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(published.Note.Span);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, FilePath, overwrite: true);
        DurableNames.Flush(keysDirectory);
    }

    private static bool Continues(LedgerLog ledger, Checkpoint seen, Published found) =>
        ConsistencyProof.Verify(seen.Size, found.Size, [.. ledger.Consistency(seen.Size, found.Size)], seen.Root, found.Root).Holds;
}

/// <summary>Keeps the newest checkpoint with the keys, now and then and at the end.</summary>
internal sealed class SeenCheckpointKeeping(LedgerLog ledger, SeenCheckpoint seen, TimeProvider time, ILogger<SeenCheckpointKeeping> logger) : BackgroundService
{
    /// <summary>What was shown within this time before a crash is not in it.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private ulong _kept;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                Keep();
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Keep();
        }
    }

    private void Keep()
    {
        var published = ledger.Published;
        if (published.Size == _kept)
        {
            return;
        }

        try
        {
            seen.Keep(published);
            _kept = published.Size;
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("The newest checkpoint could not be kept with the keys ({Type}); trying again.", full.GetType().Name);
        }
    }
}
