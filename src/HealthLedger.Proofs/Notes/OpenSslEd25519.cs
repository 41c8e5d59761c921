using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.Notes;

/// <summary>
/// An Ed25519 signing key in OpenSSL's memory (RFC 8032 section 5.1.6), wiped there when it is freed. Two signatures lie on the way of each batch of the ledger: the managed
/// implementation takes 30 us for one, half of that again on a cold cache.
/// </summary>
internal sealed class OpenSslEd25519 : SafeHandle
{
    /// <summary>NID_ED25519 of openssl/obj_mac.h.</summary>
    private const int Ed25519 = 1087;

    private OpenSslEd25519(nint key)
        : base(0, ownsHandle: true) => SetHandle(key);

    /// <summary>Whether OpenSSL 3 is there with the functions used here. Where it is not, the managed implementation signs.</summary>
    public static bool IsThere { get; } = OpenSsl.IsReady && OpenSsl.Has(
        nameof(EVP_PKEY_new_raw_private_key), nameof(EVP_PKEY_free), nameof(EVP_MD_CTX_new), nameof(EVP_MD_CTX_free), nameof(EVP_DigestSignInit), nameof(EVP_DigestSign),
        nameof(ERR_clear_error));

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Takes a copy of the seed; null where this OpenSSL does not have the algorithm (a FIPS provider may not).</summary>
    /// <param name="seed">32 bytes.</param>
    public static OpenSslEd25519? FromSeed(ReadOnlySpan<byte> seed)
    {
        var key = EVP_PKEY_new_raw_private_key(Ed25519, 0, ref MemoryMarshal.GetReference(seed), (nuint)seed.Length);
        if (key == 0)
        {
            ERR_clear_error();
            return null;
        }

        return new OpenSslEd25519(key);
    }

    /// <summary>Writes the signature of 64 bytes.</summary>
    /// <exception cref="CryptographicException">OpenSSL failed: no memory.</exception>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        var context = EVP_MD_CTX_new();
        try
        {
            var length = (nuint)signature.Length;
            if (context == 0 || EVP_DigestSignInit(context, 0, 0, 0, this) != 1
                || EVP_DigestSign(context, ref MemoryMarshal.GetReference(signature), ref length, ref MemoryMarshal.GetReference(message), (nuint)message.Length) != 1
                || length != (nuint)signature.Length)
            {
                ERR_clear_error();
                throw new CryptographicException("OpenSSL did not sign.");
            }
        }
        finally
        {
            EVP_MD_CTX_free(context);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        EVP_PKEY_free(handle);
        return true;
    }

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint EVP_PKEY_new_raw_private_key(int type, nint engine, ref byte key, nuint length);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void EVP_PKEY_free(nint key);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint EVP_MD_CTX_new();

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void EVP_MD_CTX_free(nint context);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, OpenSslEd25519 key);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EVP_DigestSign(nint context, ref byte signature, ref nuint signatureLength, ref byte message, nuint length);

    [DllImport(OpenSsl.Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ERR_clear_error();
}
