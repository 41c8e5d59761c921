using System.Text.Json.Nodes;
using System.Xml.Linq;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Fhir.Patch;

/// <summary>
/// XML Patch (RFC 5261, application/xml-patch+xml): add, replace and remove on the XML form of a resource, one after the other, all or none. The root element may have any name
/// and namespace, such as <c>diff</c>; so may the operations, which are known by their local names. Namespaces and processing instructions are not patched: FHIR has two
/// namespaces and none of the latter. Outside of narrative white space means nothing and is not stored, so <c>ws</c> is passed over there.
/// </summary>
public sealed class XmlPatch : ResourcePatch
{
    /// <summary>The most bytes of a patch document.</summary>
    public const int MaxDocument = 2 * 1024 * 1024;

    /// <summary>The most nodes that the selectors of one patch may look at together.</summary>
    private const int MaxSteps = 4_000_000;

    /// <summary>XPath's long form of <c>@</c>.</summary>
    private const string AttributeAxis = "attribute::";

    private readonly Operation[] _operations;

    private XmlPatch(Operation[] operations) => _operations = operations;

    /// <summary>Reads a patch document.</summary>
    public static (XmlPatch? Patch, PatchFault? Fault) Parse(ReadOnlyMemory<byte> document)
    {
        if (document.Length > MaxDocument)
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, $"An XML Patch has at most {MaxDocument / 1024 / 1024} MiB."));
        }

        if (XmlPatchTree.Load(document)?.Root is not { } root)
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, "An XML Patch is an XML document in UTF-8 without a DTD, nested at most 256 levels deep, with at most 64 attributes in an element."));
        }

        var elements = root.Elements().ToList();
        if (elements.Count > MaxOperations || root.Nodes().Any(n => n is XText text && !IsSpace(text)))
        {
            return (null, new PatchFault(PatchFaultKind.Malformed, null, $"An XML Patch is one element around at most {MaxOperations} elements add, replace and remove."));
        }

        var operations = new Operation[elements.Count];
        for (var i = 0; i < operations.Length; i++)
        {
            var (operation, fault) = Read(elements[i]);
            if (operation is null)
            {
                return (null, new PatchFault(PatchFaultKind.Malformed, i, fault));
            }

            operations[i] = operation;
        }

        return (new XmlPatch(operations), null);
    }

    internal override JsonNode? Apply(JsonNode? resource, PatchTime time, ref int at)
    {
        if (time.IsUp)
        {
            throw new PatchException(PatchFaultKind.TooCostly, "the patches before it have taken the time that one request has for them: send fewer at once.");
        }

        using var running = time.Begin(out _);
        var tree = XmlPatchTree.Of(resource!);
        var budget = MaxSteps;
        for (at = 0; at < _operations.Length; at++)
        {
            var operation = _operations[at];
            var target = operation.Selector.Find(tree.Document, ref budget);
            switch (operation.Kind)
            {
                case "add":
                    Add(operation, target);
                    if ((operation.Position is "before" or "after" ? target.Parent : target) is XElement parent)
                    {
                        Join(parent);
                    }

                    break;
                case "replace":
                    Replace(operation.Content, target);
                    break;
                default:
                    Remove(operation, target as XNode, target as XAttribute);
                    break;
            }
        }

        at = -1;
        return tree.ToJson();
    }

    /// <summary>Texts that came to stand side by side are one text node, as XPath has it, so that <c>text()[2]</c> of a later operation counts right.</summary>
    private static void Join(XElement parent)
    {
        for (var node = parent.FirstNode; node is not null; node = node.NextNode)
        {
            while (node is XText text && node.NextNode is XText next)
            {
                text.Value += next.Value;
                next.Remove();
            }
        }
    }

    private static void Add(Operation operation, XObject target)
    {
        var content = operation.Content.Nodes().ToArray();
        switch (operation.Position)
        {
            case "before" or "after" when target.Parent is null:
                throw new PatchException(PatchFaultKind.NotApplicable, "nothing stands beside the resource itself.");
            case "before":
                ((XNode)target).AddBeforeSelf(content);
                break;
            case "after":
                ((XNode)target).AddAfterSelf(content);
                break;
            case "prepend":
                ((XElement)target).AddFirst(content);
                break;
            default:
                var element = (XElement)target;
                if (operation.Attribute is not { } name)
                {
                    element.Add(content);
                }
                else if (element.Attribute(name) is null)
                {
                    element.Add(new XAttribute(name, operation.Content.Value));
                }
                else
                {
                    throw new PatchException(PatchFaultKind.NotApplicable, "the attribute that it adds is there already: replace it.");
                }

                break;
        }
    }

    private static void Replace(XElement content, XObject target)
    {
        switch (target)
        {
            case XElement element:
                element.ReplaceWith(content.Elements().Single());
                break;
            case XAttribute attribute:
                attribute.Value = content.Value;
                break;
            case XComment comment:
                comment.Value = content.Nodes().OfType<XComment>().Single().Value;
                break;
            case XText text when content.Value.Length == 0:
                Cut(text);
                break;
            case XText text:
                text.Value = content.Value;
                break;
        }
    }

    private static void Remove(Operation operation, XNode? node, XAttribute? attribute)
    {
        attribute?.Remove();
        if (node is null)
        {
            return;
        }

        if (node.Parent is not { } parent)
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "its sel leads to the resource itself.");
        }

        if (parent.Name.NamespaceName == XmlResource.XhtmlNamespace)
        {
            Space(operation.Space is "before" or "both", node.PreviousNode);
            Space(operation.Space is "after" or "both", node.NextNode);
        }

        Cut(node);

        static void Space(bool isAsked, XNode? beside)
        {
            if (isAsked)
            {
                (beside is XText text && IsSpace(text) ? text : throw new PatchException(PatchFaultKind.NotApplicable, "there is no white space where its ws takes some away.")).Remove();
            }
        }
    }

    /// <summary>Takes a node out; texts that stood on both sides of it become one (RFC 5261 section 4.5).</summary>
    private static void Cut(XNode node)
    {
        var (before, after) = (node.PreviousNode as XText, node.NextNode as XText);
        node.Remove();
        if (before is not null && after is not null)
        {
            before.Value += after.Value;
            after.Remove();
        }
    }

    private static (Operation? Operation, string Fault) Read(XElement element)
    {
        var kind = element.Name.LocalName;
        var taken = kind switch { "add" => "sel, pos and type", "replace" => "sel", "remove" => "sel and ws", _ => null };
        if (taken is null)
        {
            return (null, "an operation is add, replace or remove.");
        }

        var given = element.Attributes().Where(a => !a.IsNamespaceDeclaration).ToDictionary(a => a.Name, a => a.Value);
        if (!given.Remove("sel", out var sel))
        {
            return (null, "an operation has an attribute sel.");
        }

        var (position, type, space) = (kind == "add" ? Take("pos") : null, kind == "add" ? Take("type") : null, kind == "remove" ? Take("ws") : null);
        if (given.Count > 0 || position is not (null or "before" or "after" or "prepend") || space is not (null or "before" or "after" or "both"))
        {
            return (null, $"{kind} has the attributes {taken}; pos is before, after or prepend, ws is before, after or both.");
        }

        var (selector, fault) = XmlSelector.Parse(sel, element);
        if (selector is null)
        {
            return (null, fault);
        }

        XName? attribute = null;
        if (type is not null)
        {
            attribute = position is not null ? null : type.StartsWith('@') ? Attribute(type[1..], element) : type.StartsWith(AttributeAxis, StringComparison.Ordinal) ? Attribute(type[AttributeAxis.Length..], element) : null;
            if (attribute is null)
            {
                return (null, "type is the name of an attribute after @ or attribute::, without pos beside it; namespaces are not added.");
            }
        }

        return Misfit(kind, selector.Target, position, attribute, space, element) is { } misfit ? (null, misfit) : (new Operation(kind, selector, position, attribute, space, element), "");

        string? Take(string name) => given.Remove(name, out var value) ? value : null;
    }

    /// <summary>What the content or the target of an operation is not; null where they are right.</summary>
    private static string? Misfit(string kind, XmlTarget target, string? position, XName? attribute, string? space, XElement element)
    {
        var hasText = element.Nodes().Any(n => n is XText text && !IsSpace(text));
        return kind switch
        {
            "add" when target == XmlTarget.Attribute || (target != XmlTarget.Element && position is not ("before" or "after")) => "add takes an element, or with pos before or after a node.",
            "add" when attribute is not null && element.HasElements => "the content of an added attribute is text.",
            "replace" when target == XmlTarget.Element && (hasText || element.Elements().Count() != 1) => "an element is replaced by one element.",
            "replace" when target == XmlTarget.Comment && (hasText || element.HasElements || element.Nodes().OfType<XComment>().Count() != 1) => "a comment is replaced by one comment.",
            "replace" when target is XmlTarget.Attribute or XmlTarget.Text && element.HasElements => "an attribute or text is replaced by text.",
            "remove" when element.HasElements || hasText => "remove has no content.",
            "remove" when target == XmlTarget.Attribute && space is not null => "ws goes with nodes, not with an attribute.",
            _ => null,
        };
    }

    /// <summary>The name of an attribute; null where it is none, or declares a namespace.</summary>
    private static XName? Attribute(string name, XElement element)
    {
        var parts = name.Split(':');
        var space = parts.Length == 1 ? XNamespace.None : element.GetNamespaceOfPrefix(parts[0]);
        return parts.Length <= 2 && IsName(parts[^1]) && space is not null && space != XNamespace.Xmlns && name != "xmlns" ? space + parts[^1] : null;
    }

    private static bool IsName(string text) => text.Length > 0 && System.Xml.XmlConvert.IsStartNCNameChar(text[0]) && text.All(System.Xml.XmlConvert.IsNCNameChar);

    private static bool IsSpace(XText text) => text.Value.AsSpan().ContainsAnyExcept(" \t\r\n") is false;

    private sealed record Operation(string Kind, XmlSelector Selector, string? Position, XName? Attribute, string? Space, XElement Content);
}
