using System.Xml;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Xml;

/// <summary>
/// One walk over the XML of a resource, definitions beside it, that writes its JSON (R4 xml.html, json.html). Elements and their groups are in this file,
/// primitives in XmlResourceReader.Primitives.cs. Malformed XML ends the walk by the reader's exception, which <see cref="XmlResource"/> turns into an issue.
/// </summary>
internal sealed partial class XmlResourceReader(XmlReader xml, XmlText text, IssueLog log)
{
    private const string InstanceNamespace = "http://www.w3.org/2001/XMLSchema-instance";
    private const string DeclarationNamespace = "http://www.w3.org/2000/xmlns/";

    private readonly IXmlLineInfo _place = (IXmlLineInfo)xml;

    private (int Line, int Column) Here => (Math.Max(1, _place.LineNumber), Math.Max(1, _place.LinePosition));

    /// <summary>Reads the whole document.</summary>
    public void Root(JsonPart json)
    {
        while (xml.Read() && !log.IsFull)
        {
            if (xml.NodeType == XmlNodeType.XmlDeclaration)
            {
                if (xml.GetAttribute("encoding") is { } encoding && !encoding.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
                {
                    Error(IssueType.Structure, "The XML declaration names another encoding than UTF-8, the one encoding of FHIR.");
                }
            }
            else if (xml.NodeType == XmlNodeType.Element)
            {
                Resource(json);
            }
        }
    }

    /// <summary>The resource whose start the reader stands on; leaves the reader on its end.</summary>
    private void Resource(JsonPart json)
    {
        if (xml.NamespaceURI != XmlResource.FhirNamespace)
        {
            Error(IssueType.Structure, "A resource's element must be in the namespace http://hl7.org/fhir: xmlns=\"http://hl7.org/fhir\".");
            Pass();
            return;
        }

        if (FhirDefinitions.R4.ResourceType(xml.LocalName) is not { } type)
        {
            Error(IssueType.Structure, $"{NearMiss.Show(xml.LocalName)} is not a resource type of FHIR R4{NearMiss.Hint(xml.LocalName, FhirDefinitions.R4.ResourceTypes)}.");
            Pass();
            return;
        }

        var isRoot = xml.Depth == 0;
        if (isRoot)
        {
            log.Enter(type.Name, -1);
        }

        json.Mark(Here);
        json.Writer.WriteStartObject();
        json.Writer.WriteString("resourceType"u8, type.Name);
        Content(type, json);
        json.Writer.WriteEndObject();
        if (isRoot)
        {
            log.Leave();
        }
    }

    /// <summary>The object of a complex element, or the id and extensions of a primitive; leaves the reader on its end.</summary>
    private void Object(TypeDefinition type, JsonPart json)
    {
        json.Mark(Here);
        json.Writer.WriteStartObject();
        Content(type, json);
        json.Writer.WriteEndObject();
    }

    private void Content(TypeDefinition type, JsonPart json)
    {
        Attributes(type, json);
        if (xml.IsEmptyElement)
        {
            return;
        }

        if (xml.Depth >= XmlResource.MaxDepth)
        {
            Error(IssueType.TooCostly, $"The XML is nested deeper than {XmlResource.MaxDepth} elements.");
            Pass();
            return;
        }

        var group = new Group(json);
        var last = -1;
        var seen = 0UL;
        while (xml.Read() && xml.NodeType != XmlNodeType.EndElement)
        {
            if (log.IsFull)
            {
                // What is left is passed over, so that the walk ends; its faults are not listed any more.
                continue;
            }

            if (xml.NodeType != XmlNodeType.Element)
            {
                Error(IssueType.Structure, "There is text between the elements. FHIR has values in attributes: value=\"...\".");
                continue;
            }

            if (Child(type) is not { } form)
            {
                Pass();
                continue;
            }

            var (name, index) = (form.Definition.Name, form.Definition.Index);
            if (form != group.Form)
            {
                if (index < last || (index == last && !form.Definition.IsChoice))
                {
                    log.ErrorAt(name, IssueType.Structure, $"{form.JsonName} stands too late: elements have the order of the definition, and what repeats stands together.", Here.Line, Here.Column);
                    if ((seen & (1UL << index)) != 0)
                    {
                        Pass();
                        continue;
                    }
                }

                group.Close();
                group = new Group(json, form);
                last = Math.Max(last, index);
                seen |= 1UL << index;
            }
            else if (!form.Definition.IsRepeating)
            {
                log.ErrorAt(name, IssueType.Structure, $"{form.JsonName} does not repeat. Keep one.", Here.Line, Here.Column);
                Pass();
                continue;
            }

            log.Enter(name, form.Definition.IsRepeating ? group.Count : -1);
            Item(form, group);
            log.Leave();
        }

        group.Close();
    }

    /// <summary>The element's place in the definition; null, with an issue, where it has none.</summary>
    private ElementForm? Child(TypeDefinition type)
    {
        var isNarrative = xml.NamespaceURI == XmlResource.XhtmlNamespace;
        if (!isNarrative && xml.NamespaceURI != XmlResource.FhirNamespace)
        {
            log.ErrorAt(Plain(xml.LocalName), IssueType.Structure, "The element is in another namespace than http://hl7.org/fhir. Put what is not of FHIR into an extension.", Here.Line, Here.Column);
            return null;
        }

        var form = type.Element(xml.LocalName);
        if (form is null || form.Definition.IsXmlAttribute)
        {
            log.ErrorAt(
                Plain(xml.LocalName),
                IssueType.Structure,
                form is null ? NearMiss.UnknownElement(type, xml.LocalName) : $"{form.JsonName} is an attribute in XML, not an element.",
                Here.Line,
                Here.Column);
            return null;
        }

        if (isNarrative != (form.Type.Primitive == PrimitiveKind.Xhtml))
        {
            log.ErrorAt(
                form.Definition.Name,
                IssueType.Structure,
                isNarrative ? "XHTML belongs into the narrative, text.div, alone." : "The narrative's div must be in the namespace http://www.w3.org/1999/xhtml.",
                Here.Line,
                Here.Column);
            return null;
        }

        return form;
    }

    private void Item(ElementForm form, Group group)
    {
        if (form.Type.Primitive == PrimitiveKind.Xhtml)
        {
            var here = Here;
            var div = XmlNarrative.Read(xml, text);
            group.Value(here).WriteStringValue(div);
        }
        else if (form.Type.IsPrimitive)
        {
            Primitive(form, group);
        }
        else if (form.Type.Kind == TypeKind.Resource)
        {
            NestedResource(form, group);
        }
        else
        {
            group.Value(Here);
            Object(form.Type, group.Json);
        }
    }

    /// <summary>contained, resource and outcome: an element around the element of the resource.</summary>
    private void NestedResource(ElementForm form, Group group)
    {
        Attributes(null, null);
        var found = 0;
        if (!xml.IsEmptyElement)
        {
            while (xml.Read() && xml.NodeType != XmlNodeType.EndElement)
            {
                if (xml.NodeType != XmlNodeType.Element)
                {
                    Error(IssueType.Structure, "There is text where a resource is expected.");
                }
                else if (++found == 1)
                {
                    group.Value(Here);
                    Resource(group.Json);
                }
                else
                {
                    Pass();
                }
            }
        }

        if (found != 1)
        {
            Error(IssueType.Structure, $"{form.JsonName} holds exactly one resource; repeat {form.JsonName} where it may hold more.");
        }
    }

    /// <summary>The attributes of an element. Those that name schemas are passed over; a null <paramref name="json"/> has room for no other.</summary>
    private void Attributes(TypeDefinition? type, JsonPart? json)
    {
        while (xml.MoveToNextAttribute())
        {
            if (xml.NamespaceURI is DeclarationNamespace or InstanceNamespace || (xml.NamespaceURI.Length == 0 && xml.LocalName == "value" && type?.IsPrimitive == true))
            {
                continue;
            }

            if (json is not null && xml.NamespaceURI.Length == 0 && type?.Element(xml.LocalName) is { Definition.IsXmlAttribute: true } form)
            {
                json.Mark(Here);
                json.Writer.WriteString(form.JsonName, xml.Value);
                continue;
            }

            Error(
                IssueType.Structure,
                xml.LocalName == "value" ? $"{type?.Name ?? "The element"} is no primitive, so it has no attribute value." : $"The element has no attribute {NearMiss.Show(xml.LocalName)}.");
        }

        xml.MoveToElement();
    }

    /// <summary>Passes over the element and what is in it; leaves the reader on its end, where <see cref="XmlReader.Skip"/> would go on to the next node.</summary>
    private void Pass()
    {
        if (xml.IsEmptyElement)
        {
            return;
        }

        var depth = xml.Depth;
        while (xml.Read() && (xml.Depth > depth || xml.NodeType != XmlNodeType.EndElement))
        {
        }
    }

    private void Error(IssueType type, string message) => log.Error(type, message, Here.Line, Here.Column);

    private static string Plain(string name) => NearMiss.IsPlain(name) ? name : "(unknown)";
}
