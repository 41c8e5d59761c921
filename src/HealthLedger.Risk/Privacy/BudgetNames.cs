using System.Buffers.Binary;

namespace HealthLedger.Risk.Privacy;

/// <summary>Thirty-two bytes compared by value.</summary>
internal readonly record struct Tag32(ulong A, ulong B, ulong C, ulong D) : IComparable<Tag32>
{
    public const int Size = 32;

    public static Tag32 From(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException("Thirty-two bytes are needed.", nameof(bytes));
        return new Tag32(
            BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
    }

    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, A);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], D);
    }

    public int CompareTo(Tag32 other) => (A, B, C, D).CompareTo((other.A, other.B, other.C, other.D));
}

/// <summary>
/// The name under which one patient's budget is kept: 32 bytes that are the same in every run and say nothing about the patient, such as a keyed
/// hash of the patient's id. Not the consent's handle, which changes with every consent: a new consent must not open a new budget.
/// </summary>
public readonly record struct PrivacyAccount
{
    internal PrivacyAccount(Tag32 tag) => Tag = tag;

    internal Tag32 Tag { get; }

    public static PrivacyAccount From(ReadOnlySpan<byte> bytes) => new(Tag32.From(bytes));

    /// <summary>The first four bytes in hexadecimal: enough to tell accounts apart in a log of runs.</summary>
    public override string ToString() => (Tag.A >> 32).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The name of one run: 32 bytes that never name another run.</summary>
public readonly record struct RunId
{
    private RunId(Tag32 tag) => Tag = tag;

    internal Tag32 Tag { get; }

    public static RunId From(ReadOnlySpan<byte> bytes) => new(Tag32.From(bytes));

    internal static RunId Of(Tag32 tag) => new(tag);

    /// <summary>All bytes in hexadecimal.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Tag32.Size];
        Tag.WriteTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
