using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.Sealing;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) under a key for one call, by libsodium, which makes the key's schedule on its stack and wipes it there. Needs the processor's instructions for AES and
/// carry-less multiplication (and AVX on x64). docs/decisions/0026.
/// </summary>
internal static class SodiumGcm
{
    private const string Library = "libsodium";

    /// <summary>Whether libsodium is there and the processor has what it needs. Where it is not, the framework's <see cref="AesGcm"/> does the same.</summary>
    public static bool IsThere { get; } = TryFind();

    /// <summary>Encrypts into <paramref name="ciphertext"/>, as long as the plaintext, and writes the tag of 16 bytes.</summary>
    /// <param name="key">32 bytes, never used again with this nonce.</param>
    /// <param name="nonce">12 bytes.</param>
    public static void Encrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        if (crypto_aead_aes256gcm_encrypt_detached(
            ref First(ciphertext), ref First(tag), 0, ref First(plaintext), (ulong)plaintext.Length, ref First(associatedData), (ulong)associatedData.Length,
            0, ref First(nonce), ref First(key)) != 0)
        {
            throw new CryptographicException("libsodium's AES-256-GCM failed.");
        }
    }

    /// <summary>Decrypts into <paramref name="plaintext"/>, as long as the ciphertext. False, with the plaintext zeroed, where the tag does not fit.</summary>
    public static bool TryDecrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        if (crypto_aead_aes256gcm_decrypt_detached(
            ref First(plaintext), 0, ref First(ciphertext), (ulong)ciphertext.Length, ref First(tag), ref First(associatedData), (ulong)associatedData.Length,
            ref First(nonce), ref First(key)) == 0)
        {
            return true;
        }

        CryptographicOperations.ZeroMemory(plaintext);
        return false;
    }

    private static bool TryFind()
    {
        try
        {
            return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return false;
        }
    }

    /// <summary>Null for no bytes, which libsodium then does not look at.</summary>
    private static ref byte First(ReadOnlySpan<byte> bytes) => ref MemoryMarshal.GetReference(bytes);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int sodium_init();

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_is_available();

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_encrypt_detached(
        ref byte ciphertext, ref byte tag, nint noTagLength, ref byte plaintext, ulong length, ref byte associatedData, ulong associatedLength, nint noSecretNonce, ref byte nonce, ref byte key);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_decrypt_detached(
        ref byte plaintext, nint noSecretNonce, ref byte ciphertext, ulong length, ref byte tag, ref byte associatedData, ulong associatedLength, ref byte nonce, ref byte key);
}
