using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>
/// What a decision may rest on about one record: a view over its search terms, never its content. Codes and labels are <c>system|code</c>, references
/// <c>Type/id</c>. Arrays left at their default count as empty.
/// </summary>
public readonly record struct RecordAttributes
{
    /// <summary>Resource type.</summary>
    public required string Type { get; init; }

    /// <summary>Logical id.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// True where nothing but type, id and custodian is known, as of a version that is no longer the current one. Every condition about content then counts
    /// as held by a deny and as not held by a permit.
    /// </summary>
    public bool ContentUnknown { get; init; }

    /// <summary>The organization that keeps the record, <c>Organization/id</c>; null where nobody is known to.</summary>
    public string? Custodian { get; init; }

    /// <summary>Every coding of the record.</summary>
    public ImmutableArray<string> Codings { get; init; }

    /// <summary>meta.security and the labels the gateway gave.</summary>
    public ImmutableArray<string> SecurityLabels { get; init; }

    /// <summary>
    /// The record's clinical time. Where a resource has none, whoever fills this in MUST give the time it was recorded; null counts as inside every
    /// denied period and outside every permitted one.
    /// </summary>
    public TimeInterval? ClinicalTime { get; init; }

    /// <summary>Who wrote it.</summary>
    public ImmutableArray<string> Authors { get; init; }

    /// <summary>The encounter it belongs to; null where it has none.</summary>
    public string? Encounter { get; init; }

    /// <summary>All literal references in it.</summary>
    public ImmutableArray<string> References { get; init; }

    /// <summary>meta.profile, without versions.</summary>
    public ImmutableArray<string> Profiles { get; init; }
}
