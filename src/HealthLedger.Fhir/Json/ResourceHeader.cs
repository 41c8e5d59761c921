namespace HealthLedger.Fhir.Json;

/// <summary>A code with its system, both as text; null where absent.</summary>
public readonly record struct CodingText(string? System, string? Code);

/// <summary>What stands at the head of a resource.</summary>
/// <param name="ResourceType">resourceType; null where it is missing or no string.</param>
/// <param name="Id">Resource.id; null where absent.</param>
/// <param name="VersionId">meta.versionId; null where absent.</param>
/// <param name="LastUpdated">meta.lastUpdated as it is written; null where absent.</param>
/// <param name="Security">meta.security: the codes of the labels.</param>
/// <param name="Profiles">meta.profile: canonical URLs.</param>
public sealed record ResourceHeader(
    string? ResourceType, string? Id, string? VersionId, string? LastUpdated, IReadOnlyList<CodingText> Security, IReadOnlyList<string> Profiles);
