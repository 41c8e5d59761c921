using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HealthLedger.Proofs.Facts;

/// <summary>
/// SHA-256 (FIPS 180-4, section 6.2) of eight messages at once, one in each lane of a vector. A fact takes about eighty hashes of short messages, and one call of
/// the platform's costs more than the hashing. Tests hold it to the platform's. No step depends on the data.
/// </summary>
internal static class Sha256Lanes
{
    public const int Count = 8;
    public const int BlockBytes = 64;
    public const int StateWords = 8;
    public const int BlockWords = 16;

    private static readonly uint[] s_start = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static readonly uint[] s_round =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>The state before the first block, in every lane.</summary>
    public static void Start(Span<Vector256<uint>> state)
    {
        for (var i = 0; i < StateWords; i++)
        {
            state[i] = Vector256.Create(s_start[i]);
        }
    }

    /// <summary>Reads one block for each lane: lane n's begins at <paramref name="offset"/> + n times <paramref name="stride"/>.</summary>
    public static void Load(ReadOnlySpan<byte> bytes, int offset, int stride, Span<Vector256<uint>> block)
    {
        var words = MemoryMarshal.Cast<Vector256<uint>, uint>(block[..BlockWords]);
        for (var lane = 0; lane < Count; lane++)
        {
            var from = bytes.Slice(offset + (lane * stride), BlockBytes);
            for (var i = 0; i < BlockWords; i++)
            {
                words[(i * Count) + lane] = BinaryPrimitives.ReadUInt32BigEndian(from[(i * sizeof(uint))..]);
            }
        }
    }

    /// <summary>Writes the hash of each lane, the first at <paramref name="offset"/>, the next <paramref name="stride"/> bytes further.</summary>
    public static void Store(ReadOnlySpan<Vector256<uint>> state, Span<byte> bytes, int offset, int stride)
    {
        var words = MemoryMarshal.Cast<Vector256<uint>, uint>(state[..StateWords]);
        for (var lane = 0; lane < Count; lane++)
        {
            var to = bytes.Slice(offset + (lane * stride), Hash.Length);
            for (var i = 0; i < StateWords; i++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(to[(i * sizeof(uint))..], words[(i * Count) + lane]);
            }
        }
    }

    /// <summary>Takes one block into the state of each lane.</summary>
    /// <param name="state">Eight words.</param>
    /// <param name="block">Sixteen words.</param>
    public static void Compress(Span<Vector256<uint>> state, ReadOnlySpan<Vector256<uint>> block)
    {
        Span<Vector256<uint>> words = stackalloc Vector256<uint>[64];
        block[..BlockWords].CopyTo(words);
        for (var i = BlockWords; i < words.Length; i++)
        {
            var (early, late) = (words[i - 15], words[i - 2]);
            words[i] = words[i - 16] + (Rotate(early, 7) ^ Rotate(early, 18) ^ (early >>> 3)) + words[i - 7] + (Rotate(late, 17) ^ Rotate(late, 19) ^ (late >>> 10));
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var i = 0; i < words.Length; i += StateWords)
        {
            // each round names the words anew instead of moving them
            var word = words.Slice(i, StateWords);
            var round = s_round.AsSpan(i, StateWords);
            Round(a, b, c, ref d, e, f, g, ref h, word[0] + Vector256.Create(round[0]));
            Round(h, a, b, ref c, d, e, f, ref g, word[1] + Vector256.Create(round[1]));
            Round(g, h, a, ref b, c, d, e, ref f, word[2] + Vector256.Create(round[2]));
            Round(f, g, h, ref a, b, c, d, ref e, word[3] + Vector256.Create(round[3]));
            Round(e, f, g, ref h, a, b, c, ref d, word[4] + Vector256.Create(round[4]));
            Round(d, e, f, ref g, h, a, b, ref c, word[5] + Vector256.Create(round[5]));
            Round(c, d, e, ref f, g, h, a, ref b, word[6] + Vector256.Create(round[6]));
            Round(b, c, d, ref e, f, g, h, ref a, word[7] + Vector256.Create(round[7]));
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, ref Vector256<uint> d, Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, ref Vector256<uint> h, Vector256<uint> word)
    {
        var first = h + word + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25)) + Vector256.ConditionalSelect(e, f, g);
        d += first;
        h = first + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)) + ((a & b) | (c & (a | b)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> word, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(word, bits) : (word >>> bits) | (word << (32 - bits));
}
