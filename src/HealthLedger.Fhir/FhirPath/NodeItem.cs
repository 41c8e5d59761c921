using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>
/// An element or resource in JSON, typed by the definitions. A primitive's id and extensions come from its shadow (<c>_birthDate</c> beside <c>birthDate</c>, R4 json.html#primitive).
/// Children are read once, on first use, so that many expressions over one resource share them. Not thread-safe; valid while the JSON document is.
/// </summary>
internal sealed class NodeItem : Item
{
    private static readonly NodeItem[] None = [];

    private readonly JsonElement _json;
    private JsonElement _shadow;
    private NodeItem[]? _children;
    private Item? _value;
    private bool _valueRead;

    private NodeItem(string name, TypeDefinition? type, JsonElement json, NodeItem? parent, ElementDefinition? definition = null)
    {
        Definition = definition;
        Name = name;
        Type = type;
        _json = json;
        Parent = parent;
    }

    /// <summary>A resource by its resourceType, which must be known; null otherwise.</summary>
    public static NodeItem? Resource(JsonElement json, NodeItem? parent = null, string name = "")
    {
        if (json.ValueKind != JsonValueKind.Object || ResourceTypeOf(json) is not { } type) return null;
        return new NodeItem(name, type, json, parent);
    }

    /// <summary>An element of a known type, for rules on elements.</summary>
    public static NodeItem Element(string name, TypeDefinition type, JsonElement json, JsonElement shadow = default, NodeItem? parent = null) =>
        new(name, type, json, parent) { _shadow = shadow };

    /// <summary>The element's name without the type of a choice: value, not valueQuantity.</summary>
    public string Name { get; }

    /// <summary>Null for an element that the definitions do not know.</summary>
    public TypeDefinition? Type { get; }

    /// <summary>The element's definition; null for a root and for what the definitions do not know.</summary>
    public ElementDefinition? Definition { get; }

    public NodeItem? Parent { get; }

    public JsonElement Json => _json;

    public bool IsPrimitive => Type?.IsPrimitive ?? _json.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    public bool IsResource => Type?.Kind == TypeKind.Resource;

    public override string TypeNamespace => "FHIR";

    public override string TypeName => Type is null ? "Element" : Type.Kind == TypeKind.Backbone ? Type.Base?.Name ?? "BackboneElement" : Type.Name;

    public override bool Is(TypeName type) => type.Namespace is null or "FHIR" && Type is not null && Type.Is(type.Name);

    /// <summary>Whether a primitive has a value and not extensions alone.</summary>
    public bool HasPrimitiveValue => IsPrimitive && _json.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False;

    /// <summary>The value's JSON text, to compare leaves that have no System value.</summary>
    public string? RawText => _json.ValueKind == JsonValueKind.Undefined ? null : _json.GetRawText();

    /// <summary>The text of a primitive: a string's content, or the JSON form of a number or boolean. Null where there is none.</summary>
    public string? Text => _json.ValueKind switch
    {
        JsonValueKind.String => JsonText.String(_json),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => _json.GetRawText(),
        _ => null,
    };

    public override Item? Value
    {
        get
        {
            if (_valueRead) return _value;
            _valueRead = true;
            return _value = NodeValues.Read(this);
        }
    }

    public override Items Children()
    {
        var children = Read();
        return new Items(children, children.Length);
    }

    public override Items Child(string name)
    {
        var result = new ItemsBuilder();
        foreach (var child in Read())
            if (child.Name == name) result.Add(child);
        return result.Build();
    }

    /// <summary>The first child of that name, or null.</summary>
    public NodeItem? First(string name)
    {
        foreach (var child in Read())
            if (child.Name == name) return child;
        return null;
    }

    /// <summary>The children, in the order of the JSON text.</summary>
    public ReadOnlySpan<NodeItem> Nodes => Read();

    private NodeItem[] Read() => _children ??= _json.ValueKind == JsonValueKind.Object ? ReadObject(_json)
        : _shadow.ValueKind == JsonValueKind.Object ? ReadObject(_shadow) : None;

    private NodeItem[] ReadObject(JsonElement json)
    {
        var children = new List<NodeItem>(8);
        var shadows = false;
        foreach (var property in json.EnumerateObject())
        {
            var raw = JsonText.Name(property);
            if (raw.Length > 0 && raw[0] == (byte)'_') shadows = true;
            else if (!(IsResource && raw.SequenceEqual("resourceType"u8))) AddProperty(children, raw, property.Value);
        }
        if (shadows) AddShadows(children, json);
        return [.. children];
    }

    private void AddProperty(List<NodeItem> children, ReadOnlySpan<byte> jsonName, JsonElement value)
    {
        var form = Type?.Element(jsonName);
        var name = form?.Definition.Name ?? System.Text.Encoding.UTF8.GetString(jsonName);
        if (value.ValueKind != JsonValueKind.Array)
        {
            if (value.ValueKind != JsonValueKind.Null) children.Add(Make(name, form, value));
            return;
        }
        // A null keeps the place of a value that has extensions only; without a shadow it is dropped again.
        foreach (var entry in value.EnumerateArray()) children.Add(Make(name, form, entry));
        if (JsonHasNull(value)) DropPlaceholdersWithout(children, name);
    }

    private static bool JsonHasNull(JsonElement array)
    {
        foreach (var entry in array.EnumerateArray())
            if (entry.ValueKind == JsonValueKind.Null) return true;
        return false;
    }

    private NodeItem Make(string name, ElementForm? form, JsonElement value)
    {
        var type = form?.Type;
        if (type is { Kind: TypeKind.Resource } && value.ValueKind == JsonValueKind.Object) type = ResourceTypeOf(value) ?? type;
        return new NodeItem(name, type, value, this, form?.Definition);
    }

    private void DropPlaceholdersWithout(List<NodeItem> children, string name)
    {
        if (!_json.TryGetProperty("_" + name, out _)) children.RemoveAll(c => c.Name == name && c._json.ValueKind == JsonValueKind.Null);
    }

    private void AddShadows(List<NodeItem> children, JsonElement json)
    {
        foreach (var property in json.EnumerateObject())
        {
            var raw = JsonText.Name(property);
            if (raw.Length < 2 || raw[0] != (byte)'_') continue;
            var form = Type?.Element(raw[1..]);
            var name = form?.Definition.Name ?? System.Text.Encoding.UTF8.GetString(raw[1..]);
            var entries = property.Value.ValueKind == JsonValueKind.Array ? property.Value.EnumerateArray().ToArray() : [property.Value];
            var own = children.FindAll(c => c.Name == name);
            for (var i = 0; i < entries.Length; i++)
            {
                if (entries[i].ValueKind != JsonValueKind.Object) continue;
                if (i < own.Count) own[i]._shadow = entries[i];
                else children.Add(new NodeItem(name, form?.Type, default, this, form?.Definition) { _shadow = entries[i] });
            }
            children.RemoveAll(c => c.Name == name && c._json.ValueKind == JsonValueKind.Null && c._shadow.ValueKind != JsonValueKind.Object);
        }
    }

    private static TypeDefinition? ResourceTypeOf(JsonElement json) =>
        json.TryGetProperty("resourceType"u8, out var name) && name.ValueKind == JsonValueKind.String
            ? FhirDefinitions.R4.ResourceType(JsonText.Utf8(name))
            : null;
}
