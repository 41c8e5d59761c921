namespace HealthLedger.Vault.Keys;

/// <summary>
/// A key outside this machine's files, such as one in an HSM, in the place of the passphrase: what seals the master key opens by it alone. Asked once at each start, and when a directory is
/// moved to it.
/// </summary>
public interface IMasterKeyProvider
{
    /// <summary>The SHA-256 of the public key (SubjectPublicKeyInfo): which key this is.</summary>
    /// <exception cref="KeyProviderException">The key cannot be reached.</exception>
    byte[] Fingerprint();

    /// <summary>Encrypts 32 bytes to the key.</summary>
    /// <exception cref="KeyProviderException">The key cannot be reached, or is none that is taken.</exception>
    byte[] Wrap(ReadOnlySpan<byte> secret);

    /// <summary>Decrypts what <see cref="Wrap"/> made.</summary>
    /// <param name="wrapped">At most 1,024 bytes.</param>
    /// <param name="secret">Receives 32 bytes; zeroed by the caller.</param>
    /// <exception cref="KeyProviderException">The key cannot be reached, or did not make this.</exception>
    void Unwrap(ReadOnlySpan<byte> wrapped, Span<byte> secret);
}

/// <summary>The key that holds the master key cannot be reached, or is another one. The host ends with exit code 3.</summary>
public sealed class KeyProviderException(string message, Exception? inner = null) : Exception(message, inner);
