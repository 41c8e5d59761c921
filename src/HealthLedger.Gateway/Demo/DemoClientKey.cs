using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Gateway.Demo;

/// <summary>A demo client's key and what it does with it: asks for tokens as SMART backend services says (private_key_jwt, ES384).</summary>
internal sealed class DemoClientKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly string _kid = RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>The public JWK, for the registration.</summary>
    public string PublicJwk() => Jwk(isPrivate: false).ToJsonString();

    /// <summary>The private JWK with alg and kid, for the credentials file.</summary>
    public JsonObject PrivateJwk() => Jwk(isPrivate: true);

    /// <summary>A client assertion (RFC 7523) for the token endpoint.</summary>
    public string Assertion(string clientId, string tokenUrl, DateTimeOffset now)
    {
        var header = new JsonObject { ["alg"] = "ES384", ["kid"] = _kid, ["typ"] = "JWT" };
        var claims = new JsonObject
        {
            ["iss"] = clientId,
            ["sub"] = clientId,
            ["aud"] = tokenUrl,
            ["jti"] = RandomNumberGenerator.GetHexString(32, lowercase: true),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(4).ToUnixTimeSeconds(),
        };
        var input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA384))}";
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));

    private JsonObject Jwk(bool isPrivate)
    {
        var parameters = _key.ExportParameters(isPrivate);
        var jwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-384",
            ["x"] = Base64Url.EncodeToString(parameters.Q.X),
            ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
            ["alg"] = "ES384",
            ["kid"] = _kid,
            ["use"] = "sig",
        };
        if (isPrivate)
        {
            jwk["d"] = Base64Url.EncodeToString(parameters.D);
        }

        return jwk;
    }
}
