namespace HealthLedger.Proofs.Notes;

/// <summary>A checkpoint whose log signature and quorum were verified under a policy.</summary>
/// <param name="Checkpoint">What was signed.</param>
/// <param name="Log">The log's key.</param>
/// <param name="Cosignatures">The good cosignatures of known witnesses.</param>
/// <param name="QuorumTime">The latest time since which the quorum vouches; null where the policy wants no quorum.</param>
public sealed record VerifiedCheckpoint(
    Checkpoint Checkpoint, NoteVerifier Log, IReadOnlyList<VerifiedSignature> Cosignatures, DateTimeOffset? QuorumTime);

/// <summary>Verifies signed checkpoints under a <see cref="LogPolicy"/>.</summary>
public static class CheckpointVerification
{
    /// <summary>Reads a note and verifies it: a known log signed under its own origin, and the quorum cosigned.</summary>
    public static Parsed<VerifiedCheckpoint> Verify(ReadOnlySpan<byte> note, LogPolicy policy) =>
        SignedNote.Parse(note).TryGet(out var parsed, out var fault) ? Verify(parsed, policy) : fault;

    /// <summary>Verifies a note: a known log signed under its own origin, and the quorum cosigned.</summary>
    public static Parsed<VerifiedCheckpoint> Verify(SignedNote note, LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(policy);
        if (!Checkpoint.Parse(note.Text).TryGet(out var checkpoint, out var fault)
            || !note.Verify([.. policy.Logs, .. policy.Witnesses]).TryGet(out var signatures, out fault))
        {
            return fault;
        }

        var logs = signatures.Where(each => each.Verifier.Type == NoteKeyType.Ed25519 && each.Verifier.Name == checkpoint.Origin).ToList();
        if (logs.Count == 0)
        {
            return new Fault("checkpoint-log", "No trusted log signed the checkpoint under its own origin.");
        }

        // While one key succeeds another both sign: one whose word counts at this size is enough.
        if (logs.Find(each => policy.Retired(each.Verifier, checkpoint) is null) is not { } log)
        {
            return policy.Retired(logs[0].Verifier, checkpoint)!;
        }

        var cosignatures = signatures.Where(each => each.Verifier.IsCosigner).ToList();
        if (policy.QuorumTime(cosignatures) is not { } time)
        {
            return policy.UnmetHere ?? new Fault("checkpoint-quorum", "The cosignatures of known witnesses do not make up the quorum.");
        }

        // A time beyond the calendar is refused rather than clamped: no witness means it.
        const long LastSecond = 253402300799;
        if (!policy.QuorumIsNone && time > LastSecond)
        {
            return new Fault("checkpoint-time", "The quorum's cosignature time lies after the year 9999.");
        }

        return new VerifiedCheckpoint(
            checkpoint, log.Verifier, cosignatures, policy.QuorumIsNone ? null : DateTimeOffset.FromUnixTimeSeconds((long)time));
    }
}
