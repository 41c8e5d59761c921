using System.Security.Cryptography;

namespace HealthLedger.Sealing;

/// <summary>AES-256-GCM under a key for one call: by libsodium where it is there, else by the framework. docs/decisions/0026.</summary>
internal static class Gcm
{
    /// <summary>Encrypts into <paramref name="ciphertext"/>, as long as the plaintext, and writes the tag of 16 bytes.</summary>
    /// <param name="key">32 bytes, never used again with this nonce.</param>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="associatedData">May be empty.</param>
    /// <param name="plaintext">May be empty.</param>
    /// <param name="ciphertext">Receives the ciphertext.</param>
    /// <param name="tag">Receives 16 bytes.</param>
    public static void Encrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        Check(key, nonce, tag, plaintext.Length, ciphertext.Length);
        if (SodiumGcm.IsThere)
        {
            SodiumGcm.Encrypt(key, nonce, associatedData, plaintext, ciphertext, tag);
            return;
        }

        EncryptByFramework(key, nonce, associatedData, plaintext, ciphertext, tag);
    }

    /// <summary>Decrypts into <paramref name="plaintext"/>, as long as the ciphertext. False, with the plaintext zeroed, where the tag does not fit.</summary>
    public static bool TryDecrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        Check(key, nonce, tag, ciphertext.Length, plaintext.Length);
        return SodiumGcm.IsThere
            ? SodiumGcm.TryDecrypt(key, nonce, associatedData, ciphertext, tag, plaintext)
            : TryDecryptByFramework(key, nonce, associatedData, ciphertext, tag, plaintext);
    }

    internal static void EncryptByFramework(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        using var aes = new AesGcm(key, tag.Length);
        aes.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);
    }

    internal static bool TryDecryptByFramework(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        using var aes = new AesGcm(key, tag.Length);
        try
        {
            aes.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    /// <summary>libsodium would read and write past what it was not told the length of.</summary>
    private static void Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag, int input, int output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, 32, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, 12, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, 16, nameof(tag));
        ArgumentOutOfRangeException.ThrowIfNotEqual(output, input, nameof(output));
    }
}
