using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Sealing;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) under a key for one call, in one of OpenSSL's cipher contexts: each thread keeps one, since to make it, or to empty it for the next call, costs more
/// than to seal 2 KB. Between calls it has a key of zeros, which takes the place of the last one's schedule.
/// </summary>
internal sealed class OpenSslGcm
{
    private const int TagSize = 16;
    private const int GetTag = 0x10;
    private const int SetTag = 0x11;

    private static readonly nint Cipher = OpenSsl.IsReady && OpenSsl.Has(
        nameof(EVP_CIPHER_fetch), nameof(EVP_CIPHER_CTX_new), nameof(EVP_CIPHER_CTX_free), nameof(EVP_CIPHER_CTX_reset), nameof(EVP_CipherInit_ex2),
        nameof(EVP_CipherUpdate), nameof(EVP_CipherFinal_ex), nameof(EVP_CIPHER_CTX_ctrl), nameof(ERR_clear_error))
        ? EVP_CIPHER_fetch(0, "AES-256-GCM", 0)
        : 0;

    [ThreadStatic]
    private static OpenSslGcm? _ofThread;

    private static readonly byte[] Zeros = new byte[32];

    private readonly nint _context = EVP_CIPHER_CTX_new();

    private OpenSslGcm()
    {
        if (_context == 0)
        {
            throw new CryptographicException("OpenSSL has no memory for a cipher context.");
        }

        Check(EVP_CipherInit_ex2(_context, Cipher, ref Zeros[0], ref Zeros[0], 1, 0) == 1);
    }

    ~OpenSslGcm() => EVP_CIPHER_CTX_free(_context);

    /// <summary>Whether OpenSSL 3 is there and has the cipher. Where it is not, the framework's <see cref="AesGcm"/> does the same.</summary>
    public static bool IsThere => Cipher != 0;

    private static OpenSslGcm OfThread => _ofThread ??= new OpenSslGcm();

    /// <summary>Encrypts into <paramref name="ciphertext"/>, as long as the plaintext, and writes the tag of 16 bytes.</summary>
    /// <param name="key">32 bytes, used once.</param>
    /// <param name="nonce">12 bytes.</param>
    public static void Encrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        var context = OfThread._context;
        try
        {
            Begin(context, key, nonce, associatedData, encrypt: 1);
            Check(Update(context, plaintext, ciphertext) && EVP_CipherFinal_ex(context, ref MemoryMarshal.GetReference(tag), out _) == 1
                && EVP_CIPHER_CTX_ctrl(context, GetTag, TagSize, ref MemoryMarshal.GetReference(tag)) == 1);
        }
        finally
        {
            Forget(context);
        }
    }

    /// <summary>Decrypts into <paramref name="plaintext"/>, as long as the ciphertext. False, with the plaintext zeroed, where the tag does not fit.</summary>
    public static bool TryDecrypt(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        var context = OfThread._context;
        var opened = false;
        try
        {
            Begin(context, key, nonce, associatedData, encrypt: 0);
            Check(Update(context, ciphertext, plaintext) && EVP_CIPHER_CTX_ctrl(context, SetTag, TagSize, ref MemoryMarshal.GetReference(tag)) == 1);
            byte none = 0;
            opened = EVP_CipherFinal_ex(context, ref none, out _) == 1;
            return opened;
        }
        finally
        {
            if (!opened)
            {
                CryptographicOperations.ZeroMemory(plaintext);
                ERR_clear_error();
            }

            Forget(context);
        }
    }

    /// <summary>
    /// Another key in the last one's place, which also wipes what was computed with that. The nonce stays: it tells nothing without its key, and OpenSSL looks the length of each that
    /// it is given up by name, for a third of what the new key costs. Where even that fails, the context is given up, and freeing it wipes it.
    /// </summary>
    private static void Forget(nint context)
    {
        if (EVP_CipherInit_ex2(context, 0, ref Zeros[0], ref Unsafe.NullRef<byte>(), 1, 0) != 1)
        {
            EVP_CIPHER_CTX_reset(context);
            _ofThread = null;
            Check(false);
        }
    }

    private static void Begin(nint context, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, int encrypt)
    {
        Check(EVP_CipherInit_ex2(context, 0, ref MemoryMarshal.GetReference(key), ref MemoryMarshal.GetReference(nonce), encrypt, 0) == 1);
        if (!associatedData.IsEmpty)
        {
            Check(EVP_CipherUpdate(context, 0, out _, ref MemoryMarshal.GetReference(associatedData), associatedData.Length) == 1);
        }
    }

    private static bool Update(nint context, ReadOnlySpan<byte> input, Span<byte> output) =>
        input.IsEmpty || (EVP_CipherUpdate(context, ref MemoryMarshal.GetReference(output), out var written, ref MemoryMarshal.GetReference(input), input.Length) == 1 && written == input.Length);

    private static void Check(bool done)
    {
        if (!done)
        {
            ERR_clear_error();
            throw new CryptographicException("OpenSSL's AES-256-GCM failed.");
        }
    }

    [DllImport(OpenSsl.Library, CharSet = CharSet.Ansi), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint EVP_CIPHER_fetch(nint library, [MarshalAs(UnmanagedType.LPStr)] string algorithm, nint properties);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint EVP_CIPHER_CTX_new();

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void EVP_CIPHER_CTX_free(nint context);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CIPHER_CTX_reset(nint context);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CipherInit_ex2(nint context, nint cipher, ref byte key, ref byte nonce, int encrypt, nint parameters);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CipherUpdate(nint context, ref byte output, out int written, ref byte input, int length);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CipherUpdate(nint context, nint noOutput, out int written, ref byte associatedData, int length);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CipherFinal_ex(nint context, ref byte output, out int written);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, ref byte tag);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ERR_clear_error();
}
