using System.Security.Cryptography;

namespace HealthLedger.Proofs.Notes;

/// <summary>An ML-DSA-44 public key (FIPS 204). It can be read everywhere, and checks signatures where the platform has ML-DSA. Safe for several threads.</summary>
public sealed class MlDsa44PublicKey
{
    /// <summary>Bytes in an encoded key (FIPS 204 table 2).</summary>
    public const int Length = 1312;

    /// <summary>Bytes in a signature (FIPS 204 table 2).</summary>
    public const int SignatureLength = 2420;

    /// <summary>Why a platform without it does neither.</summary>
    internal const string Needs = "This platform has no ML-DSA-44: OpenSSL 3.5 or later is needed.";

    private readonly byte[] _key;

    private MlDsa44PublicKey(byte[] key) => _key = key;

    /// <summary>Whether this platform makes and checks such signatures: on Linux, where .NET finds OpenSSL 3.5 or later.</summary>
    public static bool IsSupported => MLDsa.IsSupported;

    /// <summary>The bytes of the key.</summary>
    public ReadOnlySpan<byte> Bytes => _key;

    /// <summary>Reads a key. Every string of this length encodes one: a seed and 1,024 coefficients of ten bits each.</summary>
    public static Parsed<MlDsa44PublicKey> Parse(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Length ? new MlDsa44PublicKey(bytes.ToArray()) : new Fault("key-length", $"An ML-DSA-44 key has {Length} bytes, not {bytes.Length}.");

    /// <summary>True where the signature holds for the message, with the empty context. False for any malformed signature.</summary>
    /// <exception cref="PlatformNotSupportedException"><see cref="IsSupported"/> is false.</exception>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
        {
            return false;
        }

        // The framework's object is not for several threads, and making one costs little beside the check.
        using var key = MLDsa.ImportMLDsaPublicKey(MLDsaAlgorithm.MLDsa44, _key);
        return key.VerifyData(message, signature);
    }
}
