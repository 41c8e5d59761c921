using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Tests.Kit;

/// <summary>A client's private key, signing JWTs in plain framework calls, apart from the code under test.</summary>
internal sealed class ClientKey
{
    private readonly AsymmetricAlgorithm key;

    private ClientKey(AsymmetricAlgorithm key, string keyId, string algorithm)
    {
        this.key = key;
        KeyId = keyId;
        Algorithm = algorithm;
    }

    public string KeyId { get; }

    public string Algorithm { get; }

    public static ClientKey Es384(string keyId = "k1") => new(ECDsa.Create(ECCurve.NamedCurves.nistP384), keyId, "ES384");

    public static ClientKey Es256(string keyId = "k1") => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), keyId, "ES256");

    public static ClientKey Rs384(string keyId = "r1", int bits = 2048) => new(RSA.Create(bits), keyId, "RS384");

    public JsonObject PublicJwk()
    {
        if (key is ECDsa ec)
        {
            var q = ec.ExportParameters(false).Q;
            return new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = Algorithm == "ES384" ? "P-384" : "P-256",
                ["x"] = Base64Url.EncodeToString(q.X),
                ["y"] = Base64Url.EncodeToString(q.Y),
                ["kid"] = KeyId,
            };
        }

        var rsa = ((RSA)key).ExportParameters(false);
        return new JsonObject { ["kty"] = "RSA", ["n"] = Base64Url.EncodeToString(rsa.Modulus), ["e"] = Base64Url.EncodeToString(rsa.Exponent), ["kid"] = KeyId };
    }

    public JsonWebKey Public() => JsonWebKey.Parse(Encoding.UTF8.GetBytes(PublicJwk().ToJsonString()))!;

    public string Sign(JsonObject claims, JsonObject? header = null) =>
        SignRaw(claims.ToJsonString(), (header ?? new JsonObject { ["alg"] = Algorithm, ["typ"] = "JWT", ["kid"] = KeyId }).ToJsonString());

    public string SignRaw(string payload, string header)
    {
        var input = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        var bytes = Encoding.ASCII.GetBytes(input);
        var signature = key switch
        {
            ECDsa ec => ec.SignData(bytes, Algorithm == "ES384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256),
            RSA rsa => rsa.SignData(bytes, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
            _ => throw new InvalidOperationException(),
        };
        return input + "." + Base64Url.EncodeToString(signature);
    }
}
