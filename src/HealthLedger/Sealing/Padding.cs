using System.Buffers.Binary;
using System.Numerics;

namespace HealthLedger.Sealing;

/// <summary>
/// Hides the exact length of what is sealed. Layout: <c>length u32 big-endian | content | zeros</c>, up to a Padmé length: only the top
/// bits of the length stay visible, at a cost of 12 percent at most, falling with size. (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files
/// and Communication with PURBs", PoPETs 2019, section 4.) Whatever is shorter than <see cref="Floor"/> has the floor's length.
/// </summary>
public static class Padding
{
    /// <summary>The least padded length in bytes.</summary>
    public const int Floor = 128;

    private const int Prefix = sizeof(uint);

    /// <summary>The padded length of <paramref name="content"/> bytes, prefix included.</summary>
    public static int PaddedLength(int content)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(content);
        var length = (uint)content + Prefix;
        if (length <= Floor)
        {
            return Floor;
        }

        var exponent = BitOperations.Log2(length);
        var mantissaBits = BitOperations.Log2((uint)exponent) + 1;
        var mask = (1u << (exponent - mantissaBits)) - 1;
        return checked((int)((length + mask) & ~mask));
    }

    /// <summary>Writes prefix, content and zeros into <paramref name="padded"/>, whose length is <see cref="PaddedLength"/>.</summary>
    public static void Pad(ReadOnlySpan<byte> content, Span<byte> padded)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(padded.Length, PaddedLength(content.Length), nameof(padded));
        BinaryPrimitives.WriteUInt32BigEndian(padded, (uint)content.Length);
        content.CopyTo(padded[Prefix..]);
        padded[(Prefix + content.Length)..].Clear();
    }

    /// <summary>Where the content lies in padded bytes; false where the prefix is not one that <see cref="Pad"/> writes.</summary>
    public static bool TryUnpad(ReadOnlySpan<byte> padded, out Range content)
    {
        content = default;
        if (padded.Length < Floor)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(padded);
        if (length > (uint)(padded.Length - Prefix) || PaddedLength((int)length) != padded.Length)
        {
            return false;
        }

        content = Prefix..(Prefix + (int)length);
        return true;
    }
}
