using System.Text.Json.Nodes;
using System.Xml.Linq;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Tests.FhirPath;

/// <summary>Turns the official suite's XML inputs into JSON (R4 xml.html, json.html), enough for what they contain.</summary>
internal static class XmlResource
{
    public static JsonObject Read(string path) => Resource(XDocument.Load(path).Root!);

    private static JsonObject Resource(XElement xml)
    {
        var json = Object(xml, FhirDefinitions.R4.ResourceType(xml.Name.LocalName)!);
        json["resourceType"] = xml.Name.LocalName;
        return json;
    }

    private static JsonObject Object(XElement xml, TypeDefinition type)
    {
        var json = new JsonObject();
        foreach (var attribute in xml.Attributes())
            if (attribute.Name.LocalName is "id" or "url") json[attribute.Name.LocalName] = attribute.Value;
        foreach (var group in xml.Elements().GroupBy(e => e.Name.LocalName))
        {
            var form = type.Element(group.Key)!;
            var values = group.Select(e => (Value: Value(e, form), Shadow: Shadow(e, form))).ToList();
            if (form.Definition.IsRepeating)
            {
                json[group.Key] = new JsonArray([.. values.Select(v => v.Value)]);
                if (values.Any(v => v.Shadow is not null)) json["_" + group.Key] = new JsonArray([.. values.Select(v => v.Shadow)]);
                continue;
            }
            if (values[0].Value is { } value) json[group.Key] = value;
            if (values[0].Shadow is { } shadow) json["_" + group.Key] = shadow;
        }
        return json;
    }

    private static JsonNode? Value(XElement xml, ElementForm form)
    {
        if (form.Type.Primitive == PrimitiveKind.Xhtml) return xml.ToString();
        if (form.Type.Kind == TypeKind.Resource) return Resource(xml.Elements().Single());
        if (!form.Type.IsPrimitive) return Object(xml, form.Type);
        return (xml.Attribute("value")?.Value, form.Type.Primitive) switch
        {
            (null, _) => null,
            ({ } text, PrimitiveKind.Boolean or PrimitiveKind.Integer or PrimitiveKind.PositiveInt or PrimitiveKind.UnsignedInt or PrimitiveKind.Decimal) => JsonNode.Parse(text),
            ({ } text, _) => text,
        };
    }

    private static JsonObject? Shadow(XElement xml, ElementForm form) =>
        form.Type.IsPrimitive && form.Type.Primitive != PrimitiveKind.Xhtml && (xml.HasElements || xml.Attribute("id") is not null) ? Object(xml, form.Type) : null;
}
