using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

/// <summary>
/// The ledger's name and secrets: the log's signing key, the local cosigner's, and the key that seals notices in the journal. All random, none derived
/// from another. Whoever keeps them seals <see cref="Export"/>; the ledger writes none of them anywhere.
/// </summary>
public sealed class LedgerKeys : IDisposable
{
    /// <summary>Bytes of each secret.</summary>
    public const int SecretSize = 32;

    private const byte Suite = 1;
    private const int MaxName = 200;
    private readonly byte[] _noticeKey;

    private readonly Ed25519PrivateKey _logKey;
    private readonly Ed25519PrivateKey _cosignerKey;

    private LedgerKeys(string origin, string cosigner, Ed25519PrivateKey logKey, Ed25519PrivateKey cosignerKey, byte[] noticeKey)
    {
        (_logKey, _cosignerKey, _noticeKey) = (logKey, cosignerKey, noticeKey);
        Log = new NoteSigner(origin, NoteKeyType.Ed25519, logKey);
        Cosigner = new NoteSigner(cosigner, NoteKeyType.Cosignature, cosignerKey);
    }

    /// <summary>The log's name, such as <c>ledger.example.org/2026</c>: what its checkpoints begin with and its key is called.</summary>
    public string Origin => Log.Verifier.Name;

    /// <summary>What checks the log's signature, as a C2SP verifier key.</summary>
    public string VerifierKey => Log.Verifier.ToString();

    /// <summary>What checks the local cosigner's signature.</summary>
    public string CosignerVerifierKey => Cosigner.Verifier.ToString();

    internal NoteSigner Log { get; }

    internal NoteSigner Cosigner { get; }

    internal ReadOnlySpan<byte> NoticeKey => _noticeKey;

    /// <summary>Fresh random keys.</summary>
    /// <param name="origin">The log's name: no white space, no plus sign, at most 200 characters.</param>
    /// <param name="cosigner">The local cosigner's name, under the same rules; another name than the log's.</param>
    public static LedgerKeys Create(string origin, string cosigner)
    {
        Span<byte> secrets = stackalloc byte[3 * SecretSize];
        RandomNumberGenerator.Fill(secrets);
        try
        {
            return FromSecrets(origin, cosigner, secrets);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secrets);
        }
    }

    /// <summary>Reads what <see cref="Export"/> wrote.</summary>
    /// <exception cref="InvalidDataException">These are no ledger keys of a known suite.</exception>
    public static LedgerKeys Import(ReadOnlySpan<byte> exported)
    {
        var origin = 0;
        var cosigner = 0;
        if (exported.Length < 5 || exported[0] != Suite
            || (origin = BinaryPrimitives.ReadUInt16BigEndian(exported[1..])) + 5 > exported.Length
            || (cosigner = BinaryPrimitives.ReadUInt16BigEndian(exported[(3 + origin)..])) + origin + 5 + (3 * SecretSize) != exported.Length)
        {
            throw new InvalidDataException("These are not the keys of a ledger.");
        }

        return FromSecrets(
            Encoding.UTF8.GetString(exported.Slice(3, origin)),
            Encoding.UTF8.GetString(exported.Slice(5 + origin, cosigner)),
            exported[(5 + origin + cosigner)..]);
    }

    /// <summary>
    /// Names and secrets, to be sealed by the caller, who zeroes the array: suite u8 = 1, origin and cosigner each with a u16 length before it, log seed
    /// 32, cosigner seed 32, notice key 32.
    /// </summary>
    public byte[] Export()
    {
        var origin = Encoding.UTF8.GetBytes(Origin);
        var cosigner = Encoding.UTF8.GetBytes(Cosigner.Verifier.Name);
        var exported = GC.AllocateArray<byte>(5 + origin.Length + cosigner.Length + (3 * SecretSize), pinned: true);
        exported[0] = Suite;
        BinaryPrimitives.WriteUInt16BigEndian(exported.AsSpan(1), (ushort)origin.Length);
        origin.CopyTo(exported, 3);
        BinaryPrimitives.WriteUInt16BigEndian(exported.AsSpan(3 + origin.Length), (ushort)cosigner.Length);
        cosigner.CopyTo(exported, 5 + origin.Length);
        var secrets = exported.AsSpan(5 + origin.Length + cosigner.Length);
        _logKey.CopySeedTo(secrets);
        _cosignerKey.CopySeedTo(secrets[SecretSize..]);
        _noticeKey.CopyTo(secrets[(2 * SecretSize)..]);
        return exported;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Log.Dispose();
        Cosigner.Dispose();
        CryptographicOperations.ZeroMemory(_noticeKey);
    }

    private static LedgerKeys FromSecrets(string origin, string cosigner, ReadOnlySpan<byte> secrets)
    {
        ArgumentException.ThrowIfNullOrEmpty(origin);
        ArgumentException.ThrowIfNullOrEmpty(cosigner);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(origin.Length, MaxName, nameof(origin));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cosigner.Length, MaxName, nameof(cosigner));
        var notice = GC.AllocateArray<byte>(SecretSize, pinned: true);
        secrets.Slice(2 * SecretSize, SecretSize).CopyTo(notice);
        return new LedgerKeys(
            origin, cosigner, Ed25519PrivateKey.FromSeed(secrets[..SecretSize]), Ed25519PrivateKey.FromSeed(secrets.Slice(SecretSize, SecretSize)), notice);
    }
}
