using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Endpoints;

/// <summary>The documents that tell clients what this server can do: nothing is named that it cannot.</summary>
internal static class Discovery
{
    private static readonly string[] Algorithms = [nameof(SignatureAlgorithm.ES384), nameof(SignatureAlgorithm.RS384)];
    private static readonly string[] Scopes = ["system/*.cruds", "system/*.rs", ServiceScopes.Audit, ServiceScopes.Admin];

    /// <summary>
    /// <c>smart-configuration</c> (SMART App Launch 2.2, "Conformance"). There is no authorization endpoint here yet, so no <c>launch-*</c> capability, and no
    /// <c>issuer</c>, which belongs to <c>sso-openid-connect</c>. <c>code_challenge_methods_supported</c> is required of every server and must hold S256: with
    /// no authorization endpoint it promises nothing, and validators refuse a document without it.
    /// </summary>
    public static Dictionary<string, object> Smart(SmartUrls urls) => new()
    {
        ["token_endpoint"] = urls.Token,
        ["token_endpoint_auth_methods_supported"] = new[] { "private_key_jwt" },
        ["token_endpoint_auth_signing_alg_values_supported"] = Algorithms,
        ["grant_types_supported"] = new[] { "client_credentials" },
        ["scopes_supported"] = Scopes,
        ["code_challenge_methods_supported"] = new[] { "S256" },
        ["capabilities"] = new[] { "client-confidential-asymmetric", "permission-v1", "permission-v2" },
    };

    /// <summary>Authorization server metadata (RFC 8414) at OpenID's address. No ID tokens are issued, so nothing is said of them.</summary>
    public static Dictionary<string, object> OpenId(SmartUrls urls) => new()
    {
        ["issuer"] = urls.Issuer,
        ["token_endpoint"] = urls.Token,
        ["jwks_uri"] = urls.KeySet,
        ["token_endpoint_auth_methods_supported"] = new[] { "private_key_jwt" },
        ["token_endpoint_auth_signing_alg_values_supported"] = Algorithms,
        ["grant_types_supported"] = new[] { "client_credentials" },
        ["response_types_supported"] = Array.Empty<string>(),
        ["scopes_supported"] = Scopes,
    };
}
