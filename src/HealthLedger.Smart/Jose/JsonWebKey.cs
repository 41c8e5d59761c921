using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs;

namespace HealthLedger.Smart.Jose;

/// <summary>
/// A public verification key (RFC 7517) of a kind that is accepted here: EC P-256 or P-384, or RSA of 2048 to 4096 bits. The algorithm belongs to the key;
/// a token's header cannot choose another. Immutable and safe for concurrent use.
/// </summary>
public sealed class JsonWebKey
{
    /// <summary>Upper limit of one key's JSON, in bytes.</summary>
    public const int MaxBytes = 4096;

    private const int MaxKeyId = 200;
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    private readonly ECParameters? ec;
    private readonly RSAParameters? rsa;

    private JsonWebKey(string keyId, SignatureAlgorithm algorithm, ECParameters? ec, RSAParameters? rsa)
    {
        KeyId = keyId;
        Algorithm = algorithm;
        this.ec = ec;
        this.rsa = rsa;
    }

    /// <summary>The <c>kid</c> that tokens name it by; 1 to 200 characters.</summary>
    public string KeyId { get; }

    /// <summary>The one algorithm this key verifies.</summary>
    public SignatureAlgorithm Algorithm { get; }

    /// <summary>
    /// Reads one public JWK from UTF-8 JSON. Null where it is not one: another key type or curve, a point off the curve, private members, a <c>use</c> other than
    /// <c>sig</c>, an <c>alg</c> that does not fit, no <c>kid</c>, or over 4096 bytes.
    /// </summary>
    public static JsonWebKey? Parse(ReadOnlyMemory<byte> utf8) =>
        StrictJson.ParseObject(utf8, MaxBytes) is { } element ? Parse(element) : null;

    /// <summary>True for an object with a member that only private and symmetric keys have.</summary>
    internal static bool IsPrivate(JsonElement element) => element.ValueKind == JsonValueKind.Object && PrivateMembers.Any(member => element.Has(member));

    internal static JsonWebKey? Parse(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || element.Text("kid", MaxKeyId) is not { } keyId || IsPrivate(element)
            || (element.Has("use") && element.Text("use") != "sig"))
        {
            return null;
        }

        var key = element.Text("kty") switch
        {
            "EC" => ParseEc(keyId, element),
            "RSA" => ParseRsa(keyId, element),
            _ => null,
        };
        return key is not null && element.Has("alg") && element.Text("alg") != key.Algorithm.ToString() ? null : key;
    }

    /// <summary>The public part of a P-256 key, named by its RFC 7638 thumbprint.</summary>
    internal static JsonWebKey FromP256(ECDsa key)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        parameters.Curve = ECCurve.NamedCurves.nistP256;
        var unnamed = new JsonWebKey("", SignatureAlgorithm.ES256, parameters, null);
        return new JsonWebKey(unnamed.Thumbprint(), SignatureAlgorithm.ES256, parameters, null);
    }

    /// <summary>The key as a public JWK with <c>kid</c>, <c>alg</c> and <c>use</c>.</summary>
    public string ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (ec is { } point)
            {
                writer.WriteString("kty", "EC");
                writer.WriteString("crv", CurveName());
                writer.WriteString("x", StrictBase64.EncodeUrl(point.Q.X));
                writer.WriteString("y", StrictBase64.EncodeUrl(point.Q.Y));
            }
            else
            {
                writer.WriteString("kty", "RSA");
                writer.WriteString("n", StrictBase64.EncodeUrl(rsa!.Value.Modulus));
                writer.WriteString("e", StrictBase64.EncodeUrl(rsa.Value.Exponent));
            }

            writer.WriteString("kid", KeyId);
            writer.WriteString("alg", Algorithm.ToString());
            writer.WriteString("use", "sig");
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>RFC 7638: SHA-256 of the required members in lexical order, in base64url.</summary>
    public string Thumbprint()
    {
        var members = ec is { } point
            ? $$"""{"crv":"{{CurveName()}}","kty":"EC","x":"{{StrictBase64.EncodeUrl(point.Q.X)}}","y":"{{StrictBase64.EncodeUrl(point.Q.Y)}}"}"""
            : $$"""{"e":"{{StrictBase64.EncodeUrl(rsa!.Value.Exponent)}}","kty":"RSA","n":"{{StrictBase64.EncodeUrl(rsa.Value.Modulus)}}"}""";
        return StrictBase64.EncodeUrl(SHA256.HashData(Encoding.ASCII.GetBytes(members)));
    }

    /// <summary>True where <paramref name="signature"/> (JWS form: for ECDSA r and s of fixed width) is this key's over <paramref name="signingInput"/>.</summary>
    internal bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
    {
        try
        {
            switch (Algorithm)
            {
                case SignatureAlgorithm.RS384:
                    using (var key = RSA.Create(rsa!.Value))
                    {
                        return signature.Length == rsa.Value.Modulus!.Length
                            && key.VerifyData(signingInput, signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1);
                    }

                case SignatureAlgorithm.ES384:
                    return VerifyEc(signingInput, signature, HashAlgorithmName.SHA384, 96);
                default:
                    return VerifyEc(signingInput, signature, HashAlgorithmName.SHA256, 64);
            }
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private bool VerifyEc(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature, HashAlgorithmName hash, int length)
    {
        using var key = ECDsa.Create(ec!.Value);
        return signature.Length == length && key.VerifyData(signingInput, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private string CurveName() => Algorithm == SignatureAlgorithm.ES256 ? "P-256" : "P-384";

    private static JsonWebKey? ParseEc(string keyId, JsonElement element)
    {
        var (curve, algorithm, size) = element.Text("crv") switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, SignatureAlgorithm.ES256, 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, SignatureAlgorithm.ES384, 48),
            _ => (default, default, 0),
        };
        var x = StrictBase64.DecodeUrl(element.Text("x"));
        var y = StrictBase64.DecodeUrl(element.Text("y"));
        if (size == 0 || x?.Length != size || y?.Length != size)
        {
            return null;
        }

        try
        {
            // Importing checks that the point lies on the curve.
            var parameters = new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } };
            using var key = ECDsa.Create(parameters);
            return new JsonWebKey(keyId, algorithm, parameters, null);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static JsonWebKey? ParseRsa(string keyId, JsonElement element)
    {
        var n = StrictBase64.DecodeUrl(element.Text("n"));
        var e = StrictBase64.DecodeUrl(element.Text("e"));

        // Leading zero bytes are not allowed (RFC 7518 section 6.3.1); small exponents have a history of forgeries.
        if (n is not { Length: >= 256 and <= 512 } || (n[0] & 0x80) == 0 || (n[^1] & 1) == 0 || e is not { Length: 3 or 4 } || e[0] == 0 || (e[^1] & 1) == 0)
        {
            return null;
        }

        try
        {
            var parameters = new RSAParameters { Modulus = n, Exponent = e };
            using var key = RSA.Create(parameters);
            return new JsonWebKey(keyId, SignatureAlgorithm.RS384, null, parameters);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
