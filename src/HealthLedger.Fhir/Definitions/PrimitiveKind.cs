namespace HealthLedger.Fhir.Definitions;

/// <summary>The primitive types of R4 (datatypes.html#primitive).</summary>
public enum PrimitiveKind : byte
{
    /// <summary>Not a primitive.</summary>
    None,
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}
