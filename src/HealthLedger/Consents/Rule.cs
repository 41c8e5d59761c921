using System.Collections.Frozen;
using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>
/// One provision with all that it takes over from above, laid out for matching. A permit matches only what it certainly covers, a deny everything
/// that it may cover; that difference is decided here and nowhere else.
/// </summary>
internal sealed class Rule
{
    private const ProvisionElements AboutRecords =
        ProvisionElements.SecurityLabel | ProvisionElements.Class | ProvisionElements.Code | ProvisionElements.DataPeriod | ProvisionElements.Data;

    private readonly bool denies;
    private readonly bool deniesAll;
    private readonly ProvisionElements checks;
    private readonly int confidentiality;
    private readonly FrozenSet<string> codes;
    private readonly FrozenSet<string> labels;

    public Rule(ConsentDirective directive, Provision effective, string path, int[] exceptions)
    {
        Effective = effective;
        Exceptions = exceptions;
        denies = effective.Type == ProvisionType.Deny;
        deniesAll = denies && effective.Modified;
        CanPermit = effective is { Type: ProvisionType.Permit, Modified: false, NotUnderstood: ProvisionElements.None }
            && directive.Subject != ConsentSubject.NotUnderstood;

        // A deny skips the conditions it carries and nobody understands: whatever they say, it may cover this. A permit that carries one never matches.
        checks = effective.Stated & ~effective.NotUnderstood;
        codes = effective.Codes.ToFrozenSet(StringComparer.Ordinal);
        labels = effective.SecurityLabels.Where(l => Confidentiality.Rank(l) is null).ToFrozenSet(StringComparer.Ordinal);
        var ranks = effective.SecurityLabels.Select(Confidentiality.Rank).OfType<int>().ToArray();
        confidentiality = ranks.Length == 0 ? Confidentiality.None : denies ? ranks.Min() : ranks.Max();
        Decision = new ConsentDecision(!denies, denies ? DecisionReason.ConsentDeny : DecisionReason.ConsentPermit, directive.Reference, directive.Version, path);
        EmergencyDecision = denies ? Decision : Decision with { Obligations = Obligations.NotifyPatient | Obligations.Review };
        Outside = new ConsentDecision(false, DecisionReason.OutsidePermit, directive.Reference, directive.Version, path);
    }

    /// <summary>The provision with what it takes over.</summary>
    public Provision Effective { get; }

    /// <summary>Indices of its exceptions among the directive's rules.</summary>
    public int[] Exceptions { get; }

    /// <summary>True where it is a permit that permits anything at all.</summary>
    public bool CanPermit { get; }

    /// <summary>What it decides.</summary>
    public ConsentDecision Decision { get; }

    /// <summary>What it decides for an emergency purpose.</summary>
    public ConsentDecision EmergencyDecision { get; }

    /// <summary>What is said of records outside a permit.</summary>
    public ConsentDecision Outside { get; }

    /// <summary>True where it denies.</summary>
    public bool Denies => denies;

    /// <summary>True where it is a deny that names <paramref name="purpose"/>, an emergency purpose; naming ETREAT names BTG, which lies below it.</summary>
    public bool NamesEmergency(PurposeOfUse purpose) =>
        denies && purpose.IsEmergency()
        && (Effective.Purposes.Contains(purpose) || Effective.Purposes.Contains(PurposeOfUse.EmergencyTreatment));

    /// <summary>True where the answer can differ from record to record.</summary>
    public bool DependsOnRecord => !deniesAll && (checks & AboutRecords) != 0;

    /// <summary>True where the condition is there, own or taken over.</summary>
    public bool Names(ProvisionElements element) => (Effective.Stated & element) != 0;

    /// <summary>True where the conditions about caller, purpose, action and time hold.</summary>
    public bool MatchesRequest(AccessRequest request) =>
        deniesAll ? Effective.Period.Contains(request.Time) : (denies || CanPermit) && Speaks(request);

    /// <summary>As <see cref="MatchesRequest"/>, for permits too that are not understood: the signer did speak about this request.</summary>
    public bool Speaks(AccessRequest request) =>
        Effective.Period.Contains(request.Time)
        && (!Checks(ProvisionElements.Purpose) || (denies ? Effective.TouchedPurposes : Effective.Purposes).Contains(request.Purpose))
        && (!Checks(ProvisionElements.Action) || MatchesAction(request.Action))
        && (!Checks(ProvisionElements.Actor) || MatchesActor(request));

    /// <summary>True where the conditions about the record hold. Says nothing about the request.</summary>
    public bool MatchesRecord(in RecordAttributes record, int recordConfidentiality) =>
        deniesAll
        || ((checks & AboutRecords) == 0)
        || ((!Checks(ProvisionElements.Class) || MatchesClass(record))
            && (!Checks(ProvisionElements.SecurityLabel) || MatchesLabel(record, recordConfidentiality))
            && (!Checks(ProvisionElements.DataPeriod) || MatchesTime(record))
            && (!Checks(ProvisionElements.Code) || (record.ContentUnknown ? denies : ContainsAny(codes, record.Codings)))
            && (!Checks(ProvisionElements.Data) || MatchesData(record)));

    private bool Checks(ProvisionElements element) => (checks & element) != 0;

    private bool MatchesAction(ConsentAction action)
    {
        foreach (var stated in Effective.Actions)
        {
            // Whoever reads through the gateway also uses the data, and for the holder it is a disclosure.
            if (stated == action || (denies && action == ConsentAction.Access && stated is ConsentAction.Use or ConsentAction.Disclose))
            {
                return true;
            }
        }

        return false;
    }

    private bool MatchesActor(AccessRequest request)
    {
        foreach (var actor in Effective.Actors)
        {
            if (Contains(request.Actors, actor) || (denies && !request.MembershipsResolved && ActorReference.NeedsMembership(actor)))
            {
                return true;
            }
        }

        return false;
    }

    private bool MatchesClass(in RecordAttributes record) =>
        Contains(Effective.ResourceTypes, record.Type)
        || (record.ContentUnknown ? denies && !Effective.Profiles.IsEmpty : !record.Profiles.IsDefaultOrEmpty && ContainsAny(Effective.Profiles, record.Profiles));

    private bool MatchesLabel(in RecordAttributes record, int recordConfidentiality)
    {
        if (record.ContentUnknown)
        {
            return denies;
        }

        if (confidentiality != Confidentiality.None && recordConfidentiality != Confidentiality.None
            && (denies ? recordConfidentiality >= confidentiality : recordConfidentiality <= confidentiality))
        {
            return true;
        }

        return ContainsAny(labels, record.SecurityLabels);
    }

    private bool MatchesTime(in RecordAttributes record) =>
        record.ClinicalTime is not { } time ? denies
        : denies ? Effective.DataPeriod!.Value.Overlaps(time)
        : Effective.DataPeriod!.Value.Covers(time);

    private bool MatchesData(in RecordAttributes record)
    {
        foreach (var (meaning, reference) in Effective.Data)
        {
            var matches = meaning switch
            {
                DataMeaning.Instance => IsReference(reference, record),
                _ when record.ContentUnknown && denies => true,
                DataMeaning.AuthoredBy => Contains(record.Authors, reference),
                _ => IsReference(reference, record) || reference == record.Encounter || Contains(record.References, reference),
            };
            if (matches)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsReference(string reference, in RecordAttributes record) =>
        reference.Length == record.Type.Length + 1 + record.Id.Length
        && reference[record.Type.Length] == '/'
        && reference.StartsWith(record.Type, StringComparison.Ordinal)
        && reference.EndsWith(record.Id, StringComparison.Ordinal);

    private static bool Contains(ImmutableArray<string> values, string value)
    {
        if (values.IsDefaultOrEmpty)
        {
            return false;
        }

        foreach (var candidate in values)
        {
            if (string.Equals(candidate, value, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool ContainsAny(ImmutableArray<string> wanted, ImmutableArray<string> values)
    {
        foreach (var value in values)
        {
            if (Contains(wanted, value))
            {
                return true;
            }
        }

        return false;
    }

    private static bool ContainsAny(FrozenSet<string> wanted, ImmutableArray<string> values)
    {
        if (values.IsDefaultOrEmpty || wanted.Count == 0)
        {
            return false;
        }

        foreach (var value in values)
        {
            if (wanted.Contains(value))
            {
                return true;
            }
        }

        return false;
    }
}
