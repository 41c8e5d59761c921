using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>
/// The profiles and extensions of the official R4 (4.0.1) definitions, such as vital signs, from the embedded table that fhir-profiles/generator makes. Each call unpacks
/// them anew: they are held by <see cref="Packages.ConformanceResources"/>, which asks once.
/// </summary>
public static class R4Profiles
{
    /// <summary>StructureDefinitions as UTF-8 JSON, with what validation looks at.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Resources() => EmbeddedTable.Lines("r4.profiles");
}
