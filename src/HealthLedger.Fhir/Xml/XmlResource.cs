using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using System.Xml;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Xml;

/// <summary>
/// FHIR's XML form (R4 xml.html), into JSON and out of it, for all resource types from the definitions table. What a resource says is the same in both; numbers
/// keep their text, narrative its markup.
/// </summary>
public static class XmlResource
{
    internal const string FhirNamespace = "http://hl7.org/fhir";
    internal const string XhtmlNamespace = "http://www.w3.org/1999/xhtml";

    /// <summary>The deepest nesting of XML elements outside narrative.</summary>
    public const int MaxDepth = ResourceValidator.MaxDepth;

    /// <summary>Reads one resource. Names every fault of the XML it can; validate its JSON for the rest.</summary>
    /// <param name="utf8Xml">The XML text, UTF-8. Its size is the caller's to limit.</param>
    public static XmlReading Read(ReadOnlyMemory<byte> utf8Xml)
    {
        var log = new IssueLog(utf8Xml);
        var bytes = utf8Xml.Span;
        if (bytes.IsEmpty)
        {
            log.Fatal(IssueType.Structure, "There is no content. Send a resource as an XML document.", 0);
            return new(default, log.Issues, []);
        }

        if (!Utf8.IsValid(bytes))
        {
            log.Fatal(IssueType.Structure, "The text is not valid UTF-8, the one encoding of FHIR.", 0);
            return new(default, log.Issues, []);
        }

        var text = new XmlText(Encoding.UTF8.GetString(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes));
        var json = new JsonPart();
        using var reader = XmlReader.Create(new StringReader(text.Text), Settings(text.Text.Length));
        try
        {
            new XmlResourceReader(reader, text, log).Root(json);
        }
        catch (XmlException malformed)
        {
            Malformed(text, malformed, log);
        }

        return log.Issues.Count > 0 ? new(default, log.Issues, []) : new(json.Finish(), [], json.Places);
    }

    /// <summary>Writes a resource as XML, as a document with one root element.</summary>
    /// <param name="utf8Json">The resource, JSON that validation has accepted.</param>
    /// <param name="output">Takes the UTF-8 text.</param>
    /// <param name="isPretty">One element a line, indented; else all on one line.</param>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is no resource, or has what the definitions have no place for.</exception>
    public static void Write(ReadOnlyMemory<byte> utf8Json, IBufferWriter<byte> output, bool isPretty = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var document = JsonDocument.Parse(utf8Json, new JsonDocumentOptions { MaxDepth = 256 });
        var writer = new XmlResourceWriter(new XmlSink(output, isPretty));
        writer.Root(document.RootElement);
    }

    /// <summary>The same as bytes.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is no resource, or has what the definitions have no place for.</exception>
    public static byte[] Write(ReadOnlyMemory<byte> utf8Json, bool isPretty = false)
    {
        var output = new ArrayBufferWriter<byte>((utf8Json.Length * 3 / 2) + 256);
        Write(utf8Json, output, isPretty);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Nothing is fetched, no DTD is read, so no entity but XML's own five is expanded.</summary>
    internal static XmlReaderSettings Settings(long length, ConformanceLevel conformance = ConformanceLevel.Document) => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = length + 1,
        MaxCharactersFromEntities = 1024,
        ConformanceLevel = conformance,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
    };

    /// <summary>The reader's own message may quote the text, so it is not passed on.</summary>
    private static void Malformed(XmlText text, XmlException malformed, IssueLog log)
    {
        var (line, column) = (Math.Max(1, malformed.LineNumber), Math.Max(1, malformed.LinePosition));
        var at = text.Offset(line, column);
        var near = at < 0 ? "" : text.Text.AsSpan(Math.Max(0, at - 2), Math.Min(text.Text.Length, at + 9) - Math.Max(0, at - 2));
        log.Fatal(
            IssueType.Structure,
            near.Contains("DOCTYPE", StringComparison.Ordinal) ? "A document type declaration (DTD) is not allowed. Remove it, and write its entities as characters."
                : at == text.Text.Length ? "The XML ends too early: an element is not closed."
                : "The text is not well-formed XML from here on.",
            line,
            column);
    }
}
