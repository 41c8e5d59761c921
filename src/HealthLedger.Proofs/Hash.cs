using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HealthLedger.Proofs;

/// <summary>32 bytes: a SHA-256 hash, a commitment, a handle or a root. A value without a heap object.</summary>
/// <remarks>The default value is 32 zero bytes. Comparison is not constant-time: these values are public, secrets do not belong here.</remarks>
[StructLayout(LayoutKind.Sequential, Size = Length)]
public readonly struct Hash : IEquatable<Hash>, IComparable<Hash>
{
    /// <summary>Bytes in a hash.</summary>
    public const int Length = 32;

    private readonly ulong _first, _second, _third, _fourth;

    /// <summary>Copies exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public Hash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A hash has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        this = MemoryMarshal.Read<Hash>(bytes);
    }

    /// <summary>32 zero bytes.</summary>
    public static Hash Zero => default;

    /// <summary>True for 32 zero bytes.</summary>
    public bool IsZero => (_first | _second | _third | _fourth) == 0;

    /// <summary>The bytes in place, valid as long as this value is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in _first, 4));

    /// <summary>The bit at <paramref name="position"/>, 0 being the most significant bit of the first byte.</summary>
    public int Bit(int position) => (Bytes[position >> 3] >> (7 - (position & 7))) & 1;

    /// <summary>Copies the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => Bytes.CopyTo(destination);

    /// <summary>A new array of the 32 bytes.</summary>
    public byte[] ToArray() => Bytes.ToArray();

    /// <summary>Standard padded base64, 44 characters.</summary>
    public string ToBase64() => Convert.ToBase64String(Bytes);

    /// <summary>Reads canonical, padded base64 of exactly 32 bytes.</summary>
    public static bool TryParseBase64(ReadOnlySpan<char> text, out Hash hash)
    {
        Span<byte> bytes = stackalloc byte[Length];
        hash = default;
        if (text.Length != 44 || !StrictBase64.TryDecode(text, bytes, out var written) || written != Length)
        {
            return false;
        }

        hash = new Hash(bytes);
        return true;
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Hash FromHex(string hex) => new(Convert.FromHexString(hex));

    /// <summary>Lower-case hexadecimal, 64 digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <inheritdoc/>
    public bool Equals(Hash other) =>
        _first == other._first && _second == other._second && _third == other._third && _fourth == other._fourth;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Hash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_first, _third);

    /// <summary>Orders by bytes, the first byte being the most significant.</summary>
    public int CompareTo(Hash other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>Equality of all bytes.</summary>
    public static bool operator ==(Hash left, Hash right) => left.Equals(right);

    /// <summary>Difference in any byte.</summary>
    public static bool operator !=(Hash left, Hash right) => !left.Equals(right);
}
