namespace HealthLedger.Fhir.Definitions;

/// <summary>A rule that must hold, evaluated with the element it stands on as focus (R4 ElementDefinition.constraint).</summary>
/// <param name="Key">The official key, such as <c>pat-1</c>.</param>
/// <param name="IsWarning">True where a breach is a warning only.</param>
/// <param name="Expression">FHIRPath.</param>
/// <param name="Human">What it asks, in the words of the specification.</param>
public sealed record InvariantDefinition(string Key, bool IsWarning, string Expression, string Human);
