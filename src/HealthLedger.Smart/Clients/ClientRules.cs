using System.Buffers;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Clients;

/// <summary>What a registration must fulfil.</summary>
internal static class ClientRules
{
    private const int MaxClientId = 128;
    private const int MaxName = 200;
    private const int MaxRedirectUris = 20;
    private const int MaxScopes = 200;
    private const string Organization = "Organization/";

    private static readonly SearchValues<char> ClientIdAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-");

    /// <summary>The first thing wrong with it, in plain words; null where it may be registered.</summary>
    public static string? Fault(Client client)
    {
        // Of dots alone it would be no part of an address.
        if (client.ClientId.Length is 0 or > MaxClientId || client.ClientId.AsSpan().ContainsAnyExcept(ClientIdAlphabet) || client.ClientId is "." or "..")
        {
            return "The client id must be 1 to 128 letters, digits or . _ ~ -";
        }

        if (string.IsNullOrWhiteSpace(client.Name) || client.Name.Length > MaxName || client.Name.Any(char.IsControl))
        {
            return "The name must be 1 to 200 printable characters.";
        }

        if (client.Organization is { } organization && !IsOrganization(organization))
        {
            return "The organization must be a reference such as Organization/id.";
        }

        if (client.Role is not (CallerRole.System or CallerRole.Regulator or CallerRole.Operator))
        {
            return "A client's own role is system, regulator or operator; people's roles belong to people.";
        }

        return KeyFault(client) ?? RedirectFault(client) ?? GrantFault(client);
    }

    /// <summary>True for a reference to an organization of this server.</summary>
    public static bool IsOrganization(string reference) => reference.StartsWith(Organization, StringComparison.Ordinal) && FhirId.IsValid(reference.AsSpan(Organization.Length));

    private static string? KeyFault(Client client)
    {
        if (client.Kind == ClientKind.Public)
        {
            return client.Keys.IsEmpty ? null : "A public client has no keys.";
        }

        if (client.Keys.Length is < 1 or > JsonWebKeySet.MaxKeys || client.Keys.DistinctBy(key => key.KeyId).Count() != client.Keys.Length)
        {
            return "The client needs 1 to 8 public keys, each with a kid of its own.";
        }

        return client.Keys.Any(key => key.Algorithm is not (SignatureAlgorithm.ES384 or SignatureAlgorithm.RS384)) ? "A client's keys must be ES384 (EC P-384) or RS384 (RSA)." : null;
    }

    private static string? RedirectFault(Client client)
    {
        if (client.RedirectUris.Length > MaxRedirectUris)
        {
            return "At most 20 redirect URIs are allowed.";
        }

        if (client.Kind == ClientKind.Backend && !client.RedirectUris.IsEmpty)
        {
            return "A backend client has no redirect URI.";
        }

        return client.RedirectUris.All(IsRedirectUri) ? null : "A redirect URI must be absolute, https (or http on loopback), without fragment or user name.";
    }

    private static bool IsRedirectUri(string text) =>
        text.Length <= 2048 && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0 && !text.Contains('#') && uri.UserInfo.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private static string? GrantFault(Client client)
    {
        if (client.Scopes.Length is < 1 or > MaxScopes)
        {
            return "The client needs 1 to 200 scopes.";
        }

        foreach (var scope in client.Scopes)
        {
            var fits = scope switch
            {
                ServiceScopes.Audit => client.Role == CallerRole.Regulator,
                ServiceScopes.Admin => client.Role == CallerRole.Operator,
                _ => SmartScope.Parse(scope) is { } smart && (smart.Context != "system" || client.Kind != ClientKind.Public),
            };
            if (!fits)
            {
                return $"The scope {scope} cannot be given to this client.";
            }
        }

        return client.Purposes.IsEmpty || client.Purposes.Distinct().Count() != client.Purposes.Length ? "The client needs at least one purpose, each once." : null;
    }
}
