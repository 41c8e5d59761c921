using System.Buffers.Binary;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace HealthLedger.Proofs.Notes;

/// <summary>An Ed25519 public key that was checked when it was read (RFC 8032 section 5.1.3).</summary>
/// <remarks>
/// Small-order points and non-canonical encodings are refused here, since with such a key a signature can hold for messages that nobody signed.
/// Signatures follow RFC 8032 without the cofactor: S must be below the group order, R canonical. Safe for several threads.
/// </remarks>
public sealed class Ed25519PublicKey : IEquatable<Ed25519PublicKey>
{
    /// <summary>Bytes in an encoded key.</summary>
    public const int Length = 32;

    /// <summary>Bytes in a signature.</summary>
    public const int SignatureLength = 64;

    // The y coordinates of the points of order 1, 2, 4 and 8, little-endian, sign bit cleared (RFC 7748 section 4.1 curve, cofactor 8).
    // Encodings with y >= p are refused before this list is asked.
    private static readonly byte[][] s_smallOrder =
    [
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ];

    private readonly byte[] _key;

    private Ed25519PublicKey(byte[] key) => _key = key;

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlySpan<byte> Bytes => _key;

    /// <summary>Reads a key: 32 bytes, canonical, not of small order.</summary>
    public static Parsed<Ed25519PublicKey> Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            return new Fault("key-length", $"An Ed25519 key has {Length} bytes, not {bytes.Length}.");
        }

        Span<byte> y = stackalloc byte[Length];
        bytes.CopyTo(y);
        y[31] &= 0x7f;
        if (!IsBelowFieldPrime(y))
        {
            return new Fault("key-encoding", "The Ed25519 key is not canonically encoded.");
        }

        foreach (var small in s_smallOrder)
        {
            if (y.SequenceEqual(small))
            {
                return new Fault("key-small-order", "The Ed25519 key is a point of small order.");
            }
        }

        return new Ed25519PublicKey(bytes.ToArray());
    }

    /// <summary>True where the signature holds for the message. False for any malformed signature.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
        {
            return false;
        }

        var copy = message.ToArray();
        return Ed25519.Verify(signature.ToArray(), 0, _key, 0, copy, 0, copy.Length);
    }

    /// <inheritdoc/>
    public bool Equals(Ed25519PublicKey? other) => other is not null && _key.AsSpan().SequenceEqual(other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Ed25519PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_key);

    internal static Ed25519PublicKey Trusted(byte[] key) => new(key);

    /// <summary>p = 2^255 - 19: the low byte decides only where all others are at their largest.</summary>
    private static bool IsBelowFieldPrime(ReadOnlySpan<byte> y) =>
        y[31] != 0x7f || y[1..31].ContainsAnyExcept((byte)0xff) || y[0] < 0xed;
}
