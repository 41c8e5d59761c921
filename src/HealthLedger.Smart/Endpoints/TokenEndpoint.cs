using System.Collections.Immutable;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Tokens;

namespace HealthLedger.Smart.Endpoints;

/// <summary>
/// The token endpoint without HTTP: the OAuth client credentials grant (RFC 6749 section 4.4) as SMART backend services profiles it. One step after another,
/// each of which may refuse.
/// </summary>
public sealed class TokenEndpoint(ClientAssertion assertions, AccessTokenIssuer issuer)
{
    /// <summary>Answers one form.</summary>
    /// <param name="form">The parameters, each once.</param>
    /// <param name="cancellationToken">Stops waiting for the replay store.</param>
    public async Task<TokenAnswer> Answer(IReadOnlyDictionary<string, string> form, CancellationToken cancellationToken)
    {
        if (GrantFault(form) is { } fault)
        {
            return fault;
        }

        return await assertions.Authenticate(form["client_assertion"], form.GetValueOrDefault("client_id"), cancellationToken) switch
        {
            Authentication.Client client => Grant(client, form.GetValueOrDefault("scope")),
            Authentication.Refused refused => Refuse("invalid_client", refused.Why),
            _ => new TokenAnswer.Refused(503, "temporarily_unavailable", "Too many assertions are in use; try again in a minute."),
        };
    }

    private static TokenAnswer.Refused? GrantFault(IReadOnlyDictionary<string, string> form)
    {
        if (!form.TryGetValue("grant_type", out var grantType))
        {
            return Refuse("invalid_request", "grant_type is required.");
        }

        if (grantType != "client_credentials")
        {
            return Refuse("unsupported_grant_type", "Only client_credentials is supported.");
        }

        if (form.ContainsKey("client_secret"))
        {
            return Refuse("invalid_client", "Client secrets are not supported; use private_key_jwt.");
        }

        if (!form.ContainsKey("client_assertion") || !form.TryGetValue("client_assertion_type", out var type))
        {
            return Refuse("invalid_client", "client_assertion and client_assertion_type are required.");
        }

        return type == ClientAssertion.Type ? null : Refuse("invalid_client", $"client_assertion_type must be {ClientAssertion.Type}.");
    }

    private TokenAnswer Grant(Authentication.Client authenticated, string? asked)
    {
        var client = authenticated.Who;
        if (client.Kind == ClientKind.Public)
        {
            return Refuse("unauthorized_client", "This client may not use client_credentials.");
        }

        if (asked is null)
        {
            return Refuse("invalid_scope", "scope is required.");
        }

        var scopes = ScopeGrant.Narrow(asked, client.Scopes, "system");
        if (scopes.IsEmpty)
        {
            return Refuse("invalid_scope", "None of the requested scopes can be granted to this client.");
        }

        var purposes = authenticated.Purposes is { } wanted ? [.. client.Purposes.Where(wanted.Contains)] : client.Purposes;
        if (purposes.IsEmpty)
        {
            return Refuse("invalid_grant", "None of the requested purposes of use is permitted to this client.");
        }

        return new TokenAnswer.Granted(issuer.Issue(CallerOf(client, purposes, scopes), scopes));
    }

    private static Caller CallerOf(Client client, ImmutableArray<PurposeOfUse> purposes, ImmutableArray<string> scopes) => new()
    {
        ClientId = client.ClientId,
        Organization = client.Organization,
        Role = client.Role,
        Purposes = purposes,
        Scopes = [.. scopes.Select(SmartScope.Parse).OfType<SmartScope>()],
        MayMigrate = client.MayMigrate,
    };

    private static TokenAnswer.Refused Refuse(string error, string description) => new(400, error, description);
}
