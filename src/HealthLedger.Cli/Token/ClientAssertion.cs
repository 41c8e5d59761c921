using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Cli.Token;

/// <summary>Makes the JWT by which a client proves who it is (SMART App Launch 2.2, "Client Authentication: Asymmetric"), ES384 or RS384.</summary>
internal static class ClientAssertion
{
    private const int LifetimeSeconds = 240;

    /// <param name="credentials">The client and its private key.</param>
    /// <param name="audience">The token endpoint.</param>
    /// <param name="purpose">A purpose of use to ask for; null for all that the client may use.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <exception cref="UsageException">The key is not one of the two kinds.</exception>
    public static string Make(Credentials credentials, string audience, string? purpose, long now)
    {
        try
        {
            var jwk = credentials.Jwk;
            return jwk.GetProperty("kty").GetString() switch
            {
                "EC" => SignEs384(jwk, audience, credentials.ClientId, purpose, now),
                "RSA" => SignRs384(jwk, audience, credentials.ClientId, purpose, now),
                _ => throw new UsageException("The client's key must be EC P-384 or RSA."),
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or CryptographicException)
        {
            throw new UsageException("The client's private key is damaged.");
        }
    }

    private static string SignEs384(JsonElement jwk, string audience, string clientId, string? purpose, long now)
    {
        if (jwk.GetProperty("crv").GetString() != "P-384")
        {
            throw new UsageException("The client's key must be EC P-384 or RSA.");
        }

        var parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP384, D = Bytes(jwk, "d"), Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") } };
        try
        {
            using var key = ECDsa.Create(parameters);
            return Sign("ES384", jwk, audience, clientId, purpose, now, input => key.SignData(input, HashAlgorithmName.SHA384));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    private static string SignRs384(JsonElement jwk, string audience, string clientId, string? purpose, long now)
    {
        var parameters = new RSAParameters
        {
            Modulus = Bytes(jwk, "n"),
            Exponent = Bytes(jwk, "e"),
            D = Bytes(jwk, "d"),
            P = Bytes(jwk, "p"),
            Q = Bytes(jwk, "q"),
            DP = Bytes(jwk, "dp"),
            DQ = Bytes(jwk, "dq"),
            InverseQ = Bytes(jwk, "qi"),
        };
        using var key = RSA.Create(parameters);
        return Sign("RS384", jwk, audience, clientId, purpose, now, input => key.SignData(input, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1));
    }

    private static string Sign(string algorithm, JsonElement jwk, string audience, string clientId, string? purpose, long now, Func<byte[], byte[]> sign)
    {
        var header = Write(writer =>
        {
            writer.WriteString("alg", algorithm);
            writer.WriteString("typ", "JWT");
            writer.WriteString("kid", jwk.GetProperty("kid").GetString());
        });
        var claims = Write(writer =>
        {
            writer.WriteString("iss", clientId);
            writer.WriteString("sub", clientId);
            writer.WriteString("aud", audience);
            writer.WriteNumber("iat", now);
            writer.WriteNumber("exp", now + LifetimeSeconds);
            writer.WriteString("jti", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
            if (purpose is not null)
            {
                WritePurpose(writer, purpose);
            }
        });
        var input = $"{header}.{claims}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>The HL7 B2B authorization extension object (UDAP security guide), which carries purposes of use.</summary>
    private static void WritePurpose(Utf8JsonWriter writer, string purpose)
    {
        writer.WriteStartObject("extensions");
        writer.WriteStartObject("hl7-b2b");
        writer.WriteString("version", "1");
        writer.WriteStartArray("purpose_of_use");
        writer.WriteStringValue(purpose);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }

    private static byte[] Bytes(JsonElement jwk, string name) => Base64Url.DecodeFromChars(jwk.GetProperty(name).GetString());
}
