using System.Buffers.Binary;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Completeness;

/// <summary>A tag and the entry that carries it: a leaf of an epoch's tree.</summary>
/// <param name="Tag">The entry's tag.</param>
/// <param name="Index">The entry.</param>
public readonly record struct TagRow(Hash Tag, ulong Index) : IComparable<TagRow>
{
    /// <summary>Bytes of a row: tag (32) || index u64, big-endian.</summary>
    public const int Size = Hash.Length + sizeof(ulong);

    /// <summary>Writes the 40 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        Tag.CopyTo(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[Hash.Length..], Index);
    }

    /// <summary>Reads 40 bytes; every value is a row.</summary>
    public static TagRow Read(ReadOnlySpan<byte> row) => new(new Hash(row[..Hash.Length]), BinaryPrimitives.ReadUInt64BigEndian(row[Hash.Length..Size]));

    /// <summary>The RFC 6962 leaf hash over the 40 bytes.</summary>
    public Hash LeafHash()
    {
        Span<byte> row = stackalloc byte[Size];
        Write(row);
        return MerkleHash.Leaf(row);
    }

    /// <summary>By tag as bytes, then by index.</summary>
    public int CompareTo(TagRow other) => Tag.Bytes.SequenceCompareTo(other.Tag.Bytes) is var order and not 0 ? order : Index.CompareTo(other.Index);

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <(TagRow left, TagRow right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >(TagRow left, TagRow right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <=(TagRow left, TagRow right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >=(TagRow left, TagRow right) => left.CompareTo(right) >= 0;
}

/// <summary>The static tree that an EPOCH entry commits to: the RFC 6962 tree over the epoch's rows, sorted by tag (docs/formats/completeness.md).</summary>
public static class EpochTree
{
    /// <summary>The root.</summary>
    /// <param name="sorted">In the order of <see cref="TagRow.CompareTo"/>.</param>
    public static Hash Root(ReadOnlySpan<TagRow> sorted)
    {
        var tree = new CompactRange();
        foreach (var row in sorted)
        {
            tree.Append(row.LeafHash());
        }

        return tree.Root;
    }
}
