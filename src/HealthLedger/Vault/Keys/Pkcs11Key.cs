using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// An RSA key pair in a PKCS#11 token, by OpenSSL's engine <c>pkcs11</c> (Debian: libengine-pkcs11-openssl). The private key never leaves the token. The token is opened for each use and
/// let go of again: nothing of it is kept across threads, and the gateway needs it at its start only.
/// </summary>
/// <param name="uri">An RFC 7512 URI that names the private key, without a PIN.</param>
/// <param name="pinFile">The file whose first line is the PIN; null where the token asks for none.</param>
public sealed class Pkcs11Key(string uri, string? pinFile) : IMasterKeyProvider
{
    /// <summary>The smallest key taken, in bits.</summary>
    public const int MinKeySize = 2048;

    private const string Scheme = "pkcs11:";
    private static readonly Lock OneAtATime = new();

    /// <summary>What is wrong with a URI, in a sentence; null where nothing is.</summary>
    public static string? Fault(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return !uri.StartsWith(Scheme, StringComparison.Ordinal) || uri.Length is <= 7 or > 1024 || uri.Any(c => c is <= ' ' or > '~') ? "it is not a pkcs11: URI of RFC 7512"
            : uri.Contains("pin-value", StringComparison.OrdinalIgnoreCase) || uri.Contains("pin-source", StringComparison.OrdinalIgnoreCase) ? "the PIN goes into a file of its own"
            : null;
    }

    /// <inheritdoc/>
    public byte[] Fingerprint() => Use(key => SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    /// <inheritdoc/>
    public byte[] Wrap(ReadOnlySpan<byte> secret)
    {
        var copy = GC.AllocateArray<byte>(secret.Length, pinned: true);
        secret.CopyTo(copy);
        try
        {
            return Use(key =>
            {
                // With the public half, outside the token: what it cannot do must not depend on what the token allows.
                using var publicKey = RSA.Create(key.ExportParameters(includePrivateParameters: false));
                return publicKey.Encrypt(copy, RSAEncryptionPadding.OaepSHA256);
            });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <inheritdoc/>
    public void Unwrap(ReadOnlySpan<byte> wrapped, Span<byte> secret)
    {
        var copy = wrapped.ToArray();
        var opened = Use(key => key.Decrypt(copy, RSAEncryptionPadding.OaepSHA256));
        try
        {
            if (opened.Length != Envelope.SecretSize)
            {
                throw new KeyProviderException("What the PKCS#11 key opened is no secret of this program.");
            }

            opened.CopyTo(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(opened);
        }
    }

    private T Use<T>(Func<RSA, T> use)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new KeyProviderException("PKCS#11 keys are reached through OpenSSL's engines, which Windows does not have.");
        }

        lock (OneAtATime)
        {
            try
            {
                using var handle = SafeEvpPKeyHandle.OpenPrivateKeyFromEngine("pkcs11", Opened());
                using var key = new RSAOpenSsl(handle);
                return key.KeySize >= MinKeySize ? use(key) : throw new KeyProviderException($"The PKCS#11 key has {key.KeySize} bits; use at least {MinKeySize}.");
            }
            catch (Exception failed) when (failed is CryptographicException or PlatformNotSupportedException)
            {
                // The message of the engine may repeat the URI, and so where the PIN lies.
                throw new KeyProviderException(
                    "The PKCS#11 key cannot be used: is OpenSSL's engine pkcs11 installed, the token there, the URI that of an RSA private key with the right to decrypt, and the PIN right? "
                    + "A wrong PIN counts against the token's limit of attempts, so do not just try again.", failed);
            }
        }
    }

    private string Opened()
    {
        if (pinFile is null)
        {
            return uri;
        }

        if (!File.Exists(pinFile))
        {
            throw new KeyProviderException($"The PIN file {pinFile} is not there.");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(pinFile) & ~DurableFile.OwnerOnly) != 0)
        {
            throw new KeyProviderException($"The PIN file {pinFile} is open to others than its owner; chmod 600 it.");
        }

        // The engine reads the file by itself, so that no PIN is in a string here.
        return uri + (uri.Contains('?', StringComparison.Ordinal) ? '&' : '?') + "pin-source=file:" + Uri.EscapeDataString(Path.GetFullPath(pinFile)).Replace("%2F", "/", StringComparison.Ordinal);
    }
}
