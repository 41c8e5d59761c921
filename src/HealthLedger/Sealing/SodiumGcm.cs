using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.Sealing;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) under a key for one call, by libsodium. What it computes from the key lies in a buffer of ours that each thread keeps and that is wiped after each call; not
/// all of libsodium's shorter calls wipe theirs. Needs the processor's instructions for AES and carry-less multiplication.
/// </summary>
internal sealed class SodiumGcm
{
    private const string Library = "libsodium";
    private const int StateAlignment = 16;

    [ThreadStatic]
    private static SodiumGcm? _ofThread;

    private readonly Memory<byte> _state;

    private SodiumGcm()
    {
        // Pinned, so that the collector leaves no copy behind, and that its alignment stays.
        var size = (int)crypto_aead_aes256gcm_statebytes();
        var buffer = GC.AllocateArray<byte>(size + StateAlignment, pinned: true);
        var past = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0) % StateAlignment);
        _state = buffer.AsMemory((StateAlignment - past) % StateAlignment, size);
    }

    /// <summary>Whether libsodium is there and the processor has what it needs. Where it is not, the framework's <see cref="AesGcm"/> does the same.</summary>
    public static bool IsThere { get; } = TryFind();

    /// <summary>What is computed from a key during a call; zeros between calls.</summary>
    internal static Span<byte> StateOfThread => (_ofThread ??= new SodiumGcm())._state.Span;

    /// <summary>Encrypts into <paramref name="ciphertext"/>, as long as the plaintext, and writes the tag of 16 bytes.</summary>
    /// <param name="key">32 bytes, never used again with this nonce.</param>
    /// <param name="nonce">12 bytes.</param>
    public static void Encrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        var state = StateOfThread;
        try
        {
            if (crypto_aead_aes256gcm_beforenm(ref First(state), ref First(key)) != 0
                || crypto_aead_aes256gcm_encrypt_detached_afternm(
                    ref First(ciphertext), ref First(tag), 0, ref First(plaintext), (ulong)plaintext.Length, ref First(associatedData), (ulong)associatedData.Length,
                    0, ref First(nonce), ref First(state)) != 0)
            {
                throw new CryptographicException("libsodium's AES-256-GCM failed.");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
        }
    }

    /// <summary>Decrypts into <paramref name="plaintext"/>, as long as the ciphertext. False, with the plaintext zeroed, where the tag does not fit.</summary>
    public static bool TryDecrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        var state = StateOfThread;
        var opened = false;
        try
        {
            // A plaintext of no bytes has an address too: without one, libsodium would verify alone.
            byte none = 0;
            ref var into = ref plaintext.IsEmpty ? ref none : ref First(plaintext);
            opened = crypto_aead_aes256gcm_beforenm(ref First(state), ref First(key)) == 0
                && crypto_aead_aes256gcm_decrypt_detached_afternm(
                    ref into, 0, ref First(ciphertext), (ulong)ciphertext.Length, ref First(tag), ref First(associatedData), (ulong)associatedData.Length,
                    ref First(nonce), ref First(state)) == 0;
            return opened;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
            if (!opened)
            {
                CryptographicOperations.ZeroMemory(plaintext);
            }
        }
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

    private static ref byte First(ReadOnlySpan<byte> bytes) => ref MemoryMarshal.GetReference(bytes);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int sodium_init();

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_is_available();

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern nuint crypto_aead_aes256gcm_statebytes();

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_beforenm(ref byte state, ref byte key);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_encrypt_detached_afternm(
        ref byte ciphertext, ref byte tag, nint noTagLength, ref byte plaintext, ulong length, ref byte associatedData, ulong associatedLength, nint noSecretNonce, ref byte nonce, ref byte state);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int crypto_aead_aes256gcm_decrypt_detached_afternm(
        ref byte plaintext, nint noSecretNonce, ref byte ciphertext, ulong length, ref byte tag, ref byte associatedData, ulong associatedLength, ref byte nonce, ref byte state);
}
