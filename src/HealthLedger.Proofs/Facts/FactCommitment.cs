using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Facts;

/// <summary>A fact's commitment with all its hashes in vector lanes: what <see cref="FactHash"/> and the Merkle tree say, eight fields at a time.</summary>
internal static class FactCommitment
{
    /// <summary>True where this machine has the lanes; elsewhere one hash after the other is as fast.</summary>
    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    private const int MaxBlocks = 3;
    private const int Stride = MaxBlocks * Sha256Lanes.BlockBytes;
    private const int ValueAt = 1 + Hash.Length + 1;
    private const int LongestInLane = Stride - ValueAt - 1 - sizeof(ulong);
    private const int Groups = FactFields.Count / Sha256Lanes.Count;

    /// <summary>The blocks that follow the key's in the inner hash of each field's salt; they are the same for every fact.</summary>
    private static readonly Vector256<uint>[] s_labels = Labels();

    /// <summary>The Merkle root of the sixteen salted fields.</summary>
    public static Hash Of(Fact fact, ReadOnlySpan<byte> r)
    {
        Span<Vector256<uint>> block = stackalloc Vector256<uint>[Sha256Lanes.BlockWords];
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[Sha256Lanes.StateWords];
        Span<Vector256<uint>> keys = stackalloc Vector256<uint>[Sha256Lanes.StateWords];
        Span<byte> messages = stackalloc byte[Sha256Lanes.Count * Stride];
        Span<byte> hashes = stackalloc byte[FactFields.Count * Hash.Length];
        Keyed(r, messages, block, keys);
        for (var group = 0; group < Groups; group++)
        {
            Salts(group, keys, block, state);
            Leaves(fact, group, messages, block, state, hashes);
        }

        for (var width = FactFields.Count / 2; width > 0; width /= 2)
        {
            Nodes(width, messages, block, state, hashes);
        }

        var root = new Hash(hashes[..Hash.Length]);
        CryptographicOperations.ZeroMemory(messages);
        block.Clear();
        state.Clear();
        keys.Clear();
        return root;
    }

    /// <summary>HMAC's two states after the key (RFC 2104): the inner in lane 0, the outer in lane 1.</summary>
    private static void Keyed(ReadOnlySpan<byte> r, Span<byte> messages, Span<Vector256<uint>> block, Span<Vector256<uint>> keys)
    {
        const byte Inner = 0x36, Outer = 0x5c;
        messages[..Sha256Lanes.BlockBytes].Fill(Inner);
        messages.Slice(Sha256Lanes.BlockBytes, Sha256Lanes.BlockBytes).Fill(Outer);
        for (var i = 0; i < r.Length; i++)
        {
            messages[i] ^= r[i];
            messages[Sha256Lanes.BlockBytes + i] ^= r[i];
        }

        Sha256Lanes.Load(messages, 0, Sha256Lanes.BlockBytes, block);
        Sha256Lanes.Start(keys);
        Sha256Lanes.Compress(keys, block);
    }

    /// <summary>The salts of eight fields; they stay in the lanes.</summary>
    private static void Salts(int group, ReadOnlySpan<Vector256<uint>> keys, Span<Vector256<uint>> block, Span<Vector256<uint>> state)
    {
        Begin(0, keys, state);
        s_labels.AsSpan(group * Sha256Lanes.BlockWords, Sha256Lanes.BlockWords).CopyTo(block);
        Sha256Lanes.Compress(state, block);

        state.CopyTo(block);
        block[Sha256Lanes.StateWords] = Vector256.Create(0x80000000u);
        block[(Sha256Lanes.StateWords + 1)..^1].Clear();
        block[^1] = Vector256.Create((uint)(8 * (Sha256Lanes.BlockBytes + Hash.Length)));
        Begin(1, keys, state);
        Sha256Lanes.Compress(state, block);
    }

    private static void Begin(int lane, ReadOnlySpan<Vector256<uint>> keys, Span<Vector256<uint>> state)
    {
        for (var i = 0; i < state.Length; i++)
        {
            state[i] = Vector256.Create(keys[i][lane]);
        }
    }

    private static void Leaves(
        Fact fact, int group, Span<byte> messages, Span<Vector256<uint>> block, Span<Vector256<uint>> state, Span<byte> hashes)
    {
        messages.Clear();
        Sha256Lanes.Store(state, messages, 1, Stride);
        Span<uint> blocks = stackalloc uint[Sha256Lanes.Count];
        for (var lane = 0; lane < Sha256Lanes.Count; lane++)
        {
            var field = (FactField)((group * Sha256Lanes.Count) + lane);
            var value = fact.Utf8(field);
            var message = messages.Slice(lane * Stride, Stride);
            message[ValueAt - 1] = fact.Has(field) ? (byte)1 : (byte)0;
            if (value.Length <= LongestInLane)
            {
                value.CopyTo(message[ValueAt..]);
                blocks[lane] = End(message, ValueAt + value.Length);
            }
        }

        Run(blocks, messages, block, state);
        Span<byte> leaves = hashes.Slice(group * Sha256Lanes.Count * Hash.Length, Sha256Lanes.Count * Hash.Length);
        Sha256Lanes.Store(state, leaves, 0, Hash.Length);
        for (var lane = 0; lane < Sha256Lanes.Count; lane++)
        {
            if (blocks[lane] == 0)
            {
                var field = (FactField)((group * Sha256Lanes.Count) + lane);
                FactHash.Leaf(new Hash(messages.Slice((lane * Stride) + 1, Hash.Length)), fact.Has(field), fact.Utf8(field)).CopyTo(leaves[(lane * Hash.Length)..]);
            }
        }
    }

    /// <summary>The nodes over twice as many hashes, written over them.</summary>
    private static void Nodes(int width, Span<byte> messages, Span<Vector256<uint>> block, Span<Vector256<uint>> state, Span<byte> hashes)
    {
        messages.Clear();
        Span<uint> blocks = stackalloc uint[Sha256Lanes.Count];
        for (var lane = 0; lane < width; lane++)
        {
            var message = messages.Slice(lane * Stride, Stride);
            message[0] = 1;
            hashes.Slice(lane * 2 * Hash.Length, 2 * Hash.Length).CopyTo(message[1..]);
            blocks[lane] = End(message, 1 + (2 * Hash.Length));
        }

        Run(blocks, messages, block, state);
        Sha256Lanes.Store(state, hashes, 0, Hash.Length);
    }

    /// <summary>Hashes each lane's message of so many blocks.</summary>
    private static void Run(ReadOnlySpan<uint> blocks, ReadOnlySpan<byte> messages, Span<Vector256<uint>> block, Span<Vector256<uint>> state)
    {
        Span<Vector256<uint>> next = stackalloc Vector256<uint>[Sha256Lanes.StateWords];
        var lanes = Vector256.Create(blocks);
        Sha256Lanes.Start(state);
        for (var at = 0u; Vector256.GreaterThanAny(lanes, Vector256.Create(at)); at++)
        {
            state.CopyTo(next);
            Sha256Lanes.Load(messages, (int)at * Sha256Lanes.BlockBytes, Stride, block);
            Sha256Lanes.Compress(next, block);
            var going = Vector256.GreaterThan(lanes, Vector256.Create(at));
            for (var i = 0; i < next.Length; i++)
            {
                state[i] = Vector256.ConditionalSelect(going, next[i], state[i]);
            }
        }

        next.Clear();
    }

    /// <summary>Ends a message of <paramref name="length"/> bytes as FIPS 180-4, section 5.1.1 says; how many blocks it has.</summary>
    private static uint End(Span<byte> message, int length, int before = 0)
    {
        message[length] = 0x80;
        var blocks = (length + 1 + sizeof(ulong) + Sha256Lanes.BlockBytes - 1) / Sha256Lanes.BlockBytes;
        BinaryPrimitives.WriteUInt64BigEndian(message[((blocks * Sha256Lanes.BlockBytes) - sizeof(ulong))..], 8 * (ulong)(before + length));
        return (uint)blocks;
    }

    private static Vector256<uint>[] Labels()
    {
        var blocks = new Vector256<uint>[Groups * Sha256Lanes.BlockWords];
        Span<byte> messages = stackalloc byte[Sha256Lanes.Count * Sha256Lanes.BlockBytes];
        for (var group = 0; group < Groups; group++)
        {
            messages.Clear();
            for (var lane = 0; lane < Sha256Lanes.Count; lane++)
            {
                var label = FactFields.SaltLabels[(group * Sha256Lanes.Count) + lane];
                var message = messages.Slice(lane * Sha256Lanes.BlockBytes, Sha256Lanes.BlockBytes);
                label.CopyTo(message);
                End(message, label.Length, Sha256Lanes.BlockBytes);
            }

            Sha256Lanes.Load(messages, 0, Sha256Lanes.BlockBytes, blocks.AsSpan(group * Sha256Lanes.BlockWords));
        }

        return blocks;
    }
}
