using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Writes terms. Integers are LEB128; a string is 0 for null, an odd number (2w+1) for word w of the vocabulary, or an even one: 2 for a literal (length, UTF-8) that takes the next place in the
/// record's own table, 2n+4 for place n of that table.
/// </summary>
internal ref struct TermWriter(IBufferWriter<byte> output)
{
    private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);

    public readonly void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public readonly void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    public readonly void Number(ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        span[length++] = (byte)value;
        output.Advance(length);
    }

    /// <summary>Sign and scale in a byte, then the 96-bit integer in two numbers: 3 or 4 bytes for what is commonly measured.</summary>
    public readonly void Decimal(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        Byte((byte)((bits[3] >> 16 & 0x1f) | (bits[3] < 0 ? 0x80 : 0)));
        Number((uint)bits[0] | (ulong)(uint)bits[1] << 32);
        Number((uint)bits[2]);
    }

    public readonly void String(string? text)
    {
        if (text is null)
        {
            Number(0);
            return;
        }
        if (TermVocabulary.TryGetNumber(text, out var word))
        {
            Number(2 * (ulong)word + 1);
            return;
        }
        if (_seen.TryGetValue(text, out var place))
        {
            Number(2 * (ulong)place + 4);
            return;
        }
        _seen.Add(text, _seen.Count);
        Number(2);
        var length = Encoding.UTF8.GetByteCount(text);
        Number((ulong)length);
        Encoding.UTF8.GetBytes(text, output.GetSpan(length));
        output.Advance(length);
    }
}
