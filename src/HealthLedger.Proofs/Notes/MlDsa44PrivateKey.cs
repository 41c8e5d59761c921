using System.Security.Cryptography;

namespace HealthLedger.Proofs.Notes;

/// <summary>An ML-DSA-44 signing key (FIPS 204). Holds its 32-byte seed in a pinned buffer and zeroes it on disposal. Safe for several threads until disposed.</summary>
public sealed class MlDsa44PrivateKey : IDisposable
{
    /// <summary>Bytes in a seed (FIPS 204 algorithm 1).</summary>
    public const int SeedLength = 32;

    private readonly byte[] _seed;
    private readonly MLDsa _key;
    private readonly Lock _lock = new();
    private bool _disposed;

    private MlDsa44PrivateKey(byte[] seed)
    {
        _seed = seed;
        _key = MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa44, seed);
        PublicKey = MlDsa44PublicKey.Parse(_key.ExportMLDsaPublicKey()).Value;
    }

    /// <summary>The key that verifies.</summary>
    public MlDsa44PublicKey PublicKey { get; }

    /// <summary>Takes a copy of a seed of 32 bytes.</summary>
    /// <exception cref="ArgumentException">The seed has another length.</exception>
    /// <exception cref="PlatformNotSupportedException"><see cref="MlDsa44PublicKey.IsSupported"/> is false.</exception>
    public static MlDsa44PrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedLength)
        {
            throw new ArgumentException($"A seed has {SeedLength} bytes.", nameof(seed));
        }

        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        seed.CopyTo(pinned);
        return Of(pinned);
    }

    /// <summary>A fresh random key.</summary>
    /// <exception cref="PlatformNotSupportedException"><see cref="MlDsa44PublicKey.IsSupported"/> is false.</exception>
    public static MlDsa44PrivateKey Generate()
    {
        var pinned = GC.AllocateArray<byte>(SeedLength, pinned: true);
        RandomNumberGenerator.Fill(pinned);
        return Of(pinned);
    }

    /// <summary>Signs a message with the empty context; hedged, so that the same message gives other bytes each time.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[MlDsa44PublicKey.SignatureLength];
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _key.SignData(message, signature);
        }

        return signature;
    }

    /// <summary>Copies the seed out, for sealing it. The caller zeroes the destination.</summary>
    public void CopySeedTo(Span<byte> destination)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _seed.CopyTo(destination);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _key.Dispose();
            CryptographicOperations.ZeroMemory(_seed);
        }
    }

    private static MlDsa44PrivateKey Of(byte[] pinned)
    {
        try
        {
            return MlDsa44PublicKey.IsSupported ? new MlDsa44PrivateKey(pinned) : throw new PlatformNotSupportedException(MlDsa44PublicKey.Needs);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(pinned);
            throw;
        }
    }
}
