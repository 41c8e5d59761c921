using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

/// <summary>
/// What witnesses cosigned of the newest checkpoints, and the newest one that a policy's quorum cosigned: what it covers is final. Nothing waits for it.
/// </summary>
/// <remarks>Safe for many threads. Holds the notes of at most eight checkpoints.</remarks>
public sealed class Cosignatures(LogPolicy policy, LedgerKeys ledgerKeys)
{
    /// <summary>The file that outlives a restart, so that what was final is final still.</summary>
    internal const string FileName = "cosigned";

    /// <summary>A slow witness's cosignature of a checkpoint that lies so many asked ones back is of no use any more.</summary>
    private const int Kept = 8;

    private readonly Lock _lock = new();
    private readonly SortedList<ulong, Published> _notes = [];
    private Published? _final;

    /// <summary>Who witnesses, and how many are enough.</summary>
    public LogPolicy Policy => ledgerKeys.Extend(policy);

    /// <summary>The same as it was configured, without what is known of the log's successions.</summary>
    public LogPolicy Configured => policy;

    /// <summary>The newest checkpoint that the quorum cosigned, its note with their cosignatures; null until there is one.</summary>
    public Published? Final => Volatile.Read(ref _final);

    /// <summary>A checkpoint with the cosignatures that it has so far.</summary>
    public Published Of(Published checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        lock (_lock)
        {
            return _notes.GetValueOrDefault(checkpoint.Size, checkpoint);
        }
    }

    /// <summary>Takes a witness's cosignatures, which were verified; a newer one of the same key replaces the older.</summary>
    /// <returns>True where the quorum covers the checkpoint now.</returns>
    public bool Add(Published checkpoint, IReadOnlyList<NoteSignature> cosignatures)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        lock (_lock)
        {
            var known = _notes.GetValueOrDefault(checkpoint.Size, checkpoint);
            var grown = known.With(cosignatures);
            _notes[grown.Size] = grown;
            if (_notes.Count > Kept)
            {
                _notes.RemoveAt(0);
            }

            var covered = CheckpointVerification.Verify(grown.Signed, Policy).IsValid;
            if (covered && grown.Size >= (_final?.Size ?? 0))
            {
                Volatile.Write(ref _final, grown);
            }

            return covered;
        }
    }

    /// <summary>Takes up what an earlier run kept, where the policy still accepts it.</summary>
    /// <exception cref="LedgerRefusesToStartException">The ledger's own signed note is of another or a longer history than its directory.</exception>
    internal void Restore(ILedgerStorage storage, FlatFiles flat, LedgerKeys keys, ulong size)
    {
        if (!storage.List().Contains(FileName))
        {
            return;
        }

        var bytes = Read(storage);
        if (!SignedNote.Parse(bytes).TryGet(out var note, out _) || !Checkpoint.Parse(note.Text).TryGet(out var checkpoint, out _)
            || !keys.HasSigned(note, checkpoint.Size) || checkpoint.Origin != keys.Origin || checkpoint.Size == 0)
        {
            // Half written, or of other keys: it says nothing, and the witnesses cosign again.
            return;
        }

        if (checkpoint.Size > size || flat.ReadEdge(checkpoint.Size).Root != checkpoint.Root)
        {
            throw new LedgerRefusesToStartException(
                $"Witnesses cosigned {checkpoint.Size} entries of this ledger, and its directory holds {size} that are not those.",
                "Put back the newest copy of the data; this one would sign a second history.");
        }

        if (LedgerEntry.Parse(flat.ReadEntries(checkpoint.Size - 1, 1)).TryGet(out var state, out _) && CheckpointVerification.Verify(note, Policy).IsValid)
        {
            _final = new Published(checkpoint.Size, checkpoint.Root, state.Commitment, DateTimeOffset.FromUnixTimeSeconds((long)state.Time), bytes);
            _notes[checkpoint.Size] = _final;
        }
    }

    private static byte[] Read(ILedgerStorage storage)
    {
        using var file = storage.Open(FileName);
        var bytes = new byte[Math.Min(file.Length, SignedNote.MaxBytes)];
        return bytes[..file.Read(bytes, 0)];
    }
}
