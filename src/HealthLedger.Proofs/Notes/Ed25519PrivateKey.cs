using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace HealthLedger.Proofs.Notes;

/// <summary>An Ed25519 signing key. Holds its 32-byte seed in a pinned buffer and zeroes it on disposal. Safe for several threads until disposed.</summary>
public sealed class Ed25519PrivateKey : IDisposable
{
    /// <summary>Bytes in a seed.</summary>
    public const int SeedLength = 32;

    private readonly byte[] _seed;
    private readonly byte[] _public;
    private readonly OpenSslEd25519? _direct;
    private bool _disposed;

    private Ed25519PrivateKey(byte[] seed, bool direct)
    {
        _seed = seed;
        _direct = direct && OpenSslEd25519.IsThere ? OpenSslEd25519.FromSeed(seed) : null;
        _public = new byte[Ed25519PublicKey.Length];
        Ed25519.GeneratePublicKey(_seed, 0, _public, 0);
        PublicKey = Ed25519PublicKey.Trusted(_public);
    }

    /// <summary>The key that verifies.</summary>
    public Ed25519PublicKey PublicKey { get; }

    /// <summary>Takes a copy of a seed of 32 bytes (RFC 8032 section 5.1.5).</summary>
    /// <exception cref="ArgumentException">The seed has another length.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed) => FromSeed(seed, direct: true);

    /// <summary>The same, and whether OpenSSL is called where it is there.</summary>
    internal static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed, bool direct)
    {
        if (seed.Length != SeedLength)
        {
            throw new ArgumentException($"A seed has {SeedLength} bytes.", nameof(seed));
        }

        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        seed.CopyTo(pinned);
        return new Ed25519PrivateKey(pinned, direct);
    }

    /// <summary>A fresh random key.</summary>
    public static Ed25519PrivateKey Generate()
    {
        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        RandomNumberGenerator.Fill(pinned);
        return new Ed25519PrivateKey(pinned, direct: true);
    }

    /// <summary>Signs a message; the same message gives the same 64 bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var signature = new byte[Ed25519PublicKey.SignatureLength];
        if (_direct is not null)
        {
            _direct.Sign(message, signature);
            return signature;
        }

        var copy = message.ToArray();
        Ed25519.Sign(_seed, 0, _public, 0, copy, 0, copy.Length, signature, 0);
        return signature;
    }

    /// <summary>Copies the seed out, for sealing it. The caller zeroes the destination.</summary>
    public void CopySeedTo(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _seed.CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _direct?.Dispose();
        CryptographicOperations.ZeroMemory(_seed);
    }
}
