using System.Buffers;
using System.Text;

namespace HealthLedger.Fhir.Xml;

/// <summary>Writes XML piece by piece as UTF-8. What XML 1.0 has no place for, such as most control characters, becomes U+FFFD.</summary>
internal sealed class XmlSink(IBufferWriter<byte> output, bool isPretty)
{
    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'&', (byte)'<', (byte)'>', (byte)'"', 0xEF]);

    private int _depth;
    private bool _isFirst = true;
    private bool _isTagOpen;

    /// <summary>Begins an element.</summary>
    public void Open(string name)
    {
        EndTag();
        NewLine();
        output.Write("<"u8);
        Raw(name);
        _isTagOpen = true;
        _depth++;
    }

    /// <summary>An attribute of the element that was just begun.</summary>
    public void Attribute(ReadOnlySpan<char> name, ReadOnlySpan<byte> utf8Value)
    {
        output.Write(" "u8);
        Encoding.UTF8.GetBytes(name, output);
        output.Write("=\""u8);
        Escaped(utf8Value);
        output.Write("\""u8);
    }

    /// <summary>Ends the element of this name.</summary>
    public void Close(string name)
    {
        _depth--;
        if (_isTagOpen)
        {
            output.Write("/>"u8);
            _isTagOpen = false;
        }
        else
        {
            NewLine();
            output.Write("</"u8);
            Raw(name);
            output.Write(">"u8);
        }
    }

    /// <summary>Markup as it is, a child of the element that was begun last.</summary>
    public void Markup(string text)
    {
        EndTag();
        NewLine();
        Raw(text);
    }

    private void Raw(string text) => Encoding.UTF8.GetBytes(text, output);

    private void EndTag()
    {
        if (_isTagOpen)
        {
            output.Write(">"u8);
            _isTagOpen = false;
        }
    }

    private void NewLine()
    {
        if (!isPretty || _isFirst)
        {
            _isFirst = false;
            return;
        }

        output.Write("\n"u8);
        for (var level = 0; level < _depth; level++)
        {
            output.Write("  "u8);
        }
    }

    private void Escaped(ReadOnlySpan<byte> text)
    {
        while (text.IndexOfAny(Special) is >= 0 and var at)
        {
            output.Write(text[..at]);
            var length = 1;
            switch (text[at])
            {
                case (byte)'&': output.Write("&amp;"u8); break;
                case (byte)'<': output.Write("&lt;"u8); break;
                case (byte)'>': output.Write("&gt;"u8); break;
                case (byte)'"': output.Write("&quot;"u8); break;
                case (byte)'\t': output.Write("&#x9;"u8); break;
                case (byte)'\n': output.Write("&#xA;"u8); break;
                case (byte)'\r': output.Write("&#xD;"u8); break;
                case 0xEF:
                    length = 3;
                    var isNoCharacter = text[at + 1] == 0xBF && text[at + 2] >= 0xBE;
                    output.Write(isNoCharacter ? "\uFFFD"u8 : text.Slice(at, length));
                    break;
                default: output.Write("\uFFFD"u8); break;
            }

            text = text[(at + length)..];
        }

        output.Write(text);
    }
}
