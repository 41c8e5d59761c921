using System.Text;

namespace HealthLedger.Fhir.Definitions;

/// <summary>A resource type, a data type, or a nested element of one.</summary>
public sealed class TypeDefinition
{
    private Utf8Table<ElementForm>? _forms;

    internal TypeDefinition(string name, TypeKind kind, bool isAbstract, string regex, InvariantDefinition[] invariants)
    {
        Name = name;
        Kind = kind;
        IsAbstract = isAbstract;
        Regex = regex.Length == 0 ? null : regex;
        Invariants = invariants;
        Primitive = kind == TypeKind.Primitive && Enum.TryParse<PrimitiveKind>(name, ignoreCase: true, out var primitive) ? primitive : PrimitiveKind.None;
    }

    /// <summary>The name, <c>Patient</c>; of a nested element its path, <c>Patient.contact</c>.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public TypeKind Kind { get; }

    /// <summary>True for Resource, DomainResource, Element and BackboneElement.</summary>
    public bool IsAbstract { get; }

    /// <summary>The type it specializes; null for Element and Resource.</summary>
    public TypeDefinition? Base { get; internal set; }

    /// <summary>True for a primitive type.</summary>
    public bool IsPrimitive => Kind == TypeKind.Primitive;

    /// <summary>Which primitive; <see cref="PrimitiveKind.None"/> for the others.</summary>
    public PrimitiveKind Primitive { get; }

    /// <summary>The official regular expression of a primitive's text (XML Schema dialect, anchored); null where there is none.</summary>
    public string? Regex { get; }

    /// <summary>Rules on every value of the type.</summary>
    public IReadOnlyList<InvariantDefinition> Invariants { get; }

    /// <summary>All elements, inherited ones too, in the order of XML. A primitive has id and extension; its value is the JSON value itself.</summary>
    public IReadOnlyList<ElementDefinition> Elements { get; private set; } = [];

    /// <summary>A bit for each element that must be present, by its index. No type has more than 64 elements.</summary>
    internal ulong RequiredElements { get; private set; }

    /// <summary>True where some of its elements are part of the summary, so that the others are not.</summary>
    internal bool HasSummary { get; private set; }

    /// <summary>The element with this JSON name; for a choice the name with its type, <c>valueQuantity</c>. Null where there is none. Strip the underscore of <c>_birthDate</c> first.</summary>
    public ElementForm? Element(string jsonName)
    {
        ArgumentNullException.ThrowIfNull(jsonName);
        Span<byte> utf8 = stackalloc byte[128];
        return Encoding.UTF8.TryGetBytes(jsonName, utf8, out var length) ? Element(utf8[..length]) : null;
    }

    /// <summary>The same for the UTF-8 bytes of a JSON name.</summary>
    public ElementForm? Element(ReadOnlySpan<byte> utf8JsonName) => (_forms ??= Forms()).TryGet(utf8JsonName, out var form) ? form : null;

    /// <summary>The element by its name without a type: <c>value</c> for <c>value[x]</c>, as FHIRPath names it. Null where there is none.</summary>
    public ElementDefinition? ElementNamed(string name)
    {
        foreach (var element in Elements)
        {
            if (element.Name == name)
            {
                return element;
            }
        }

        return null;
    }

    /// <summary>True where this type is the named one or specializes it: Age is a Quantity, Patient a DomainResource, <c>Patient.contact</c> a BackboneElement.</summary>
    public bool Is(string name)
    {
        for (var type = this; type is not null; type = type.Base)
        {
            if (type.Name == name)
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The JSON names of an element: one, or one for each type of a choice.</summary>
    internal IEnumerable<string> JsonNames(ElementDefinition element) =>
        element.IsChoice ? element.Types.Select(t => new ElementForm(element, t).JsonName) : [element.Name];

    internal void Complete(ElementDefinition[] elements)
    {
        Elements = elements;
        foreach (var element in elements)
        {
            RequiredElements |= element.Min > 0 ? 1UL << element.Index : 0;
            HasSummary |= element.IsSummary && element.Name != "modifierExtension";
        }
    }

    private Utf8Table<ElementForm> Forms()
    {
        var forms = new Utf8Table<ElementForm>(Elements.Sum(e => e.Types.Count));
        foreach (var element in Elements)
        {
            foreach (var use in element.Types)
            {
                var form = new ElementForm(element, use);
                forms.Add(form.JsonName, form);
            }
        }

        return forms;
    }
}
