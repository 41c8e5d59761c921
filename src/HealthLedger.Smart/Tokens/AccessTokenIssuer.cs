using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Proofs;
using HealthLedger.Smart.Jose;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.Tokens;

/// <summary>Writes access tokens: JWTs as RFC 9068 profiles them (<c>typ: at+jwt</c>), signed with ES256, with claims of our own under <c>hl_</c>.</summary>
public sealed class AccessTokenIssuer(TokenSigningKey key, SmartUrls urls, TimeProvider time, IOptions<SmartOptions> options)
{
    private const int JtiBytes = 16;

    /// <summary>A token that says what <paramref name="caller"/> is, valid from now for the configured time.</summary>
    /// <param name="caller">Whom it speaks of.</param>
    /// <param name="scopes">The granted scopes in the words they are granted in; they may hold more than the caller's SMART scopes.</param>
    public AccessToken Issue(Caller caller, ImmutableArray<string> scopes)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var lifetime = options.Value.AccessTokenSeconds;
        var claims = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(claims))
        {
            writer.WriteStartObject();
            writer.WriteString("iss", urls.Issuer);
            writer.WriteString("sub", caller.UserId ?? caller.ClientId);
            writer.WriteString("aud", urls.Fhir);
            writer.WriteString("client_id", caller.ClientId);
            writer.WriteNumber("exp", now + lifetime);
            writer.WriteNumber("iat", now);
            writer.WriteString("jti", StrictBase64.EncodeUrl(RandomNumberGenerator.GetBytes(JtiBytes)));
            writer.WriteString("scope", string.Join(' ', scopes));
            writer.WriteString("hl_role", caller.Role.Code());
            WriteWhere(writer, "hl_org", caller.Organization);
            writer.WriteString("hl_purposes", string.Join(' ', caller.Purposes.Select(purpose => purpose.Code())));
            WriteWhere(writer, "hl_user", caller.UserId);
            WriteWhere(writer, "fhirUser", caller.FhirUser);
            WriteWhere(writer, "patient", caller.Patient);
            if (caller.MayMigrate)
            {
                writer.WriteBoolean("hl_migrate", true);
            }

            writer.WriteEndObject();
        }

        var body = StrictBase64.EncodeUrl(claims.WrittenSpan);
        var signed = "";
        var signature = key.Sign(kid =>
        {
            var header = $$"""{"alg":"ES256","typ":"{{AccessTokenClaims.Type}}","kid":"{{kid}}"}""";
            signed = $"{StrictBase64.EncodeUrl(Encoding.ASCII.GetBytes(header))}.{body}";
            return Encoding.ASCII.GetBytes(signed);
        });
        return new AccessToken($"{signed}.{StrictBase64.EncodeUrl(signature)}", lifetime, scopes);
    }

    private static void WriteWhere(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}

/// <summary>An issued token.</summary>
/// <param name="Text">The bearer token. A secret: never log it.</param>
/// <param name="LifetimeSeconds">How long it counts.</param>
/// <param name="Scopes">What was granted.</param>
public sealed record AccessToken(string Text, int LifetimeSeconds, ImmutableArray<string> Scopes)
{
    /// <summary>Everything but the token itself.</summary>
    public override string ToString() => $"access token for {string.Join(' ', Scopes)}";
}
