using System.Buffers.Binary;
using System.Numerics;

namespace HealthLedger.Proofs.ConsentStateMap;

/// <summary>What a map proof shows of a handle.</summary>
public enum MapProofKind : byte
{
    /// <summary>The handle is present with a state.</summary>
    Present = 1,

    /// <summary>The handle is absent: its place is empty.</summary>
    EmptyPlace = 2,

    /// <summary>The handle is absent: another handle's leaf stands where it would be.</summary>
    OtherLeaf = 3,
}

/// <summary>A proof that a handle has a state in the consent-state map, or is absent (docs/formats/consent-state-map.md).</summary>
/// <remarks>
/// Bytes: suite (1), kind, depth d (two bytes, 0 to 256), ceil(d/8) bytes of bitmap whose i-th bit from the top says that the sibling at depth
/// i + 1 is not empty, those siblings from the root down, then the leaf: the state (49 bytes), nothing, or the other handle and its value's hash.
/// </remarks>
public sealed class ConsentMapProof
{
    /// <summary>The suite of this layout.</summary>
    public const byte Suite = 1;

    /// <summary>The longest proof.</summary>
    public const int MaxBytes = 4 + 32 + (256 * Hash.Length) + (2 * Hash.Length);

    private readonly Hash[] _siblings;
    private readonly ConsentState _state;
    private readonly Hash _otherHandle;
    private readonly Hash _otherValueHash;

    private ConsentMapProof(MapProofKind kind, Hash[] siblings, ConsentState state, Hash otherHandle, Hash otherValueHash) =>
        (Kind, _siblings, _state, _otherHandle, _otherValueHash) = (kind, siblings, state, otherHandle, otherValueHash);

    /// <summary>What is shown.</summary>
    public MapProofKind Kind { get; }

    /// <summary>Levels between the root and the handle's place.</summary>
    public int Depth => _siblings.Length;

    /// <summary>The claimed state, null for absence. Means nothing before <see cref="Verify"/>.</summary>
    public ConsentState? State => Kind == MapProofKind.Present ? _state : null;

    internal static ConsentMapProof OfPresence(Hash[] siblings, in ConsentState state) =>
        new(MapProofKind.Present, siblings, state, default, default);

    internal static ConsentMapProof OfEmptyPlace(Hash[] siblings) => new(MapProofKind.EmptyPlace, siblings, default, default, default);

    internal static ConsentMapProof OfOtherLeaf(Hash[] siblings, in Hash handle, in Hash valueHash) =>
        new(MapProofKind.OtherLeaf, siblings, default, handle, valueHash);

    /// <summary>Verifies that the map with this root says of this handle what the proof shows.</summary>
    public Verdict Verify(in Hash handle, in Hash root)
    {
        if (Kind == MapProofKind.OtherLeaf)
        {
            if (_otherHandle == handle)
            {
                return Verdict.Refused("map-other-leaf", "The other leaf is the handle's own.");
            }

            for (var depth = 0; depth < Depth; depth++)
            {
                if (_otherHandle.Bit(depth) != handle.Bit(depth))
                {
                    return Verdict.Refused("map-other-leaf", "The other leaf does not stand on the handle's path.");
                }
            }
        }

        var hash = Kind switch
        {
            MapProofKind.Present => MapHash.Leaf(handle, _state.ValueHash()),
            MapProofKind.OtherLeaf => MapHash.Leaf(_otherHandle, _otherValueHash),
            _ => Hash.Zero,
        };
        for (var depth = Depth - 1; depth >= 0; depth--)
        {
            hash = handle.Bit(depth) == 0 ? MapHash.Node(hash, _siblings[depth]) : MapHash.Node(_siblings[depth], hash);
        }

        return hash == root ? Verdict.Valid : Verdict.Refused("map-root", "The proof leads to another map root.");
    }

    /// <summary>The proof's bytes.</summary>
    public byte[] ToBytes()
    {
        var bitmap = new byte[(Depth + 7) / 8];
        var present = new List<byte>();
        for (var depth = 0; depth < Depth; depth++)
        {
            if (!_siblings[depth].IsZero)
            {
                bitmap[depth >> 3] |= (byte)(0x80 >> (depth & 7));
                present.AddRange(_siblings[depth].Bytes);
            }
        }

        byte[] leaf = [];
        if (Kind == MapProofKind.Present)
        {
            leaf = new byte[ConsentState.Size];
            _state.Write(leaf);
        }
        else if (Kind == MapProofKind.OtherLeaf)
        {
            leaf = [.. _otherHandle.Bytes, .. _otherValueHash.Bytes];
        }

        return [Suite, (byte)Kind, (byte)(Depth >> 8), (byte)Depth, .. bitmap, .. present, .. leaf];
    }

    /// <summary>Reads a proof strictly: what it accepts, <see cref="ToBytes"/> writes again.</summary>
    public static Parsed<ConsentMapProof> Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < 4 or > MaxBytes || bytes[0] != Suite || bytes[1] is < 1 or > 3)
        {
            return new Fault("map-proof-header", "Not a map proof of a known suite and kind.");
        }

        var kind = (MapProofKind)bytes[1];
        int depth = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        var leafSize = kind switch { MapProofKind.Present => ConsentState.Size, MapProofKind.OtherLeaf => 2 * Hash.Length, _ => 0 };
        var bitmapSize = (depth + 7) / 8;
        if (depth > 256 || bytes.Length < 4 + bitmapSize + leafSize)
        {
            return new Fault("map-proof-depth", "The map proof is deeper than 256 levels or ends early.");
        }

        var bitmap = bytes.Slice(4, bitmapSize);
        var set = 0;
        foreach (var b in bitmap)
        {
            set += BitOperations.PopCount(b);
        }

        if (bytes.Length != 4 + bitmapSize + (set * Hash.Length) + leafSize)
        {
            return new Fault("map-proof-length", "The map proof is not as long as its bitmap says.");
        }

        // Unused bits are zero, and next to the deepest place something stands: otherwise the place would be higher up.
        if ((depth % 8 != 0 && (bitmap[^1] & (0xff >> (depth % 8))) != 0)
            || (depth > 0 && (bitmap[^1] & (0x80 >> ((depth - 1) % 8))) == 0))
        {
            return new Fault("map-proof-canonical", "The bitmap is not canonical.");
        }

        var siblings = new Hash[depth];
        var rest = bytes[(4 + bitmapSize)..];
        for (var i = 0; i < depth; i++)
        {
            if ((bitmap[i >> 3] & (0x80 >> (i & 7))) == 0)
            {
                continue;
            }

            siblings[i] = new Hash(rest[..Hash.Length]);
            rest = rest[Hash.Length..];
            if (siblings[i].IsZero)
            {
                return new Fault("map-proof-canonical", "An empty sibling is marked as present.");
            }
        }

        switch (kind)
        {
            case MapProofKind.Present:
                return ConsentState.Parse(rest).TryGet(out var state, out var fault) ? OfPresence(siblings, state) : fault;
            case MapProofKind.OtherLeaf:
                return OfOtherLeaf(siblings, new Hash(rest[..Hash.Length]), new Hash(rest[Hash.Length..]));
            default:
                return OfEmptyPlace(siblings);
        }
    }
}
