using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>Reads what <see cref="TermWriter"/> wrote. Every length is checked against what is left, so that damaged bytes end in <see cref="InvalidDataException"/> and in no allocation far beyond their own size.</summary>
internal ref struct TermScanner(ReadOnlySpan<byte> bytes, TermPool pool)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private readonly List<byte[]> _seen = [];

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw Damaged();
    }

    /// <summary>A count of entries, each at least so many bytes long.</summary>
    public int Count(int size = 1)
    {
        var count = Number();
        return count <= (ulong)(_rest.Length / size) ? (int)count : throw Damaged();
    }

    public decimal Decimal()
    {
        var head = Byte();
        ulong low = Number(), high = Number();
        if ((head & 0x7f) > 28 || high > uint.MaxValue) throw Damaged();
        return new decimal((int)low, (int)(low >> 32), (int)high, head >= 0x80, (byte)(head & 0x7f));
    }

    public string? Vocabulary()
    {
        var word = Text(out var utf8);
        return word ?? (utf8.IsEmpty && !_isText ? null : pool.Vocabulary(utf8));
    }

    public string? Personal()
    {
        var word = Text(out var utf8);
        return word ?? (utf8.IsEmpty && !_isText ? null : pool.Personal(utf8));
    }

    public string RequiredPersonal() => Personal() ?? throw Damaged();

    private bool _isText;

    private string? Text(out ReadOnlySpan<byte> utf8)
    {
        utf8 = default;
        var form = Number();
        _isText = form != 0;
        if (form == 0) return null;
        if ((form & 1) == 1) return TermVocabulary.Word((uint)Math.Min(form >> 1, uint.MaxValue)) ?? throw Damaged();
        if (form > 2)
        {
            var place = (form - 4) >> 1;
            utf8 = place < (ulong)_seen.Count ? _seen[(int)place] : throw Damaged();
            return null;
        }
        utf8 = Take(Count());
        _seen.Add(utf8.ToArray());
        return null;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length) throw Damaged();
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    public static InvalidDataException Damaged() => new("The stored terms are damaged.");
}
