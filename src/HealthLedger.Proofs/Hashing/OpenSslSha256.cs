using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Hashing;

/// <summary>
/// One running SHA-256 in OpenSSL's own state on the caller's stack (<c>SHA256_CTX</c> of openssl/sha.h: eight words, two counters of bits, a block of 64 bytes and two
/// more counters, unchanged since 1.0), for messages of any length. <see cref="Sha256Words"/> hashes short ones in fewer steps.
/// </summary>
[InlineArray(Words)]
internal struct OpenSslSha256
{
    private const int Words = 28;
    private const int LowBits = 8;

    /// <summary>Up to here a call is shorter than what leaving managed code costs; a longer one must let the garbage collector in.</summary>
    private const int Short = 4096;

    private uint _first;

    /// <summary>Whether OpenSSL 3 is there with the functions used here. Where it is not, the framework hashes.</summary>
    public static bool IsThere { get; } = OpenSsl.Has("SHA256_Init", "SHA256_Update", "SHA256_Final", "SHA256_Transform");

    public static OpenSslSha256 Start()
    {
        OpenSslSha256 state = default;
        Check(SHA256_Init(ref state));
        return state;
    }

    /// <summary>Goes on where so many whole blocks were hashed.</summary>
    public static OpenSslSha256 After(in Sha256Words words, uint blocks)
    {
        var state = Start();
        ((ReadOnlySpan<uint>)words).CopyTo(state);
        state[LowBits] = blocks * Sha256Words.Block * 8;
        return state;
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        ref var first = ref MemoryMarshal.GetReference(data);
        Check(data.Length <= Short ? SHA256_Update(ref this, ref first, (nuint)data.Length) : UpdateLong(ref this, ref first, (nuint)data.Length));
    }

    /// <summary>Writes the hash and wipes the state.</summary>
    /// <param name="hash">32 bytes.</param>
    public void Finish(Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, Hash.Length, nameof(hash));
        Check(SHA256_Final(ref MemoryMarshal.GetReference(hash), ref this));
        Wipe();
    }

    public void Wipe() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes((Span<uint>)this));

    private static void Check(int done)
    {
        if (done != 1)
        {
            throw new CryptographicException("OpenSSL's SHA-256 failed.");
        }
    }

    [DllImport(OpenSsl.Library), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SHA256_Init(ref OpenSslSha256 state);

    [DllImport(OpenSsl.Library), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SHA256_Update(ref OpenSslSha256 state, ref byte data, nuint length);

    [DllImport(OpenSsl.Library, EntryPoint = nameof(SHA256_Update)), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int UpdateLong(ref OpenSslSha256 state, ref byte data, nuint length);

    [DllImport(OpenSsl.Library), SuppressGCTransition, DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SHA256_Final(ref byte hash, ref OpenSslSha256 state);
}
