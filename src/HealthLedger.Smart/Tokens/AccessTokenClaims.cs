using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Tokens;

/// <summary>The claims of our access tokens, read back. Only called on claims whose signature holds.</summary>
internal static class AccessTokenClaims
{
    public const string Type = "at+jwt";

    /// <summary>The scopes as granted; empty where the claim is missing.</summary>
    public static ImmutableArray<string> Scopes(JsonElement claims) =>
        [.. (claims.Text("scope", SignedToken.MaxLength) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>The caller that the claims tell of, without scopes; null where a claim is missing or unknown.</summary>
    public static Caller? Caller(JsonElement claims)
    {
        if (CallerRoleCodes.Parse(claims.Text("hl_role")) is not { } role || claims.Text("client_id") is not { } clientId || claims.Text("hl_purposes") is not { } purposes)
        {
            return null;
        }

        return new Caller
        {
            ClientId = clientId,
            Role = role,
            Organization = claims.Text("hl_org"),
            Purposes = [.. purposes.Split(' ').Select(PurposeOfUseCodes.Parse).OfType<PurposeOfUse>()],
            Scopes = [],
            UserId = claims.Text("hl_user"),
            FhirUser = claims.Text("fhirUser"),
            Patient = claims.Text("patient"),
            MayMigrate = claims.TryGetProperty("hl_migrate", out var migrate) && migrate.ValueKind == JsonValueKind.True,
        };
    }
}
