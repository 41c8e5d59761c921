using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Hosting;

/// <summary>The section <c>HealthLedger:KeyProvider</c>: a key in an HSM that the master key is sealed under, instead of a passphrase (docs/operations.md).</summary>
internal sealed class KeyProviderOptions
{
    /// <summary>The private key, as a PKCS#11 URI (RFC 7512) without a PIN: <c>pkcs11:token=gateway;object=master;type=private</c>.</summary>
    public string? Uri { get; set; }

    /// <summary>A file whose first line is the token's PIN.</summary>
    public string? PinFile { get; set; }

    public IEnumerable<string> Faults()
    {
        if (Uri is not null && Pkcs11Key.Fault(Uri) is { } fault)
        {
            // Not repeated, since it may hold a PIN.
            yield return $"HealthLedger:KeyProvider:Uri cannot be used: {fault}.";
        }

        if (PinFile is not null && Uri is null)
        {
            yield return "HealthLedger:KeyProvider:PinFile needs HealthLedger:KeyProvider:Uri.";
        }
    }

    /// <summary>The key; null where none is configured.</summary>
    public IMasterKeyProvider? ToProvider() => Uri is null ? null : new Pkcs11Key(Uri, PinFile);
}
