using HealthLedger.Access;
using HealthLedger.Smart.Clients;

namespace HealthLedger.Gateway.Admin;

/// <summary>What of a client goes on the ledger, where auditors read it: what it may do and which keys prove that it is it, but no name.</summary>
internal static class ClientFacts
{
    public static object Of(Client client) => new
    {
        client = client.ClientId,
        role = client.Role.Code(),
        organization = client.Organization,
        scopes = client.Scopes,
        purposes = client.Purposes.Select(purpose => purpose.Code()),
        mayMigrate = client.MayMigrate,
        disabled = client.Disabled,
        keys = client.Keys.Select(key => key.Thumbprint()),
    };
}
