using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using System.Xml;
using System.Xml.Linq;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Fhir.Patch;

/// <summary>
/// A resource as a tree of XML, to patch, and back to JSON (R4 xml.html). Narrative that is not touched keeps its text; a resource that XML cannot hold as it is, such as one
/// with a control character in a text, is refused.
/// </summary>
internal sealed class XmlPatchTree
{
    private const int MaxDepth = 256;

    /// <summary>The most attributes of an element, which are looked through one by one.</summary>
    private const int MaxAttributes = 64;

    /// <summary>The most bytes of a resource, as JSON and as XML: a tree takes many times as much.</summary>
    private const int MaxResource = 4 * 1024 * 1024;

    private XmlPatchTree(XDocument document) => Document = document;

    /// <summary>The resource.</summary>
    public XDocument Document { get; }

    /// <summary>Makes the tree of a resource.</summary>
    /// <param name="resource">A valid resource.</param>
    /// <exception cref="PatchException">XML cannot hold it.</exception>
    public static XmlPatchTree Of(JsonNode resource)
    {
        byte[] xml;
        try
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(resource, ResourcePatch.Writing);
            xml = json.Length <= MaxResource ? XmlResource.Write(json) : throw TooLarge();
        }
        catch (ArgumentException)
        {
            throw Unfit();
        }

        if (xml.Length > MaxResource)
        {
            throw TooLarge();
        }

        var reading = XmlResource.Read(xml);
        var narratives = new List<string>();
        if (reading.Issues.Count > 0 || !IsSame(resource, JsonNode.Parse(reading.Json.Span), narratives))
        {
            throw Unfit();
        }

        var document = Load(xml) ?? throw Unfit();
        foreach (var (div, text) in Narratives(document).Zip(narratives))
        {
            div.AddAnnotation(new AsWritten(text));
        }

        document.Changing += Touched;
        document.Changed += Touched;
        return new(document);
    }

    /// <summary>The resource as JSON.</summary>
    /// <exception cref="PatchException">It is no resource any more.</exception>
    public JsonNode? ToJson()
    {
        XmlReading reading;
        try
        {
            reading = XmlResource.Read(Encoding.UTF8.GetBytes(Document.ToString(SaveOptions.DisableFormatting)));
        }
        catch (Exception unwritable) when (unwritable is XmlException or ArgumentException)
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "what the patch makes is not well-formed XML.");
        }

        if (reading.Issues.Count > 0)
        {
            var (message, place) = (reading.Issues[0].Message, reading.Issues[0].Location);
            throw new PatchException(PatchFaultKind.NotApplicable, $"what the patch makes is no resource in XML: {(place.Length == 0 ? "" : place + ": ")}{message}");
        }

        var json = JsonNode.Parse(reading.Json.Span, documentOptions: ResourcePatch.Reading);
        var kept = new Queue<string?>(Narratives(Document).Select(d => d.Annotation<AsWritten>()?.Text));
        Restore(json, kept);
        return json;
    }

    /// <summary>A document with all its white space; null where it is not UTF-8, is not well-formed, is nested too deeply or has an element with too many attributes.</summary>
    public static XDocument? Load(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(utf8.Span.StartsWith("\uFEFF"u8) ? utf8.Span[3..] : utf8.Span);
        var settings = XmlResource.Settings(text.Length);
        (settings.IgnoreComments, settings.IgnoreWhitespace) = (false, false);
        try
        {
            using (var depth = XmlReader.Create(new StringReader(text), settings))
            {
                while (depth.Read())
                {
                    if (depth.Depth > MaxDepth || depth.AttributeCount > MaxAttributes)
                    {
                        return null;
                    }
                }
            }

            using var reader = XmlReader.Create(new StringReader(text), settings);
            var document = XDocument.Load(reader, LoadOptions.PreserveWhitespace);
            return document.Declaration?.Encoding is null or "utf-8" or "UTF-8" ? document : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>What was changed lies in this narrative: it is written anew.</summary>
    private static void Touched(object? sender, XObjectChangeEventArgs e)
    {
        for (var at = sender as XElement ?? (sender as XObject)?.Parent; at is not null; at = at.Parent)
        {
            at.RemoveAnnotations<AsWritten>();
        }
    }

    /// <summary>The outermost XHTML elements, in the order of the text.</summary>
    private static IEnumerable<XElement> Narratives(XDocument document) =>
        document.Descendants(XName.Get("div", XmlResource.XhtmlNamespace)).Where(d => d.Parent?.Name.NamespaceName != XmlResource.XhtmlNamespace);

    /// <summary>Compares a resource with what came back from XML, narrative apart, whose texts are collected in the order in which XML has them.</summary>
    private static bool IsSame(JsonNode? resource, JsonNode? back, List<string> narratives)
    {
        switch (resource, back)
        {
            case (JsonObject one, JsonObject other):
                foreach (var (name, value) in other)
                {
                    if (name == "div" && one[name] is JsonValue div && div.TryGetValue<string>(out var text))
                    {
                        narratives.Add(text);
                    }
                    else if (!IsSame(one[name], value, narratives))
                    {
                        return false;
                    }
                }

                return one.Count == other.Count;
            case (JsonArray one, JsonArray other):
                for (var i = 0; i < Math.Max(one.Count, other.Count); i++)
                {
                    if (!IsSame(i < one.Count ? one[i] : null, i < other.Count ? other[i] : null, narratives))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return JsonNode.DeepEquals(resource, back);
        }
    }

    private static void Restore(JsonNode? node, Queue<string?> kept)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                Restore(item, kept);
            }
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToList())
            {
                if (name != "div")
                {
                    Restore(value, kept);
                }
                else if (kept.TryDequeue(out var text) && text is not null)
                {
                    members[name] = text;
                }
            }
        }
    }

    private static PatchException Unfit() => new(PatchFaultKind.NotApplicable, "this record holds what XML cannot hold as it is: send a JSON Patch or a FHIRPath Patch.");

    private static PatchException TooLarge() => new(
        PatchFaultKind.TooCostly, $"an XML Patch is of a record of at most {MaxResource / 1024 / 1024} MiB: send a JSON Patch or a FHIRPath Patch.");

    private sealed record AsWritten(string Text);
}
