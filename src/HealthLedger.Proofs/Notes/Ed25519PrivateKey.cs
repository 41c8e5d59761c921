using System.Security.Cryptography;
using NSec.Cryptography;
using Managed = Org.BouncyCastle.Math.EC.Rfc8032.Ed25519;

namespace HealthLedger.Proofs.Notes;

/// <summary>An Ed25519 signing key. Holds its 32-byte seed in a pinned buffer and zeroes it on disposal. Safe for several threads until disposed.</summary>
/// <remarks>
/// Two signatures lie on the way of each batch of the ledger. libsodium makes one in less than half the time of OpenSSL or of the managed implementation, which signs where
/// libsodium is not there. A signature is the same 64 bytes whoever makes it (RFC 8032 section 5.1.6).
/// </remarks>
public sealed class Ed25519PrivateKey : IDisposable
{
    /// <summary>Bytes in a seed.</summary>
    public const int SeedLength = 32;

    private readonly byte[] _seed;
    private readonly byte[] _public;
    private readonly Key? _native;
    private bool _disposed;

    private Ed25519PrivateKey(byte[] seed, bool native)
    {
        _seed = seed;
        _native = native && HasNative ? Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey) : null;
        _public = new byte[Ed25519PublicKey.Length];
        Managed.GeneratePublicKey(_seed, 0, _public, 0);
        PublicKey = Ed25519PublicKey.Trusted(_public);
    }

    /// <summary>Whether libsodium is there.</summary>
    internal static bool HasNative { get; } = TryNative();

    /// <summary>The key that verifies.</summary>
    public Ed25519PublicKey PublicKey { get; }

    /// <summary>Takes a copy of a seed of 32 bytes (RFC 8032 section 5.1.5).</summary>
    /// <exception cref="ArgumentException">The seed has another length.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed) => FromSeed(seed, native: true);

    /// <summary>The same, and whether libsodium signs where it is there.</summary>
    internal static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed, bool native)
    {
        if (seed.Length != SeedLength)
        {
            throw new ArgumentException($"A seed has {SeedLength} bytes.", nameof(seed));
        }

        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        seed.CopyTo(pinned);
        return new Ed25519PrivateKey(pinned, native);
    }

    /// <summary>A fresh random key.</summary>
    public static Ed25519PrivateKey Generate()
    {
        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        RandomNumberGenerator.Fill(pinned);
        return new Ed25519PrivateKey(pinned, native: true);
    }

    /// <summary>Signs a message; the same message gives the same 64 bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var signature = new byte[Ed25519PublicKey.SignatureLength];
        if (_native is not null)
        {
            SignatureAlgorithm.Ed25519.Sign(_native, message, signature);
            return signature;
        }

        var copy = message.ToArray();
        Managed.Sign(_seed, 0, _public, 0, copy, 0, copy.Length, signature, 0);
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
        _native?.Dispose();
        CryptographicOperations.ZeroMemory(_seed);
    }

    private static bool TryNative()
    {
        try
        {
            using var any = Key.Import(SignatureAlgorithm.Ed25519, new byte[SeedLength], KeyBlobFormat.RawPrivateKey);
            return true;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException or PlatformNotSupportedException or BadImageFormatException or TypeInitializationException or InvalidOperationException or OutOfMemoryException)
        {
            return false;
        }
    }
}
