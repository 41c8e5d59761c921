using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

/// <summary>
/// The ledger's name and secrets: the log's signing key, beside it for a time the one that is to succeed it or that it succeeded, the local cosigner's, and the key that seals notices
/// in the journal. All random, none derived from another. Whoever keeps them seals <see cref="Export"/>; the ledger writes none of them anywhere.
/// </summary>
public sealed partial class LedgerKeys : IDisposable
{
    /// <summary>Bytes of each secret.</summary>
    public const int SecretSize = 32;

    private const byte Suite = 1;
    private const byte SuiteWithTwo = 2;
    private const int MaxName = 200;

    /// <summary>Phase u8, the second log seed, size or time u64, root 32, reason u8.</summary>
    private const int SecondSize = 1 + SecretSize + sizeof(ulong) + Hash.Length + 1;

    private readonly byte[] _noticeKey;
    private readonly Ed25519PrivateKey _cosignerKey;

    private LedgerKeys(string origin, string cosigner, ReadOnlySpan<byte> secrets)
    {
        _noticeKey = GC.AllocateArray<byte>(SecretSize, pinned: true);
        secrets.Slice(2 * SecretSize, SecretSize).CopyTo(_noticeKey);
        _cosignerKey = Ed25519PrivateKey.FromSeed(secrets.Slice(SecretSize, SecretSize));
        _first = LogKey.FromSeed(origin, secrets[..SecretSize]);
        Cosigner = new NoteSigner(cosigner, NoteKeyType.Cosignature, _cosignerKey);
    }

    /// <summary>The log's name, such as <c>ledger.example.org/2026</c>: what its checkpoints begin with and its keys are called.</summary>
    public string Origin => Log.Verifier.Name;

    /// <summary>What checks the log's signature, as a C2SP verifier key.</summary>
    public string VerifierKey => Log.Verifier.ToString();

    /// <summary>What checks the local cosigner's signature.</summary>
    public string CosignerVerifierKey => Cosigner.Verifier.ToString();

    internal NoteSigner Log => Volatile.Read(ref _first).Signer;

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
        var second = exported.Length > 0 && exported[0] == SuiteWithTwo ? SecondSize : 0;
        if (exported.Length < 5 || exported[0] is not (Suite or SuiteWithTwo)
            || (origin = BinaryPrimitives.ReadUInt16BigEndian(exported[1..])) + 5 > exported.Length
            || (cosigner = BinaryPrimitives.ReadUInt16BigEndian(exported[(3 + origin)..])) + origin + 5 + (3 * SecretSize) + second != exported.Length)
        {
            throw new InvalidDataException("These are not the keys of a ledger.");
        }

        var keys = FromSecrets(
            Encoding.UTF8.GetString(exported.Slice(3, origin)),
            Encoding.UTF8.GetString(exported.Slice(5 + origin, cosigner)),
            exported.Slice(5 + origin + cosigner, 3 * SecretSize));
        try
        {
            if (second > 0)
            {
                keys.ImportSecond(exported[^SecondSize..]);
            }

            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Names and secrets, to be sealed by the caller, who zeroes the array: suite u8, origin and cosigner each with a u16 length before it, log seed 32, cosigner seed 32, notice key 32.
    /// That is suite 1; suite 2 has a second log key behind it (docs/formats/keys.md).
    /// </summary>
    public byte[] Export()
    {
        lock (_gate)
        {
            var origin = Encoding.UTF8.GetBytes(Origin);
            var cosigner = Encoding.UTF8.GetBytes(Cosigner.Verifier.Name);
            var exported = GC.AllocateArray<byte>(5 + origin.Length + cosigner.Length + (3 * SecretSize) + (_second is null ? 0 : SecondSize), pinned: true);
            exported[0] = _second is null ? Suite : SuiteWithTwo;
            BinaryPrimitives.WriteUInt16BigEndian(exported.AsSpan(1), (ushort)origin.Length);
            origin.CopyTo(exported, 3);
            BinaryPrimitives.WriteUInt16BigEndian(exported.AsSpan(3 + origin.Length), (ushort)cosigner.Length);
            cosigner.CopyTo(exported, 5 + origin.Length);
            var secrets = exported.AsSpan(5 + origin.Length + cosigner.Length);
            _first.Key.CopySeedTo(secrets);
            _cosignerKey.CopySeedTo(secrets[SecretSize..]);
            _noticeKey.CopyTo(secrets[(2 * SecretSize)..]);
            ExportSecond(secrets[(3 * SecretSize)..]);
            return exported;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _first.Signer.Dispose();
            _second?.Signer.Dispose();
            Cosigner.Dispose();
            CryptographicOperations.ZeroMemory(_noticeKey);
        }
    }

    private static LedgerKeys FromSecrets(string origin, string cosigner, ReadOnlySpan<byte> secrets)
    {
        ArgumentException.ThrowIfNullOrEmpty(origin);
        ArgumentException.ThrowIfNullOrEmpty(cosigner);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(origin.Length, MaxName, nameof(origin));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cosigner.Length, MaxName, nameof(cosigner));
        return new LedgerKeys(origin, cosigner, secrets);
    }

    private sealed record LogKey(Ed25519PrivateKey Key, NoteSigner Signer)
    {
        public static LogKey FromSeed(string origin, ReadOnlySpan<byte> seed) => Of(origin, Ed25519PrivateKey.FromSeed(seed));

        public static LogKey Fresh(string origin) => Of(origin, Ed25519PrivateKey.Generate());

        private static LogKey Of(string origin, Ed25519PrivateKey key) => new(key, new NoteSigner(origin, NoteKeyType.Ed25519, key));
    }
}
