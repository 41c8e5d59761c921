using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Audit;

/// <summary>That a checkpoint ends with a STATE entry, so that it stands for exactly one consent-state map.</summary>
public static class EndState
{
    /// <summary>Checks the last entry of a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint, verified, of size 1 at least.</param>
    /// <param name="lastEntry">The bytes that are said to be the entry at <c>size - 1</c>.</param>
    /// <param name="inclusion">The inclusion proof of the entry at <c>size - 1</c>.</param>
    /// <returns>The STATE entry.</returns>
    public static Parsed<LedgerEntry> Check(Checkpoint checkpoint, ReadOnlySpan<byte> lastEntry, ReadOnlySpan<Hash> inclusion)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Size == 0)
        {
            return new Fault("end-state-empty", "The checkpoint has no entries.");
        }

        if (!LedgerEntry.Parse(lastEntry).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        var verdict = InclusionProof.Verify(MerkleHash.Leaf(lastEntry), checkpoint.Size - 1, checkpoint.Size, inclusion, checkpoint.Root);
        if (!verdict.Holds)
        {
            return verdict.Fault!;
        }

        return entry.Kind == EntryKind.State ? entry : new Fault("end-state-missing", "The checkpoint does not end with a STATE entry.");
    }
}
