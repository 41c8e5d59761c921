namespace HealthLedger.Fhir.Definitions;

/// <summary>What a type is (R4, StructureDefinition.kind), with the nested elements of a type as a kind of their own.</summary>
public enum TypeKind
{
    /// <summary>A JSON string, number or boolean with, beside it, an id and extensions.</summary>
    Primitive = 0,

    /// <summary>A data type with elements, such as HumanName.</summary>
    Complex = 1,

    /// <summary>A resource, such as Patient.</summary>
    Resource = 2,

    /// <summary>An element with elements of its own inside a type; its name is its path, such as <c>Patient.contact</c>.</summary>
    Backbone = 3,
}
