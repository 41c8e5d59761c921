namespace HealthLedger.Fhir.Definitions;

/// <summary>One element of a type (R4 elementdefinition.html).</summary>
public sealed class ElementDefinition
{
    internal ElementDefinition(
        TypeDefinition owner, string name, int index, int min, int max, int flags, ElementType[] types, BindingDefinition? binding, InvariantDefinition[] invariants)
    {
        Owner = owner;
        Name = name;
        Index = index;
        Min = min;
        Max = max == 0 ? null : max;
        IsChoice = (flags & 1) != 0;
        IsModifier = (flags & 2) != 0;
        IsSummary = (flags & 4) != 0;
        IsXmlAttribute = (flags & 8) != 0;
        Types = types;
        Binding = binding;
        Invariants = invariants;
    }

    /// <summary>The type that has this element.</summary>
    public TypeDefinition Owner { get; }

    /// <summary>The name without "[x]": <c>birthDate</c>, <c>value</c>.</summary>
    public string Name { get; }

    /// <summary>Place among the elements of <see cref="Owner"/>, from 0; the order of XML.</summary>
    public int Index { get; }

    /// <summary>0 or 1.</summary>
    public int Min { get; }

    /// <summary>The upper bound; null where there is none.</summary>
    public int? Max { get; }

    /// <summary>True where JSON has an array: the upper bound is not 1.</summary>
    public bool IsRepeating => Max != 1;

    /// <summary>True for a choice of types: the JSON name carries the type's name, <c>valueQuantity</c>.</summary>
    public bool IsChoice { get; }

    /// <summary>True where the element can change the meaning of what it is in.</summary>
    public bool IsModifier { get; }

    /// <summary>True where the element is part of the summary.</summary>
    public bool IsSummary { get; }

    /// <summary>True where XML has an attribute instead of an element.</summary>
    public bool IsXmlAttribute { get; }

    /// <summary>The allowed types; one, unless <see cref="IsChoice"/>.</summary>
    public IReadOnlyList<ElementType> Types { get; }

    /// <summary>The value set it is bound to, if any.</summary>
    public BindingDefinition? Binding { get; }

    /// <summary>Rules on this element beyond those of its type.</summary>
    public IReadOnlyList<InvariantDefinition> Invariants { get; }

    /// <summary>The resource types that a reference may point to, over all types of the element. Contains "Resource" where any may; empty where none is named.</summary>
    public IEnumerable<string> ReferenceTargets => Types.SelectMany(t => t.ReferenceTargets).Distinct(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Owner.Name + "." + Name + (IsChoice ? "[x]" : "");
}

/// <summary>One allowed type of an element.</summary>
/// <param name="Type">Its definition. For an element with elements of its own, and for a content reference, a definition of kind <see cref="TypeKind.Backbone"/>.</param>
/// <param name="ReferenceTargets">For Reference and canonical: resource types it may point to; "Resource" is any.</param>
/// <param name="Profiles">Canonical URLs of profiles the value must meet, such as SimpleQuantity's.</param>
public sealed record ElementType(TypeDefinition Type, IReadOnlyList<string> ReferenceTargets, IReadOnlyList<string> Profiles);

/// <summary>An element under one of its JSON names: itself, or one type of a choice.</summary>
public sealed class ElementForm
{
    internal ElementForm(ElementDefinition definition, ElementType use)
    {
        Definition = definition;
        Use = use;
        JsonName = definition.IsChoice ? definition.Name + char.ToUpperInvariant(use.Type.Name[0]) + use.Type.Name[1..] : definition.Name;
        IsReferenceText = definition is { Name: "reference", Owner.Name: "Reference" };
    }

    /// <summary>The name in JSON: <c>birthDate</c>, <c>valueQuantity</c>.</summary>
    public string JsonName { get; }

    /// <summary>The element.</summary>
    public ElementDefinition Definition { get; }

    /// <summary>The type in use.</summary>
    public ElementType Use { get; }

    /// <summary>The definition of the type in use.</summary>
    public TypeDefinition Type => Use.Type;

    /// <summary>True for Reference.reference, the one element that holds literal references.</summary>
    internal bool IsReferenceText { get; }
}
