using System.Collections.Immutable;

namespace HealthLedger.Ledger;

/// <summary>
/// One request for data, decided and about to be recorded: the events it appends (one for each patient disclosed or addressed, one for the request where
/// it is a search) and the keys of exactly those records that the vault may open once it stands in the ledger.
/// </summary>
/// <param name="Append">The events and the decision versions they rest on.</param>
/// <param name="Permitted">The record versions that this entry permits to be opened; empty for a refusal.</param>
public sealed record AccessEntry(AppendRequest Append, ImmutableArray<RecordKey> Permitted) : IRecordable
{
    private const int Few = 8;
    private readonly HashSet<RecordKey>? _many = Permitted.Length > Few ? [.. Permitted] : null;

    /// <summary>True where this entry permits the record version to be opened.</summary>
    public bool Permits(RecordKey key) => _many?.Contains(key) ?? Permitted.Contains(key);

    /// <inheritdoc/>
    public AppendRequest ToAppend() => Append;
}

/// <summary>Names one version of one record: <c>Type/id/_history/version</c>. In memory only.</summary>
/// <param name="Type">Resource type.</param>
/// <param name="Id">Logical id.</param>
/// <param name="Version">From 1 upwards.</param>
public readonly record struct RecordKey(string Type, string Id, int Version)
{
    /// <summary>The FHIR version-specific reference.</summary>
    public override string ToString() => $"{Type}/{Id}/_history/{Version}";
}
