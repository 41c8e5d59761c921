using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Xml;

/// <summary>One walk over the JSON of a resource, definitions beside it, that writes its XML in the order of the definitions (R4 xml.html).</summary>
internal sealed class XmlResourceWriter(XmlSink sink)
{
    // A stack: an object's properties start where the length was when it began, and are cut off at its end.
    private readonly List<Property> _properties = [];

    public void Root(JsonElement resource) => Resource(resource, isRoot: true);

    private void Resource(JsonElement resource, bool isRoot)
    {
        if (resource.ValueKind != JsonValueKind.Object || !resource.TryGetProperty("resourceType"u8, out var name)
            || name.ValueKind != JsonValueKind.String || FhirDefinitions.R4.ResourceType(name.GetString()!) is not { } type)
        {
            throw new ArgumentException("The JSON is no resource of FHIR R4.", nameof(resource));
        }

        sink.Open(type.Name);
        if (isRoot)
        {
            sink.Attribute("xmlns", "http://hl7.org/fhir"u8);
        }

        Content(type, resource);
        sink.Close(type.Name);
    }

    private void Content(TypeDefinition type, JsonElement json)
    {
        var start = _properties.Count;
        Collect(type, json, start);
        _properties.Sort(start, _properties.Count - start, Comparer<Property>.Create((a, b) => a.Form.Definition.Index.CompareTo(b.Form.Definition.Index)));
        var end = _properties.Count;
        for (var i = start; i < end; i++)
        {
            var (form, value, _) = _properties[i];
            if (form.Definition.IsXmlAttribute)
            {
                sink.Attribute(form.JsonName, Text(value));
            }
        }

        for (var i = start; i < end; i++)
        {
            var (form, value, companion) = _properties[i];
            if (!form.Definition.IsXmlAttribute)
            {
                Items(form, value, companion);
            }
        }

        _properties.RemoveRange(start, end - start);
    }

    /// <summary>Notes the properties; what stands beside a primitive goes with it.</summary>
    private void Collect(TypeDefinition type, JsonElement json, int start)
    {
        foreach (var property in json.EnumerateObject())
        {
            var name = JsonMarshal.GetRawUtf8PropertyName(property);
            if (type.Kind == TypeKind.Resource && name.SequenceEqual("resourceType"u8))
            {
                continue;
            }

            var isCompanion = name.StartsWith("_"u8);
            var form = type.Element(isCompanion ? name[1..] : name) ?? throw new ArgumentException("The JSON has a property that the definitions do not know.", nameof(json));
            var at = start;
            while (at < _properties.Count && _properties[at].Form != form)
            {
                at++;
            }

            if (at == _properties.Count)
            {
                _properties.Add(new(form, default, default));
            }

            _properties[at] = isCompanion ? _properties[at] with { Companion = property.Value } : _properties[at] with { Value = property.Value };
        }
    }

    private void Items(ElementForm form, JsonElement value, JsonElement companion)
    {
        if (value.ValueKind != JsonValueKind.Array && companion.ValueKind != JsonValueKind.Array)
        {
            Item(form, value, companion);
            return;
        }

        using var values = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : default;
        using var companions = companion.ValueKind == JsonValueKind.Array ? companion.EnumerateArray() : default;
        while (true)
        {
            var (hasValue, hasCompanion) = (values.MoveNext(), companions.MoveNext());
            if (!hasValue && !hasCompanion)
            {
                return;
            }

            Item(form, hasValue ? values.Current : default, hasCompanion ? companions.Current : default);
        }
    }

    private void Item(ElementForm form, JsonElement value, JsonElement companion)
    {
        if (form.Type.Primitive == PrimitiveKind.Xhtml)
        {
            XmlNarrative.Write(value.GetString()!, sink);
            return;
        }

        sink.Open(form.JsonName);
        if (form.Type.Kind == TypeKind.Resource)
        {
            Resource(value, isRoot: false);
        }
        else if (!form.Type.IsPrimitive)
        {
            Content(form.Type, value);
        }
        else
        {
            if (value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
            {
                sink.Attribute("value", Text(value));
            }

            if (companion.ValueKind == JsonValueKind.Object)
            {
                Content(form.Type, companion);
            }
        }

        sink.Close(form.JsonName);
    }

    /// <summary>The text of a primitive: a number as it is written, a string without its quotes and escapes.</summary>
    private static ReadOnlySpan<byte> Text(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        return value.ValueKind != JsonValueKind.String ? raw
            : raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(value.GetString()!)
            : raw[1..^1];
    }

    private readonly record struct Property(ElementForm Form, JsonElement Value, JsonElement Companion);
}
