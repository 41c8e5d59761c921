using System.Buffers.Binary;
using System.Text;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Ledger;

/// <summary>The tags of one log's chains: HMAC-SHA-256(audit key, "event" || origin || epoch u32 || number u64), integers big-endian.</summary>
internal sealed class EventTag
{
    /// <summary>The epoch of every tag until epochs begin.</summary>
    public const uint Epoch = 0;

    private readonly byte[] _prefix;

    public EventTag(string origin)
    {
        _prefix = [.. "event"u8, .. Encoding.UTF8.GetBytes(origin), 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(_prefix.AsSpan(_prefix.Length - sizeof(uint)), Epoch);
    }

    /// <summary>The tag of event number <paramref name="number"/> of a chain, from 0.</summary>
    public Hash Of(EventChain chain, ulong number)
    {
        Span<byte> message = stackalloc byte[_prefix.Length + sizeof(ulong)];
        _prefix.CopyTo(message);
        BinaryPrimitives.WriteUInt64BigEndian(message[_prefix.Length..], number);
        Span<byte> tag = stackalloc byte[Hash.Length];
        Sha256.Hmac(chain.AuditKey.Span, message, tag);
        return new Hash(tag);
    }

    /// <summary>What the index knows a tag by.</summary>
    public static UInt128 Short(in Hash tag) => BinaryPrimitives.ReadUInt128BigEndian(tag.Bytes);
}
