using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

namespace HealthLedger.Fhir.Xml;

/// <summary>
/// Narrative between the forms (R4 narrative.html, json.html#xhtml): in XML the div is markup, in JSON the same markup is a string. It goes across as it was written
/// where that is possible, and is written anew where it leans on what is outside of it, such as a prefix.
/// </summary>
internal static partial class XmlNarrative
{
    private const string Declared = "<div xmlns=\"" + XmlResource.XhtmlNamespace + "\">";

    /// <summary>The div whose start the reader stands on, as JSON has it; leaves the reader on its end.</summary>
    public static string Read(XmlReader xml, XmlText text)
    {
        var place = (IXmlLineInfo)xml;
        var start = text.Offset(place.LineNumber, place.LinePosition) - 1;
        var asWritten = start >= 0 && !xml.IsEmptyElement && xml.Prefix.Length == 0 && xml.GetAttribute("xmlns") is not null;
        var anew = new StringBuilder();
        Copy(xml, anew, isRoot: true);
        if (!xml.IsEmptyElement)
        {
            for (var depth = xml.Depth; xml.Read() && !(xml.Depth == depth && xml.NodeType == XmlNodeType.EndElement);)
            {
                asWritten &= Copy(xml, anew, isRoot: false);
            }

            anew.Append("</div>");
        }

        if (!asWritten)
        {
            return anew.ToString();
        }

        var last = text.Offset(place.LineNumber, place.LinePosition);
        var end = last < start ? -1 : text.Text.IndexOf('>', last);
        var written = end < 0 ? "" : text.Text.AsSpan(start..(end + 1));
        return written.StartsWith("<div") && written.EndsWith(">") && !written.Contains("<?", StringComparison.Ordinal)
            ? written.ToString().ReplaceLineEndings("\n").Replace("&#xD;", "\r", StringComparison.Ordinal)
            : anew.ToString();
    }

    /// <summary>Writes the narrative of a resource in JSON as markup.</summary>
    public static void Write(string div, XmlSink sink)
    {
        var markup = Entities().Replace(div.Trim(), Character).Replace("\r", "&#xD;", StringComparison.Ordinal);
        if (Namespace(markup) is not { } space)
        {
            // Validation lets through what browsers show and XML does not know. Nobody may lose what it says.
            markup = $"{Declared}<p>{Escape(string.Concat(div.EnumerateRunes().Select(Allowed)))}</p></div>";
        }
        else if (space != XmlResource.XhtmlNamespace)
        {
            markup = markup.Insert("<div".Length, $" xmlns=\"{XmlResource.XhtmlNamespace}\"");
        }

        sink.Markup(markup);
    }

    /// <summary>Writes one node anew; false where it cannot be taken as it was written.</summary>
    private static bool Copy(XmlReader xml, StringBuilder anew, bool isRoot)
    {
        switch (xml.NodeType)
        {
            case XmlNodeType.Element:
                var isPlain = xml.Prefix.Length == 0 && xml.NamespaceURI == XmlResource.XhtmlNamespace;
                anew.Append('<').Append(isPlain || xml.NamespaceURI == XmlResource.XhtmlNamespace ? xml.LocalName : xml.Name);
                if (isRoot)
                {
                    anew.Append($" xmlns=\"{XmlResource.XhtmlNamespace}\"");
                }

                while (xml.MoveToNextAttribute())
                {
                    if (xml.Name != "xmlns" && xml.Prefix != "xmlns")
                    {
                        isPlain &= xml.Prefix is "" or "xml";
                        anew.Append(' ').Append(xml.Name).Append("=\"").Append(Escape(xml.Value)).Append('"');
                    }
                }

                xml.MoveToElement();
                anew.Append(xml.IsEmptyElement ? "/>" : ">");
                return isPlain;
            case XmlNodeType.EndElement:
                anew.Append("</").Append(xml.NamespaceURI == XmlResource.XhtmlNamespace ? xml.LocalName : xml.Name).Append('>');
                return true;
            default:
                anew.Append(Escape(xml.Value));
                return xml.NodeType != XmlNodeType.CDATA;
        }
    }

    /// <summary>The namespace of the one element that the markup is, empty for none; null where it is no such thing.</summary>
    private static string? Namespace(string markup)
    {
        string? space = null;
        var isWhole = markup.StartsWith("<div", StringComparison.Ordinal);
        try
        {
            using var xml = XmlReader.Create(new StringReader(markup), XmlResource.Settings(markup.Length));
            while (xml.Read())
            {
                space ??= xml.NodeType == XmlNodeType.Element ? xml.NamespaceURI : null;
                isWhole &= xml.NodeType != XmlNodeType.Element || xml.NamespaceURI == space;
            }
        }
        catch (XmlException)
        {
            return null;
        }

        return isWhole && space is "" or XmlResource.XhtmlNamespace ? space : null;
    }

    /// <summary>HTML's names for characters, which XML does not know; XML's own five stay.</summary>
    private static string Character(Match entity)
    {
        if (entity.Value is "&amp;" or "&lt;" or "&gt;" or "&quot;" or "&apos;")
        {
            return entity.Value;
        }

        var character = WebUtility.HtmlDecode(entity.Value);
        return character == entity.Value ? "&amp;" + entity.Value[1..] : string.Concat(character.EnumerateRunes().Select(r => string.Create(CultureInfo.InvariantCulture, $"&#{r.Value};")));
    }

    private static string Allowed(Rune rune) => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString();

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    [GeneratedRegex("&[A-Za-z][A-Za-z0-9]*;", RegexOptions.CultureInvariant)]
    private static partial Regex Entities();
}
