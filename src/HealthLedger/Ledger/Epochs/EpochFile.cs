using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Ledger.Epochs;

/// <summary>
/// The sorted tags of one epoch in a file, for proofs: <c>magic "HLEPOCH1" | count u64 | rows, 40 bytes each | hashes of the complete subtrees of 256
/// rows</c>. Derived from the entries, and made again from them where it is missing or does not lead to the epoch's root.
/// </summary>
internal sealed class EpochFile : IDisposable
{
    private const int Header = 16;
    private const int Block = 256;
    private const int BlockLevel = 8;
    private readonly ILedgerFile _file;
    private readonly ulong _count;
    private readonly long _nodesAt;

    private EpochFile(ILedgerFile file, ulong count) => (_file, _count, _nodesAt) = (file, count, Header + ((long)count * TagRow.Size));

    private static ReadOnlySpan<byte> Magic => "HLEPOCH1"u8;

    /// <summary>The file's bytes.</summary>
    public static byte[] Bytes(ReadOnlySpan<TagRow> sorted)
    {
        var blocks = sorted.Length / Block;
        var bytes = new byte[Header + (sorted.Length * TagRow.Size) + (blocks * Hash.Length)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), (ulong)sorted.Length);
        var at = Header;
        foreach (var row in sorted)
        {
            row.Write(bytes.AsSpan(at));
            at += TagRow.Size;
        }

        for (var block = 0; block < blocks; block++)
        {
            EpochTree.Root(sorted.Slice(block * Block, Block)).CopyTo(bytes.AsSpan(at));
            at += Hash.Length;
        }

        return bytes;
    }

    /// <summary>Opens an epoch's file; null where there is none that leads to the epoch's root.</summary>
    public static EpochFile? Open(ILedgerStorage storage, string name, Epoch epoch)
    {
        if (!storage.List().Contains(name))
        {
            return null;
        }

        var opened = storage.Open(name);
        var file = new EpochFile(opened, epoch.Count);
        Span<byte> header = stackalloc byte[Header];
        if (opened.Length == file._nodesAt + ((long)(epoch.Count / Block) * Hash.Length) && opened.Read(header, 0) == Header
            && header[..8].SequenceEqual(Magic) && BinaryPrimitives.ReadUInt64BigEndian(header[8..]) == epoch.Count
            && ProofConstruction.Root(epoch.Count, file.Node) == epoch.Root)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Proves that the epoch has a tag, or has not.</summary>
    public TagProof Prove(in Hash tag)
    {
        var (low, high) = (0UL, _count);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (Row(middle).Tag.Bytes.SequenceCompareTo(tag.Bytes) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return new TagProof(low == 0 ? null : Neighbour(low - 1), low == _count ? null : Neighbour(low));
    }

    public void Dispose() => _file.Dispose();

    private TagNeighbour Neighbour(ulong position) => new(position, Row(position), ProofConstruction.Inclusion(position, _count, Node));

    private TagRow Row(ulong position) => Rows(position, 1)[0];

    private TagRow[] Rows(ulong first, int count)
    {
        var bytes = new byte[count * TagRow.Size];
        Fill(bytes, Header + ((long)first * TagRow.Size));
        var rows = new TagRow[count];
        for (var i = 0; i < count; i++)
        {
            rows[i] = TagRow.Read(bytes.AsSpan(i * TagRow.Size));
        }

        return rows;
    }

    private Hash Node(int level, ulong index)
    {
        if (level < BlockLevel)
        {
            return EpochTree.Root(Rows(index << level, 1 << level));
        }

        var width = 1 << (level - BlockLevel);
        var nodes = new Hash[width];
        Fill(MemoryMarshal.AsBytes(nodes.AsSpan()), _nodesAt + ((long)(index << (level - BlockLevel)) * Hash.Length));
        return MerkleHash.Root(nodes);
    }

    private void Fill(Span<byte> bytes, long offset)
    {
        if (_file.Read(bytes, offset) != bytes.Length)
        {
            throw new EndOfStreamException("An epoch's file is shorter than it says.");
        }
    }
}
