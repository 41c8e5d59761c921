using HealthLedger.Fhir.Search;

namespace HealthLedger.Vault;

/// <summary>
/// The search terms of one version on an opened shelf, not read yet: a search looks at few of a patient's types, so that most records' terms need not be read at all.
/// </summary>
/// <param name="Stored">Their stored form, current (<see cref="ResourceTerms.IsCurrent"/>).</param>
/// <param name="Pool">The shelf's.</param>
internal sealed record UnreadTerms(byte[] Stored, TermPool Pool);
