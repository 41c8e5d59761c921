using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.Completeness;

/// <summary>
/// What a chain's tags hang from (docs/formats/completeness.md). It tells which entries of the ledger belong together and opens nothing: it may be shown to the
/// patient, and to an auditor who challenges an event, where the audit key that opens facts may not.
/// </summary>
/// <remarks>Suite 1: HMAC-SHA-256. Safe for several threads until it is disposed of.</remarks>
public sealed class TagKey : IDisposable
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 32;

    private readonly byte[] _key;

    private TagKey(ReadOnlySpan<byte> key) => _key = key.ToArray();

    /// <summary>The key of a chain: HMAC-SHA-256(audit key, "healthledger/tag-key/v1" || 0 || origin).</summary>
    /// <param name="auditKey">32 bytes.</param>
    /// <param name="origin">The log's name: the same chain has another key in another log.</param>
    public static TagKey Of(ReadOnlySpan<byte> auditKey, string origin)
    {
        Span<byte> key = stackalloc byte[Length];
        var label = "healthledger/tag-key/v1\0"u8;
        var length = label.Length + Encoding.UTF8.GetByteCount(origin);
        Span<byte> message = length <= 256 ? stackalloc byte[length] : new byte[length];
        label.CopyTo(message);
        Encoding.UTF8.GetBytes(origin, message[label.Length..]);
        Sha256.Hmac(auditKey, message, key);
        var made = new TagKey(key);
        CryptographicOperations.ZeroMemory(key);
        return made;
    }

    /// <summary>Reads 32 bytes.</summary>
    public static Parsed<TagKey> Parse(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Length ? new TagKey(bytes) : new Fault("tag-key-length", $"A tag key has {Length} bytes, not {bytes.Length}.");

    /// <summary>The key itself: for the patient whose chain it is, and for the auditor of a challenged event.</summary>
    public ReadOnlySpan<byte> Bytes => _key;

    /// <summary>What an ENROL entry's fact says of the key: SHA-256("healthledger/tag-key/v1" || 0 || key). Hides it and binds to it.</summary>
    public Hash Commitment
    {
        get
        {
            Span<byte> hash = stackalloc byte[Hash.Length];
            Sha256.Hash("healthledger/tag-key/v1\0"u8, _key, hash);
            return new Hash(hash);
        }
    }

    /// <summary>The tag of an event: HMAC-SHA-256(key, "event" || number u64, big-endian).</summary>
    /// <param name="number">From 0, without a gap.</param>
    public Hash TagOf(ulong number)
    {
        Span<byte> message = stackalloc byte[5 + sizeof(ulong)];
        "event"u8.CopyTo(message);
        BinaryPrimitives.WriteUInt64BigEndian(message[5..], number);
        Span<byte> tag = stackalloc byte[Hash.Length];
        Sha256.Hmac(_key, message, tag);
        return new Hash(tag);
    }

    /// <summary>Wipes the key.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
