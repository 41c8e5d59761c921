using System.Text;

namespace HealthLedger.Fhir.Generator;

/// <summary>
/// Writes numbers and strings. Strings are written as indexes into a sorted list that is known only at the end, so the body is kept as
/// numbers first.
/// </summary>
internal sealed class TableWriter
{
    private readonly List<(bool IsText, int Number, string Text)> _body = [];
    private readonly SortedSet<string> _strings = new(StringComparer.Ordinal) { "" };

    public void Number(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        _body.Add((false, number, ""));
    }

    public void Flag(bool flag) => Number(flag ? 1 : 0);

    public void Text(string text)
    {
        _strings.Add(text);
        _body.Add((true, 0, text));
    }

    public void List<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        Number(items.Count);
        foreach (var item in items)
        {
            write(item);
        }
    }

    public void Texts(IReadOnlyCollection<string> items) => List(items, Text);

    public byte[] ToArray(ReadOnlySpan<byte> magic, int version)
    {
        using var stream = new MemoryStream();
        stream.Write(magic);
        Leb128(stream, version);
        Leb128(stream, _strings.Count);
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in _strings)
        {
            indexes[text] = indexes.Count;
            var utf8 = Encoding.UTF8.GetBytes(text);
            Leb128(stream, utf8.Length);
            stream.Write(utf8);
        }

        foreach (var (isText, number, text) in _body)
        {
            Leb128(stream, isText ? indexes[text] : number);
        }

        return stream.ToArray();
    }

    private static void Leb128(Stream stream, int number)
    {
        var rest = (uint)number;
        while (rest >= 0x80)
        {
            stream.WriteByte((byte)(rest | 0x80));
            rest >>= 7;
        }

        stream.WriteByte((byte)rest);
    }
}
