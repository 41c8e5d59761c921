using System.Collections.Immutable;
using System.Security.Claims;
using HealthLedger.Access;

namespace HealthLedger.Smart.People;

/// <summary>A signed-in person, as claims in the session cookie and as the <see cref="Caller"/> that the domain knows.</summary>
public static class Session
{
    /// <summary>The cookie's authentication scheme.</summary>
    public const string Scheme = "healthledger";

    /// <summary>The client id of what people do on the pages.</summary>
    public const string PagesClientId = "healthledger-pages";

    internal const string StampClaim = "hl_stamp";
    private const string OrganizationClaim = "hl_org";
    private const string FhirUserClaim = "fhirUser";
    private const string PatientClaim = "patient";

    /// <summary>The caller that a signed-in person is; null for anybody else. Role checks on pages use the roles patient, clinician, regulator, operator.</summary>
    public static Caller? Caller(ClaimsPrincipal principal)
    {
        if (principal.Identity is not ClaimsIdentity { IsAuthenticated: true, AuthenticationType: Scheme } identity
            || identity.FindFirst(ClaimTypes.NameIdentifier)?.Value is not { } userId
            || !Enum.TryParse<CallerRole>(identity.FindFirst(ClaimTypes.Role)?.Value, ignoreCase: true, out var role))
        {
            return null;
        }

        return new Caller
        {
            ClientId = PagesClientId,
            UserId = userId,
            Role = role,
            Organization = identity.FindFirst(OrganizationClaim)?.Value,
            FhirUser = identity.FindFirst(FhirUserClaim)?.Value,
            Patient = identity.FindFirst(PatientClaim)?.Value,
            Purposes = PurposesOf(role),
            Scopes = ScopesOf(role),
            MayAudit = role == CallerRole.Regulator,
        };
    }

    internal static ClaimsPrincipal Principal(User user)
    {
        var identity = new ClaimsIdentity(Scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, user.Id));
        identity.AddClaim(new Claim(ClaimTypes.Name, user.Username));
        identity.AddClaim(new Claim(ClaimTypes.Role, user.Role.ToString().ToLowerInvariant()));
        identity.AddClaim(new Claim(StampClaim, user.SecurityStamp));
        AddWhere(identity, OrganizationClaim, user.Organization);
        AddWhere(identity, FhirUserClaim, user.FhirUser);
        AddWhere(identity, PatientClaim, user.Patient);
        return new ClaimsPrincipal(identity);
    }

    private static ImmutableArray<PurposeOfUse> PurposesOf(CallerRole role) => role switch
    {
        CallerRole.Patient => [PurposeOfUse.PatientRequested],
        CallerRole.Clinician => [PurposeOfUse.Treatment, PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass],
        CallerRole.Regulator => [PurposeOfUse.Compliance],
        CallerRole.Operator => [PurposeOfUse.Operations],
        _ => [],
    };

    private static ImmutableArray<SmartScope> ScopesOf(CallerRole role)
    {
        const ScopeInteraction ReadSearch = ScopeInteraction.Read | ScopeInteraction.Search;
        return role switch
        {
            CallerRole.Patient => [new("patient", "*", ReadSearch), new("patient", "Consent", ScopeInteraction.Create | ScopeInteraction.Update), new("user", "Organization", ReadSearch)],
            CallerRole.Clinician => [new("user", "*", ReadSearch)],
            CallerRole.Regulator => [new("user", "AuditEvent", ReadSearch)],
            _ => [],
        };
    }

    private static void AddWhere(ClaimsIdentity identity, string type, string? value)
    {
        if (value is not null)
        {
            identity.AddClaim(new Claim(type, value));
        }
    }
}
