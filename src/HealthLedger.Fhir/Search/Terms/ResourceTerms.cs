using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// The search values of one version of one resource, and what consent rules look at. Immutable. It holds personal data in the clear: keep it sealed at rest.
/// Id and time of last change are not in it; who keeps the record knows them.
/// </summary>
public sealed class ResourceTerms
{
    internal ResourceTerms(TypePlan plan) => Plan = plan;

    /// <summary>The resource's type, such as Observation.</summary>
    public string ResourceType => Plan.Type.Name;

    internal TypePlan Plan { get; }

    internal TokenTerm[] Tokens { get; init; } = [];
    internal ReferenceTerm[] References { get; init; } = [];

    /// <summary>The identifiers of references (logical references), for <c>:identifier</c>.</summary>
    internal TokenTerm[] ReferenceIdentifiers { get; init; } = [];
    internal DateTerm[] Dates { get; init; } = [];
    internal TextTerm[] Strings { get; init; } = [];
    internal TextTerm[] Uris { get; init; } = [];
    internal NumberTerm[] Numbers { get; init; } = [];
    internal QuantityTerm[] Quantities { get; init; } = [];

    /// <summary>What the tokens of a parameter are called in the record (display, text), for <c>:text</c>.</summary>
    internal TextTerm[] TokenTexts { get; init; } = [];

    /// <summary>Identifiers with a coded type, for <c>:of-type</c>.</summary>
    internal TypedIdentifierTerm[] TypedIdentifiers { get; init; } = [];

    /// <summary>Hashes of the narrative's words, ascending, for <c>_text</c> and <c>_content</c>.</summary>
    internal uint[] NarrativeWords { get; init; } = [];

    /// <summary>Hashes of the words of the record's other texts, ascending, save those that <see cref="Strings"/> and <see cref="TokenTexts"/> hold anyway: for <c>_content</c>.</summary>
    internal uint[] OtherWords { get; init; } = [];

    /// <summary>
    /// Every Coding in the resource and its contained resources, alone or in a CodeableConcept, outside meta and extensions; without duplicates. Main are those whose element stands directly on the
    /// resource or on a contained one (Observation.code, Encounter.class, the ingredients' parent Medication.code), the others stand deeper (Observation.component.code).
    /// </summary>
    public IReadOnlyList<CodingTerm> Codings { get; internal init; } = [];

    /// <summary>meta.security of the resource.</summary>
    public IReadOnlyList<CodingTerm> SecurityLabels { get; internal init; } = [];

    /// <summary>
    /// When the record is clinically about, from the earliest to the latest of its dates: [Low, High) in UTC ticks, <see cref="long.MaxValue"/> for an open end. Dates of paperwork
    /// (recorded, issued, authored, created and the like) count only where the record has no other date; dates of a person's birth and death, and dates that are a measured value, never. Null where there is none.
    /// </summary>
    public (long Low, long High)? ClinicalPeriod => ClinicalDates.Period(this);

    /// <summary>
    /// Who made or recorded it, as "Type/id" or an address: the references of the parameters author, performer, recorder, asserter, requester, enterer, source, sender, attester, practitioner, provider, agent.
    /// </summary>
    public IEnumerable<string> Authors => ReferencesOf(AuthorParameters);

    /// <summary>The encounters it belongs to, as "Encounter/id" or an address: the parameters encounter and context.</summary>
    public IEnumerable<string> Encounters => ReferencesOf(EncounterParameters).Where(r => !r.Contains("EpisodeOfCare/", StringComparison.Ordinal));

    /// <summary>meta.profile of the resource, without versions.</summary>
    public IEnumerable<string> Profiles => MetaProfiles.Select(p => p.Split('|')[0]);

    /// <summary>meta.profile of the resource.</summary>
    public IEnumerable<string> MetaProfiles => Plan.IndexOf("_profile") is { } index ? Uris.Where(u => u.Parameter == index).Select(u => u.Text) : [];

    /// <summary>meta.tag of the resource; empty for what a coding lacks.</summary>
    public IEnumerable<(string System, string Code)> Tags =>
        Plan.IndexOf("_tag") is { } index ? Tokens.Where(t => t.Parameter == index).Select(t => (t.System ?? "", t.Code ?? "")) : [];

    /// <summary>True where meta.tag of the resource has that code.</summary>
    public bool HasTag(string system, string code) =>
        Plan.IndexOf("_tag") is { } index && Tokens.Any(t => t.Parameter == index && t.System == system && t.Code == code);

    private static readonly string[] AuthorParameters =
        ["author", "performer", "recorder", "asserter", "requester", "enterer", "source", "sender", "attester", "practitioner", "provider", "agent"];

    private static readonly string[] EncounterParameters = ["encounter", "context"];

    /// <summary>The references of one search parameter, as "Type/id" or an address. Empty where the type has no such parameter.</summary>
    public IEnumerable<string> ReferencesOf(string parameterCode) => ReferencesOf([parameterCode]);

    /// <summary>The records of this server that one reference parameter names. Empty where the type has no such parameter.</summary>
    public IEnumerable<(string Type, string Id)> RecordsOf(string parameterCode)
    {
        if (Plan.IndexOf(parameterCode) is not { } index) yield break;
        foreach (var term in References)
            if (term.Parameter == index && term.LocalId is { } id) yield return (term.Type!, id);
    }

    /// <summary>The records of this server that any reference parameter names.</summary>
    public IEnumerable<(string Type, string Id)> AllRecords()
    {
        foreach (var term in References)
            if (term.LocalId is { } id && Plan.Parameters[term.Parameter].Type == SearchParameterType.Reference) yield return (term.Type!, id);
    }

    private IEnumerable<string> ReferencesOf(string[] codes)
    {
        foreach (var code in codes)
        {
            if (Plan.IndexOf(code) is not { } index) continue;
            foreach (var term in References)
                if (term.Parameter == index) yield return term.LocalId is { } id ? term.Type + "/" + id : term.Target;
        }
    }

    /// <summary>Appends the stored form: versioned, self-contained, about 200 bytes for an Observation.</summary>
    public void WriteTo(System.Buffers.IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ResourceTermsFormat.Write(this, output);
    }

    /// <summary>Reads one stored form; the bytes must be exactly one.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged, or <see cref="IsCurrent"/> is false for them.</exception>
    public static ResourceTerms Read(ReadOnlySpan<byte> stored, TermPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        return ResourceTermsFormat.Read(stored, pool);
    }

    /// <summary>False where the bytes were written under other definitions or another version: the terms must be extracted again from the resource.</summary>
    public static bool IsCurrent(ReadOnlySpan<byte> stored) => ResourceTermsFormat.IsCurrent(stored);

    /// <summary>Whether the parameter has any value: what <c>:missing</c> asks.</summary>
    internal bool Has(ushort parameter, SearchParameterType type)
    {
        switch (type)
        {
            case SearchParameterType.Token: return Array.Exists(Tokens, t => t.Parameter == parameter);
            case SearchParameterType.Reference: return Array.Exists(References, t => t.Parameter == parameter) || Array.Exists(ReferenceIdentifiers, t => t.Parameter == parameter);
            case SearchParameterType.Date: return Array.Exists(Dates, t => t.Parameter == parameter);
            case SearchParameterType.String: return Array.Exists(Strings, t => t.Parameter == parameter);
            case SearchParameterType.Uri: return Array.Exists(Uris, t => t.Parameter == parameter);
            case SearchParameterType.Number or SearchParameterType.Special: return Array.Exists(Numbers, t => t.Parameter == parameter);
            case SearchParameterType.Quantity: return Array.Exists(Quantities, t => t.Parameter == parameter);
            case SearchParameterType.Composite:
                return Has(parameter, SearchParameterType.Token) || Has(parameter, SearchParameterType.Reference) || Has(parameter, SearchParameterType.Date)
                    || Has(parameter, SearchParameterType.String) || Has(parameter, SearchParameterType.Number) || Has(parameter, SearchParameterType.Quantity);
            default: return false;
        }
    }
}
