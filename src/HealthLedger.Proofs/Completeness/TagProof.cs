using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Completeness;

/// <summary>A row of an epoch's tree with what proves its place.</summary>
/// <param name="Position">From 0.</param>
/// <param name="Row">The row.</param>
/// <param name="Path">Sibling hashes, the leaf's own sibling first.</param>
public sealed record TagNeighbour(ulong Position, TagRow Row, IReadOnlyList<Hash> Path);

/// <summary>Proves that an epoch has a tag, and where, or that it has not: by its place among its neighbours.</summary>
/// <param name="Before">The last row with a smaller tag; null where there is none. Not needed where the tag is present.</param>
/// <param name="AtOrAfter">The first row with this tag or a greater one; null where there is none.</param>
public sealed record TagProof(TagNeighbour? Before, TagNeighbour? AtOrAfter)
{
    /// <summary>Checks the proof.</summary>
    /// <param name="root">The epoch's root.</param>
    /// <param name="count">The epoch's tags.</param>
    /// <param name="tag">The tag in question.</param>
    /// <returns>The entry that carries the tag; null where the epoch has no such tag.</returns>
    public Parsed<Place> Verify(in Hash root, ulong count, in Hash tag)
    {
        if (count == 0)
        {
            return Before is null && AtOrAfter is null && root == MerkleHash.EmptyRoot ? Place.Absent : Refused("The epoch has no tags.");
        }

        foreach (var neighbour in new[] { Before, AtOrAfter })
        {
            if (neighbour is not null
                && InclusionProof.Verify(neighbour.Row.LeafHash(), neighbour.Position, count, [.. neighbour.Path], root) is { Holds: false } verdict)
            {
                return verdict.Fault!;
            }
        }

        if (AtOrAfter is { } found && found.Row.Tag == tag)
        {
            return new Place(found.Row.Index);
        }

        if (Before is not null && Before.Row.Tag.Bytes.SequenceCompareTo(tag.Bytes) >= 0)
        {
            return Refused("The row before has no smaller tag.");
        }

        if (AtOrAfter is not null && AtOrAfter.Row.Tag.Bytes.SequenceCompareTo(tag.Bytes) <= 0)
        {
            return Refused("The row behind has no greater tag.");
        }

        return (Before?.Position + 1 ?? 0) == (AtOrAfter?.Position ?? count) ? Place.Absent : Refused("The rows are no neighbours.");
    }

    private static Fault Refused(string says) => new("tag-proof", says);

    /// <summary>Where a tag stands.</summary>
    /// <param name="Index">The entry; null where the epoch has no such tag.</param>
    public sealed record Place(ulong? Index)
    {
        internal static Place Absent { get; } = new((ulong?)null);
    }
}
