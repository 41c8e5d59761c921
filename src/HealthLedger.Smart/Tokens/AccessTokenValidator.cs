using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Tokens;

/// <summary>
/// Turns a bearer token into a <see cref="Caller"/>. A token is believed for what its client may still do now: a client that is disabled or has lost a scope,
/// purpose or right loses it for tokens in hand too. Validated tokens are remembered by their hash, so that a repeated token costs one hash and one look-up.
/// Safe for concurrent use.
/// </summary>
public sealed class AccessTokenValidator(
    TokenSigningKey key, SmartUrls urls, ClientRegistry clients, TimeProvider time, Microsoft.Extensions.Options.IOptions<SmartOptions> options)
{
    private static readonly string[] Contexts = ["system", "user", "patient"];

    private readonly ValidatedTokens remembered = new(options.Value.ValidatedTokens);

    /// <summary>Validates the text after <c>Bearer </c>. Never throws for what a caller sent.</summary>
    public TokenValidation Validate(ReadOnlySpan<char> bearer)
    {
        if (!TokenHash.TryCompute(bearer, out var hash))
        {
            return new TokenValidation.Invalid(TokenFault.Malformed);
        }

        var now = time.GetUtcNow();
        if (remembered.Find(hash) is { } known)
        {
            if (now >= known.Valid.Expires)
            {
                remembered.Forget(hash);
                return new TokenValidation.Invalid(TokenFault.Expired);
            }

            // The very same objects: nothing about the client or our keys has changed since this token was validated.
            if (ReferenceEquals(clients.Find(known.Client.ClientId), known.Client) && ReferenceEquals(key.Published, known.Keys))
            {
                return known.Valid;
            }
        }

        var keys = key.Published;
        var validation = ValidateFully(bearer, keys, now, out var client);
        if (validation is TokenValidation.Valid valid)
        {
            remembered.Remember(hash, new ValidatedToken(valid, client!, keys), now);
        }
        else
        {
            remembered.Forget(hash);
        }

        return validation;
    }

    private TokenValidation ValidateFully(ReadOnlySpan<char> bearer, IReadOnlyList<JsonWebKey> keys, DateTimeOffset now, out Client? client)
    {
        client = null;
        if (SignedToken.Parse(bearer) is not { } token || token.Header.Text("typ") != AccessTokenClaims.Type)
        {
            return new TokenValidation.Invalid(TokenFault.Malformed);
        }

        if (keys.FirstOrDefault(published => published.KeyId == token.KeyId) is not { } signer)
        {
            return new TokenValidation.Invalid(TokenFault.UnknownKey);
        }

        if (!token.IsSignedBy(signer))
        {
            return new TokenValidation.Invalid(TokenFault.BadSignature);
        }

        return TimeAndPlaceFault(token.Claims, now) is { } fault ? new TokenValidation.Invalid(fault) : CallerOf(token.Claims, out client);
    }

    private TokenFault? TimeAndPlaceFault(JsonElement claims, DateTimeOffset now)
    {
        if (!claims.TryDate("exp", out var expires) || !claims.TryDate("iat", out var issued) || expires is null || issued is null || claims.Text("jti") is null)
        {
            return TokenFault.BadClaims;
        }

        if (claims.Text("iss") != urls.Issuer || claims.Text("aud") != urls.Fhir)
        {
            return TokenFault.Foreign;
        }

        var seconds = now.ToUnixTimeSeconds();
        return seconds >= expires ? TokenFault.Expired : seconds + options.Value.ClockSkewSeconds < issued ? TokenFault.NotYetValid : null;
    }

    private TokenValidation CallerOf(JsonElement claims, out Client? client)
    {
        client = null;
        if (AccessTokenClaims.Caller(claims) is not { } caller)
        {
            return new TokenValidation.Invalid(TokenFault.BadClaims);
        }

        client = clients.Find(caller.ClientId);
        if (client is null || client.Disabled)
        {
            return new TokenValidation.Invalid(TokenFault.ClientRefused);
        }

        var allowed = client;
        var granted = ScopeGrant.Narrow(string.Join(' ', AccessTokenClaims.Scopes(claims)), client.Scopes, Contexts);
        var purposes = caller.Purposes.Where(purpose => allowed.Purposes.Contains(purpose)).ToImmutableArray();
        var ownBehalf = caller.UserId is null;
        if (granted.IsEmpty || purposes.IsEmpty || (ownBehalf && (caller.Role != client.Role || caller.Organization != client.Organization)))
        {
            return new TokenValidation.Invalid(TokenFault.ClientRefused);
        }

        claims.TryDate("exp", out var expires);
        return new TokenValidation.Valid(
            caller with
            {
                Scopes = [.. granted.Select(SmartScope.Parse).OfType<SmartScope>()],
                Purposes = purposes,
                MayMigrate = caller.MayMigrate && client.MayMigrate,
                MayOperate = caller.Role == CallerRole.Operator && granted.Contains(ServiceScopes.Admin),
                MayAudit = caller.Role == CallerRole.Regulator && granted.Contains(ServiceScopes.Audit),
            },
            DateTimeOffset.FromUnixTimeSeconds(expires!.Value));
    }
}
