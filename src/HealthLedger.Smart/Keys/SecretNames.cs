namespace HealthLedger.Smart.Keys;

/// <summary>The secrets that the authorization server asks <see cref="ISealedSecrets"/> for.</summary>
public static class SecretNames
{
    /// <summary>PKCS#8 of the P-256 key that signs access tokens.</summary>
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
