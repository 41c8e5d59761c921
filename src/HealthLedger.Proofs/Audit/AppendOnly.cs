using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Audit;

/// <summary>Whether a ledger only grew between two of its checkpoints (RFC 6962 section 2.1.2). Whoever keeps an old checkpoint can ask.</summary>
public static class AppendOnly
{
    /// <summary>Checks a consistency proof that somebody gave.</summary>
    /// <param name="older">The checkpoint seen first, verified.</param>
    /// <param name="newer">The checkpoint seen later, verified.</param>
    /// <param name="proof">The consistency proof; empty for equal sizes and from size 0.</param>
    /// <returns>
    /// A refusal with code <c>append-only-fork</c> means that the log signed two histories: both signed notes together are the evidence.
    /// </returns>
    public static Verdict Check(Checkpoint older, Checkpoint newer, ReadOnlySpan<Hash> proof)
    {
        ArgumentNullException.ThrowIfNull(older);
        ArgumentNullException.ThrowIfNull(newer);
        if (older.Origin != newer.Origin)
        {
            return Verdict.Refused("append-only-origin", "The checkpoints are of two logs.");
        }

        if (newer.Size < older.Size)
        {
            return Verdict.Refused("append-only-shrunk", $"The ledger had {older.Size} entries and now shows {newer.Size}.");
        }

        if (older.Size == 0 && older.Root == MerkleHash.EmptyRoot && proof.IsEmpty && (newer.Size > 0 || newer.Root == older.Root))
        {
            return Verdict.Valid;
        }

        var verdict = ConsistencyProof.Verify(older.Size, newer.Size, proof, older.Root, newer.Root);
        return verdict.Fault?.Code == "consistency-fork"
            ? Verdict.Refused("append-only-fork", $"The ledger signed two roots for {older.Size} entries.")
            : verdict;
    }

    /// <summary>Makes the proof from the newer tree's tiles and checks it.</summary>
    /// <param name="older">The checkpoint seen first, verified.</param>
    /// <param name="newer">The checkpoint seen later, verified.</param>
    /// <param name="tiles">Tiles of the newer tree that were verified against its root.</param>
    public static Verdict Check(Checkpoint older, Checkpoint newer, VerifiedTiles tiles)
    {
        ArgumentNullException.ThrowIfNull(older);
        ArgumentNullException.ThrowIfNull(newer);
        ArgumentNullException.ThrowIfNull(tiles);
        if (older.Size == 0 || older.Size >= newer.Size)
        {
            return Check(older, newer, []);
        }

        Fault? broken = null;
        var nodes = Tile.Nodes(newer.Size, path =>
        {
            if (tiles.Get(path).TryGet(out var bytes, out var fault))
            {
                return bytes;
            }

            broken ??= fault;
            return new byte[path.Width * Hash.Length];
        });
        var proof = ProofConstruction.Consistency(older.Size, newer.Size, nodes);
        return broken is not null ? broken : Check(older, newer, proof);
    }
}
