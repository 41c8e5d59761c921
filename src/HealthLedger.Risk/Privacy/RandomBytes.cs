using System.Numerics;
using System.Security.Cryptography;

namespace HealthLedger.Risk.Privacy;

/// <summary>Fills the span with random bytes. Noise that protects patients MUST come from <see cref="RandomSource.System"/>; tests pass a repeatable one.</summary>
public delegate void RandomBytes(Span<byte> destination);

/// <summary>Exact draws from a source of random bytes.</summary>
public static class RandomSource
{
    /// <summary>The operating system's generator.</summary>
    public static RandomBytes System { get; } = RandomNumberGenerator.Fill;

    /// <summary>A whole number in [0, bound), each equally likely: draws just enough bits and rejects what lies beyond.</summary>
    internal static BigInteger Below(this RandomBytes source, BigInteger bound)
    {
        if (bound.Sign <= 0) throw new ArgumentOutOfRangeException(nameof(bound));
        var bits = (int)(bound - 1).GetBitLength();
        if (bits == 0) return BigInteger.Zero;
        Span<byte> bytes = stackalloc byte[(bits + 7) / 8];
        var spare = (8 - bits % 8) % 8;
        while (true)
        {
            source(bytes);
            bytes[^1] &= (byte)(0xFF >> spare);
            var value = new BigInteger(bytes, isUnsigned: true);
            if (value < bound) return value;
        }
    }

    internal static bool Coin(this RandomBytes source)
    {
        Span<byte> one = stackalloc byte[1];
        source(one);
        return (one[0] & 1) != 0;
    }
}
