using System.Buffers.Binary;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Completeness;

namespace HealthLedger.Ledger;

/// <summary>The tags of one log's chains (docs/formats/completeness.md).</summary>
internal sealed class EventTag(string origin)
{
    /// <summary>The key that a chain's tags hang from. The caller disposes of it.</summary>
    public TagKey KeyOf(EventChain chain) => TagKey.Of(chain.AuditKey.Span, origin);

    /// <summary>The tag of event number <paramref name="number"/> of a chain, from 0.</summary>
    public Hash Of(EventChain chain, ulong number)
    {
        using var key = KeyOf(chain);
        return key.TagOf(number);
    }

    /// <summary>What the index knows a tag by.</summary>
    public static UInt128 Short(in Hash tag) => BinaryPrimitives.ReadUInt128BigEndian(tag.Bytes);
}
