using System.Buffers.Binary;
using System.Numerics;

namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>
/// A repeatable stream of numbers for invented data: xoshiro256** (Blackman and Vigna 2018), its state filled by SplitMix64.
/// Not for secrets. The platform's own generator is barred from product code, and its sequence for a seed is not promised across
/// versions of the platform, whereas the demo's bytes must be the same everywhere for the same seed.
/// </summary>
internal sealed class SeededGenerator
{
    private ulong _s0, _s1, _s2, _s3;

    public SeededGenerator(ulong seed, ulong stream)
    {
        // Two seeds or two streams that differ by one must not give overlapping states, hence the mixing before they are joined.
        var state = Mix(seed) ^ Mix(stream + 0x632BE59BD9B4E019);
        _s0 = Mix(state += 0x9E3779B97F4A7C15);
        _s1 = Mix(state += 0x9E3779B97F4A7C15);
        _s2 = Mix(state += 0x9E3779B97F4A7C15);
        _s3 = Mix(state + 0x9E3779B97F4A7C15);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var carry = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= carry;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A whole number in [low, high].</summary>
    public int Between(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(low, high);
        return low + (int)Math.BigMul(Next(), (ulong)((long)high - low + 1), out _);
    }

    /// <summary>A number in [0, 1) with 53 bits.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    public T Pick<T>(ReadOnlySpan<T> choices) => choices[Between(0, choices.Length - 1)];

    /// <summary>Roughly normal: the sum of twelve uniforms, which needs no logarithm and so gives the same bits on every platform.</summary>
    public double Normal(double mean, double deviation)
    {
        var sum = -6.0;
        for (var i = 0; i < 12; i++) sum += Unit();
        return mean + deviation * sum;
    }

    /// <summary>A random-looking (version 4) UUID in lower case.</summary>
    public string Uuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Next());
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Next());
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString("D");
    }

    public string Digits(int count)
    {
        Span<char> digits = stackalloc char[count];
        foreach (ref var digit in digits) digit = (char)('0' + Between(0, 9));
        return digits.ToString();
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
