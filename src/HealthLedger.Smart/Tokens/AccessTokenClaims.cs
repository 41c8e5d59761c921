using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Tokens;

/// <summary>The claims of our access tokens, read back. Only called on claims whose signature holds.</summary>
internal static class AccessTokenClaims
{
    public const string Type = "at+jwt";

    private static readonly string[] Roles = ["system", "clinician", "patient", "regulator", "operator"];

    public static string RoleCode(CallerRole role) => Roles[(int)role];

    /// <summary>The scopes as granted; empty where the claim is missing.</summary>
    public static ImmutableArray<string> Scopes(JsonElement claims) =>
        [.. (claims.Text("scope", SignedToken.MaxLength) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>The caller that the claims tell of, without scopes; null where a claim is missing or unknown.</summary>
    public static Caller? Caller(JsonElement claims)
    {
        var role = Array.IndexOf(Roles, claims.Text("hl_role"));
        if (role < 0 || claims.Text("client_id") is not { } clientId || claims.Text("hl_purposes") is not { } purposes)
        {
            return null;
        }

        return new Caller
        {
            ClientId = clientId,
            Role = (CallerRole)role,
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
