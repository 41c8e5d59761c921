namespace HealthLedger.Fhir.Xml;

/// <summary>The text of an XML document and where its lines begin, so that what a reader passed can be taken as it was written.</summary>
internal sealed class XmlText
{
    private readonly List<int> _lines = [0];

    public XmlText(string text)
    {
        Text = text;
        for (var at = 0; (at = text.AsSpan(at).IndexOfAny('\r', '\n') is >= 0 and var next ? at + next + 1 : -1) > 0;)
        {
            if (text[at - 1] == '\r' && at < text.Length && text[at] == '\n')
            {
                at++;
            }

            _lines.Add(at);
        }
    }

    public string Text { get; }

    /// <summary>The offset of a line and position, both from 1 as <see cref="System.Xml.IXmlLineInfo"/> counts them; -1 where the text has no such place.</summary>
    public int Offset(int line, int position) =>
        line > 0 && line <= _lines.Count && position > 0 && _lines[line - 1] + position - 1 is var at && at <= Text.Length ? at : -1;
}
