using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Clients;

/// <summary>Keys that nobody holds: a signature is checked under one of them where the client or its key is unknown, so that this takes as long as a bad signature.</summary>
internal static class Decoys
{
    private static readonly JsonWebKey Es384 = MakeEs384();
    private static readonly JsonWebKey Rs384 = MakeRs384();

    /// <summary>The decoy of that algorithm; of ES384 where the algorithm is none that is accepted.</summary>
    public static JsonWebKey For(string? algorithm) => algorithm == nameof(SignatureAlgorithm.RS384) ? Rs384 : Es384;

    private static JsonWebKey MakeEs384()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return Parse($$"""{"kid":"decoy","kty":"EC","crv":"P-384","x":"{{StrictBase64.EncodeUrl(point.X)}}","y":"{{StrictBase64.EncodeUrl(point.Y)}}"}""");
    }

    /// <summary>A random odd number serves: verifying does the same arithmetic whether it is a product of two primes or not.</summary>
    private static JsonWebKey MakeRs384()
    {
        var modulus = RandomNumberGenerator.GetBytes(256);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        return Parse($$"""{"kid":"decoy","kty":"RSA","n":"{{StrictBase64.EncodeUrl(modulus)}}","e":"AQAB"}""");
    }

    private static JsonWebKey Parse(string json) => JsonWebKey.Parse(Encoding.ASCII.GetBytes(json)) ?? throw new CryptographicException("A decoy key was not made.");
}
