using System.Security.Cryptography;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.Tokens;

/// <summary>The server's own P-256 key: signs access tokens (ES256). Random, kept sealed by <see cref="ISealedSecrets"/>. Safe for concurrent use.</summary>
public sealed class TokenSigningKey : IDisposable
{
    private readonly ECDsa key;
    private readonly Lock signing = new();

    /// <summary>Opens the key, or makes it on the first start.</summary>
    /// <exception cref="InvalidDataException">The stored key is no P-256 key.</exception>
    public TokenSigningKey(ISealedSecrets secrets)
    {
        var pkcs8 = secrets.GetOrCreate(SecretNames.Signing, Create);
        try
        {
            key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            if (key.KeySize != 256)
            {
                throw new InvalidDataException($"The secret {SecretNames.Signing} is no P-256 key.");
            }
        }
        catch (CryptographicException)
        {
            throw new InvalidDataException($"The secret {SecretNames.Signing} is damaged.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }

        Public = JsonWebKey.FromP256(key);
    }

    /// <summary>The key that verifies, named by its thumbprint.</summary>
    public JsonWebKey Public { get; }

    /// <summary>The JWS signature: r and s, 32 bytes each.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> signingInput)
    {
        lock (signing)
        {
            return key.SignData(signingInput, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();

    private static byte[] Create()
    {
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return fresh.ExportPkcs8PrivateKey();
    }
}
