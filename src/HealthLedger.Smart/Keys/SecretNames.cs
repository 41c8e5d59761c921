namespace HealthLedger.Smart.Keys;

/// <summary>The secrets that the authorization server asks <see cref="ISealedSecrets"/> for.</summary>
public static class SecretNames
{
    /// <summary>The P-256 keys that sign and signed access tokens: PKCS#8 of the first one, or from a rotation on as <see cref="Tokens.TokenSigningKey"/> says.</summary>
    public const string Signing = "smart-signing";

    /// <summary>32 bytes: seals the rows of registered clients.</summary>
    public const string Clients = "smart-clients";

    /// <summary>32 bytes: seals the rows of people.</summary>
    public const string People = "smart-people";

    /// <summary>32 bytes: hashes the names by which people are found.</summary>
    public const string PeopleNames = "smart-people-names";

    /// <summary>32 bytes: seals the pages' cookies and antiforgery tokens.</summary>
    public const string Pages = "smart-pages";
}
