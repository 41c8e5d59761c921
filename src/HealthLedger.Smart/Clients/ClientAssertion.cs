using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Jose;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.Clients;

/// <summary>
/// Authenticates a client by a JWT that it signed (<c>private_key_jwt</c>: RFC 7523; SMART App Launch 2.2, "Client Authentication: Asymmetric").
/// The signature comes first: what the claims lack is told only to whoever holds the client's key; everybody else gets one answer.
/// </summary>
public sealed class ClientAssertion(ClientRegistry clients, IAssertionReplay replay, SmartUrls urls, TimeProvider time, IOptions<SmartOptions> options)
{
    /// <summary>The only <c>client_assertion_type</c>.</summary>
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>How far ahead an assertion may expire.</summary>
    private const int MaxLifetimeSeconds = 300;

    /// <summary>Says who made the assertion, and marks it as used.</summary>
    /// <param name="assertion">The compact JWT.</param>
    /// <param name="claimedId">The form's <c>client_id</c>; null where it has none.</param>
    /// <param name="cancellationToken">Stops waiting for the replay store.</param>
    internal async Task<Authentication> Authenticate(string assertion, string? claimedId, CancellationToken cancellationToken)
    {
        if (SignedToken.Parse(assertion) is not { } token)
        {
            return Authentication.Failed;
        }

        var issuer = token.Claims.Text("iss");
        var client = issuer is null ? null : clients.Find(issuer);
        var key = client?.Keys.FirstOrDefault(k => k.KeyId == token.KeyId);
        var verifier = key is not null && key.Algorithm.ToString() == token.Header.Text("alg") ? key : Decoys.For(token.Header.Text("alg"));
        var signed = token.IsSignedBy(verifier) && ReferenceEquals(verifier, key);
        if (client is null || !signed || client.Disabled)
        {
            return Authentication.Failed;
        }

        if (ClaimFault(token, client.ClientId, claimedId, out var expires) is { } fault)
        {
            return new Authentication.Refused(fault);
        }

        var forgetAfter = DateTimeOffset.FromUnixTimeSeconds(expires + options.Value.ClockSkewSeconds + 1);
        return await replay.Use(ReplayKey(client.ClientId, token.Claims.Text("jti")!), forgetAfter, cancellationToken) switch
        {
            AssertionUse.First => new Authentication.Client(client, AskedPurposes(token.Claims)),
            AssertionUse.Repeated => new Authentication.Refused("This assertion was used before; make a new one with a new jti."),
            _ => new Authentication.Busy(),
        };
    }

    /// <summary>The first thing wrong with the claims; null where they stand.</summary>
    private string? ClaimFault(SignedToken token, string clientId, string? claimedId, out long expires)
    {
        expires = 0;
        var claims = token.Claims;
        if (token.Header.Has("typ") && !string.Equals(token.Header.Text("typ"), "JWT", StringComparison.OrdinalIgnoreCase))
        {
            return "The assertion's typ must be JWT.";
        }

        if (token.Header.Has("jku"))
        {
            return "This client's keys are registered inline; jku is not accepted.";
        }

        if (claims.Text("sub") != clientId || (claimedId is not null && claimedId != clientId))
        {
            return "iss, sub and client_id must be the same client.";
        }

        if (!IsForUs(claims))
        {
            return $"aud must be {urls.Token}.";
        }

        if (claims.Text("jti", 256) is null)
        {
            return "jti must be a text of 1 to 256 characters.";
        }

        return TimeFault(claims, out expires);
    }

    private string? TimeFault(JsonElement claims, out long expires)
    {
        expires = 0;
        if (!claims.TryDate("exp", out var exp) || exp is null || !claims.TryDate("iat", out var iat) || !claims.TryDate("nbf", out var nbf))
        {
            return "exp is required; exp, iat and nbf must be seconds since 1970.";
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var skew = options.Value.ClockSkewSeconds;
        expires = exp.Value;
        if (now - skew >= exp)
        {
            return "The assertion has expired.";
        }

        if (exp > now + skew + MaxLifetimeSeconds)
        {
            return "exp may be at most five minutes ahead.";
        }

        if (iat > now + skew || nbf > now + skew)
        {
            return "iat or nbf lies in the future.";
        }

        return iat < now - skew - MaxLifetimeSeconds ? "iat lies more than five minutes back; make a new assertion for each request." : null;
    }

    /// <summary>One audience, the token endpoint or the issuer: an assertion for several servers could be replayed by one of them.</summary>
    private bool IsForUs(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var audience))
        {
            return false;
        }

        if (audience.ValueKind == JsonValueKind.Array && audience.GetArrayLength() == 1)
        {
            audience = audience[0];
        }

        return audience.ValueKind == JsonValueKind.String && (audience.ValueEquals(urls.Token) || audience.ValueEquals(urls.Issuer));
    }

    /// <summary>
    /// The purposes in the assertion's <c>extensions.hl7-b2b.purpose_of_use</c> (the UDAP security guide's carrier), as bare codes or after a <c>#</c> or <c>|</c>;
    /// null where it has none, empty where none is understood.
    /// </summary>
    private static ImmutableArray<PurposeOfUse>? AskedPurposes(JsonElement claims)
    {
        if (!claims.TryGetProperty("extensions", out var extensions) || extensions.ValueKind != JsonValueKind.Object
            || !extensions.TryGetProperty("hl7-b2b", out var b2b) || b2b.ValueKind != JsonValueKind.Object
            || !b2b.TryGetProperty("purpose_of_use", out var purposes) || purposes.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        return [.. purposes.EnumerateArray()
            .Where(purpose => purpose.ValueKind == JsonValueKind.String)
            .Select(purpose => purpose.GetString()!)
            .Select(text => PurposeOfUseCodes.Parse(text[(text.LastIndexOfAny(['#', '|']) + 1)..]))
            .OfType<PurposeOfUse>()];
    }

    private static byte[] ReplayKey(string clientId, string jti) =>
    [
        .. SHA256.HashData(Encoding.UTF8.GetBytes(clientId)).AsSpan(0, IAssertionReplay.ClientSize),
        .. SHA256.HashData(Encoding.UTF8.GetBytes(clientId + "\0" + jti)).AsSpan(IAssertionReplay.ClientSize),
    ];
}
