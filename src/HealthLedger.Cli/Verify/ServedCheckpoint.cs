using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>The checkpoint that a check is made against, as the source serves it.</summary>
/// <param name="Note">The signed note.</param>
/// <param name="Verified">What it came to under the policy.</param>
/// <param name="IsFinal">True where it is not the newest, which the quorum has not cosigned yet, but the newest that it has.</param>
internal sealed record ServedCheckpoint(byte[] Note, Parsed<VerifiedCheckpoint> Verified, bool IsFinal)
{
    /// <summary>The newest checkpoint; where that lacks only the quorum, the newest that the gateway serves as final, unless more of the ledger was seen before.</summary>
    /// <exception cref="UnreachableException">The source cannot be read, or has no checkpoint.</exception>
    public static async Task<ServedCheckpoint> Fetch(LedgerSource source, LogPolicy policy, VerifiedCheckpoint? earlier, CancellationToken cancellationToken)
    {
        var note = await source.Fetch("checkpoint", SignedNote.MaxBytes, cancellationToken) ?? throw new UnreachableException($"{source.Name} has no checkpoint.");
        var newest = new ServedCheckpoint(note, CheckpointVerification.Verify(note, policy), IsFinal: false);
        if (newest.Verified.Fault?.Code != "checkpoint-quorum" || await source.Fetch("final/checkpoint", SignedNote.MaxBytes, cancellationToken) is not { } final)
        {
            return newest;
        }

        var covered = CheckpointVerification.Verify(final, policy);
        return covered.TryGet(out var verified, out _) && verified.Checkpoint.Size >= (earlier?.Checkpoint.Size ?? 0) ? new ServedCheckpoint(final, covered, IsFinal: true) : newest;
    }
}
