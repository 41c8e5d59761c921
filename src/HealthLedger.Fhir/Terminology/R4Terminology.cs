using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Terminology;

/// <summary>
/// The code systems and value sets of the official R4 (4.0.1) definitions, from the embedded table that fhir-profiles/generator makes. Each call unpacks them anew: they
/// are held by <see cref="Packages.ConformanceResources"/>, which asks once.
/// </summary>
public static class R4Terminology
{
    /// <summary>CodeSystem and ValueSet resources as UTF-8 JSON, about 5.6 MB in all.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Resources() => EmbeddedTable.Lines("r4.terminology");
}
