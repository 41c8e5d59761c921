using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// The array of a repeating primitive, or of its companion property with ids and extensions: the two are aligned, and null fills a place that
/// only the other one has (R4 json.html#primitive).
/// </summary>
/// <param name="Form">The element.</param>
/// <param name="IsCompanion">True for the companion property.</param>
/// <param name="Count">How many places.</param>
/// <param name="Nulls">The places with null; null where there are none.</param>
/// <param name="Offset">Where the array starts.</param>
internal readonly record struct PrimitiveList(ElementForm Form, bool IsCompanion, int Count, List<int>? Nulls, long Offset)
{
    public bool Has(int place) => place < Count && !HasNull(place);

    public bool HasNull(int place) => Nulls?.BinarySearch(place) >= 0;
}
