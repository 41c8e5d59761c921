using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>What a rule does to what it matches.</summary>
public enum ProvisionType
{
    /// <summary>Lets it through.</summary>
    Permit,
    /// <summary>Holds it back.</summary>
    Deny,
}

/// <summary>What is done with data: R4 <c>http://terminology.hl7.org/CodeSystem/consentaction</c>.</summary>
public enum ConsentAction
{
    /// <summary><c>access</c>: retrieve.</summary>
    Access,
    /// <summary><c>collect</c>: gather for storage.</summary>
    Collect,
    /// <summary><c>use</c>: utilize what was retrieved.</summary>
    Use,
    /// <summary><c>disclose</c>: pass on.</summary>
    Disclose,
    /// <summary><c>correct</c>: retrieve and correct.</summary>
    Correct,
}

/// <summary>How a reference to data is meant: R4 <c>http://hl7.org/fhir/consent-data-meaning</c>; docs/consent.md says how each is decided.</summary>
public enum DataMeaning
{
    /// <summary>The record itself.</summary>
    Instance,
    /// <summary>The encounter, episode or plan and the records that belong to it.</summary>
    Related,
    /// <summary>The record and those that refer to it.</summary>
    Dependents,
    /// <summary>The records that the referenced one wrote.</summary>
    AuthoredBy,
}

/// <summary>The conditions a provision can state.</summary>
[Flags]
public enum ProvisionElements
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary><c>actor</c>.</summary>
    Actor = 1,
    /// <summary><c>action</c>.</summary>
    Action = 2,
    /// <summary><c>purpose</c>.</summary>
    Purpose = 4,
    /// <summary><c>securityLabel</c>.</summary>
    SecurityLabel = 8,
    /// <summary><c>class</c>.</summary>
    Class = 16,
    /// <summary><c>code</c>.</summary>
    Code = 32,
    /// <summary><c>dataPeriod</c>.</summary>
    DataPeriod = 64,
    /// <summary><c>data</c>.</summary>
    Data = 128,
}

/// <summary>One <c>provision.data</c>.</summary>
/// <param name="Meaning">How it is meant.</param>
/// <param name="Reference">A literal reference, <c>Type/id</c>.</param>
public readonly record struct DataReference(DataMeaning Meaning, string Reference);

/// <summary>
/// One rule of a directive as its signer wrote it, before anything is taken over from the rule above (R4 Consent.provision). Codes and labels are
/// written <c>system|code</c>, references <c>Type/id</c>.
/// </summary>
/// <remarks>Equality is by reference of the arrays inside; compare the encoded bytes to compare contents.</remarks>
public sealed record Provision
{
    /// <summary>Permit or deny; null only at a root that states neither, which by itself decides nothing.</summary>
    public ProvisionType? Type { get; init; }

    /// <summary>When the rule is valid; <see cref="TimeInterval.Always"/> where it does not say.</summary>
    public TimeInterval Period { get; init; } = TimeInterval.Always;

    /// <summary>The conditions that are stated, understood or not.</summary>
    public ProvisionElements Stated { get; init; }

    /// <summary>The stated conditions that carry something the gateway does not understand.</summary>
    public ProvisionElements NotUnderstood { get; init; }

    /// <summary>True where an unknown modifierExtension may change the meaning of the whole rule and of those below it.</summary>
    public bool Modified { get; init; }

    /// <summary>The recipients.</summary>
    public ImmutableArray<string> Actors { get; init; } = [];

    /// <summary>The actions.</summary>
    public ImmutableArray<ConsentAction> Actions { get; init; } = [];

    /// <summary>The purposes named.</summary>
    public PurposeSet Purposes { get; init; }

    /// <summary>The purposes a deny counts for: those named, and those above and below them in the code system.</summary>
    public PurposeSet TouchedPurposes { get; init; }

    /// <summary>Security labels.</summary>
    public ImmutableArray<string> SecurityLabels { get; init; } = [];

    /// <summary>Resource types of <c>class</c>.</summary>
    public ImmutableArray<string> ResourceTypes { get; init; } = [];

    /// <summary>Profile urls of <c>class</c>.</summary>
    public ImmutableArray<string> Profiles { get; init; } = [];

    /// <summary>Clinical codes.</summary>
    public ImmutableArray<string> Codes { get; init; } = [];

    /// <summary>The clinical time of the data; null where it is not stated.</summary>
    public TimeInterval? DataPeriod { get; init; }

    /// <summary>Single records, encounters, authors.</summary>
    public ImmutableArray<DataReference> Data { get; init; } = [];

    /// <summary>The exceptions to this rule.</summary>
    public ImmutableArray<Provision> Provisions { get; init; } = [];
}
