using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Proofs.Witnesses;

/// <summary>
/// The rules of a witness as a pure decision (c2sp.org/tlog-witness v1.0.0, "add-checkpoint"). Comparing with what is recorded and recording the new
/// checkpoint must be one step: the caller holds a lock around both, and records before it answers.
/// </summary>
public static class WitnessRules
{
    /// <summary>Decides on one request.</summary>
    /// <param name="body">The request's body.</param>
    /// <param name="logs">The trusted logs, type 1 keys; an origin is known where a key has its name.</param>
    /// <param name="recorded">The checkpoint that was cosigned last for an origin; null where none was.</param>
    /// <param name="lineages">What is known of the successions of their keys: a retired key alone does not count beyond its time.</param>
    /// <returns>The first rule that does not hold: 400, 404, 403, 400, 409, 422, in this order; otherwise to cosign.</returns>
    public static WitnessDecision Decide(ReadOnlySpan<byte> body, IReadOnlyCollection<NoteVerifier> logs, Func<string, Checkpoint?> recorded, IReadOnlyCollection<LogLineage>? lineages = null)
    {
        ArgumentNullException.ThrowIfNull(logs);
        ArgumentNullException.ThrowIfNull(recorded);
        if (!AddCheckpointRequest.Parse(body).TryGet(out var request, out var fault) || !Checkpoint.Parse(request.Note.Text).TryGet(out var checkpoint, out fault))
        {
            return new WitnessDecision.Refused(400, fault);
        }

        var trusted = logs.Where(log => log.Name == checkpoint.Origin).ToList();
        if (trusted.Count == 0)
        {
            return Refuse(404, "witness-origin", "This witness does not know the log.");
        }

        if (!request.Note.Verify(trusted).TryGet(out var signatures, out fault))
        {
            return new WitnessDecision.Refused(403, fault);
        }

        if (Retired(signatures, checkpoint, lineages) is { } retired)
        {
            return new WitnessDecision.Refused(403, retired);
        }

        if (request.OldSize > checkpoint.Size)
        {
            return Refuse(400, "witness-old-size", "The old size is greater than the checkpoint's.");
        }

        var last = recorded(checkpoint.Origin);
        if (request.OldSize != (last?.Size ?? 0))
        {
            return new WitnessDecision.Conflict(last?.Size ?? 0);
        }

        return Extends(last, checkpoint, [.. request.Proof]).Fault is { } refused
            ? new WitnessDecision.Refused(422, refused)
            : new WitnessDecision.Cosign(checkpoint, request.Note);
    }

    private static Fault? Retired(IReadOnlyList<VerifiedSignature> signatures, Checkpoint checkpoint, IReadOnlyCollection<LogLineage>? lineages)
    {
        if (lineages?.FirstOrDefault(each => each.Origin == checkpoint.Origin) is not { } lineage)
        {
            return null;
        }

        var faults = signatures.Select(each => lineage.Check(each.Verifier, checkpoint)).ToList();
        return faults.Contains(null) ? null : faults[0];
    }

    private static Verdict Extends(Checkpoint? last, Checkpoint checkpoint, ReadOnlySpan<Hash> proof)
    {
        if (checkpoint.Size == 0 && checkpoint.Root != MerkleHash.EmptyRoot)
        {
            return Verdict.Refused("witness-empty-root", "An empty tree has the root of no entries.");
        }

        if (last is { Size: > 0 })
        {
            return ConsistencyProof.Verify(last.Size, checkpoint.Size, proof, last.Root, checkpoint.Root);
        }

        return proof.IsEmpty ? Verdict.Valid : Verdict.Refused("consistency-length", "The proof from size 0 must be empty.");
    }

    private static WitnessDecision.Refused Refuse(int status, string code, string detail) => new(status, new Fault(code, detail));
}
