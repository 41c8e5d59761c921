using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>
/// The published rule by which directives and policies become one decision (docs/consent.md). Pure and safe for any number of threads.
/// </summary>
public sealed class CombiningRule
{
    private const Obligations EmergencyObligations = Obligations.NotifyPatient | Obligations.Review;

    private static readonly ConsentDecision RoleExcluded = new(false, DecisionReason.RoleExcluded);
    private static readonly ConsentDecision PatientAccess = new(true, DecisionReason.PatientAccess);
    private static readonly ConsentDecision Custodian = new(true, DecisionReason.Custodian);
    private static readonly ConsentDecision EmergencyCustodian = Custodian with { Obligations = EmergencyObligations };
    private static readonly ConsentDecision Emergency = new(true, DecisionReason.Emergency, Obligations: EmergencyObligations);
    private static readonly ConsentDecision ImplicitPermit = new(true, DecisionReason.ImplicitPermit);
    private static readonly ConsentDecision EmergencyImplicitPermit = ImplicitPermit with { Obligations = EmergencyObligations };
    private static readonly ConsentDecision ImplicitDeny = new(false, DecisionReason.ImplicitDeny);

    private readonly ConsentPolicy policy;

    /// <param name="policy">The deployment's policies.</param>
    public CombiningRule(ConsentPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        this.policy = policy;
    }

    /// <summary>Decides about one record of the patient of <paramref name="state"/>.</summary>
    public ConsentDecision Decide(ConsentState state, AccessRequest request, in RecordAttributes record)
    {
        // The order of these steps is the rule; docs/consent.md numbers them the same way.
        if (ByRole(state, request) is { } byRole)
        {
            return byRole;
        }

        var emergency = request.Purpose.IsEmergency();
        var overrides = emergency && policy.Emergency && IsCareGiver(request);
        var confidentiality = Confidentiality.Highest(record.SecurityLabels);
        ConsentDecision? denied = null;
        ConsentDecision? permitted = null;
        ConsentDecision? outside = null;
        foreach (var directive in state.Active)
        {
            var deciding = Deciding(directive, 0, request, record, confidentiality);
            if (deciding is null)
            {
                var root = directive.Rules[0];
                outside ??= root.Effective.Type == ProvisionType.Permit && root.Speaks(request) ? root.Outside : null;
            }
            else if (!deciding.Denies)
            {
                permitted ??= emergency ? deciding.EmergencyDecision : deciding.Decision;
            }
            else if (!overrides || deciding.NamesEmergency(request.Purpose))
            {
                return deciding.Decision;
            }
            else
            {
                denied ??= deciding.Decision;
            }
        }

        if (denied is not null)
        {
            return Emergency;
        }

        return permitted
            ?? ByCustodian(request, record)
            ?? (overrides ? Emergency : null)
            ?? outside
            ?? ByImplicitPolicy(request);
    }

    /// <summary>
    /// Decides about the patient as a whole: says no only where <see cref="Decide"/> permits no record whatever, so that a search may leave the
    /// patient out before it looks at any of the records.
    /// </summary>
    public PatientDecision DecidePatient(ConsentState state, AccessRequest request)
    {
        if (ByRole(state, request) is { } byRole)
        {
            return byRole.Permitted ? new PatientDecision(true, null) : new PatientDecision(false, byRole);
        }

        var overrides = request.Purpose.IsEmergency() && policy.Emergency && IsCareGiver(request);
        var possible = overrides || ByImplicitPolicy(request).Permitted || MayBeCustodian(state, request);
        foreach (var directive in state.Active)
        {
            var outcomes = PossibleOutcomes.Of(directive, 0, request);
            if (outcomes == Outcomes.Deny && DenyForAll(directive, request, overrides) is { } refusal)
            {
                return new PatientDecision(false, refusal);
            }

            possible |= outcomes.HasFlag(Outcomes.Permit);
        }

        return possible ? new PatientDecision(true, null) : new PatientDecision(false, ImplicitDeny);
    }

    /// <summary>
    /// The rule of a directive that decides about a record: the deepest exceptions that match, deny over permit, and of several denies one that names
    /// the emergency purpose asked for, since only that one holds against the emergency policy. Null where no rule matches.
    /// </summary>
    private static Rule? Deciding(ConsentDirective directive, int index, AccessRequest request, in RecordAttributes record, int confidentiality)
    {
        var rule = directive.Rules[index];
        Rule? permit = null;
        Rule? deny = null;
        foreach (var exception in rule.Exceptions)
        {
            if (Deciding(directive, exception, request, record, confidentiality) is not { } deciding)
            {
                continue;
            }

            if (!deciding.Denies)
            {
                permit ??= deciding;
            }
            else if (deny is null || deciding.NamesEmergency(request.Purpose))
            {
                deny = deciding;
            }
        }

        if ((deny ?? permit) is { } exceptional && !(rule.NamesEmergency(request.Purpose) && exceptional.Denies))
        {
            return exceptional;
        }

        return rule.MatchesRequest(request) && rule.MatchesRecord(record, confidentiality) ? rule : deny;
    }

    /// <summary>Every record of the patient is denied by this directive: a deny to show for it, or null where an emergency may override them.</summary>
    private static ConsentDecision? DenyForAll(ConsentDirective directive, AccessRequest request, bool overrides)
    {
        Rule? shown = null;
        foreach (var rule in directive.Rules)
        {
            if (rule.Denies && rule.MatchesRequest(request))
            {
                shown ??= rule;
                if (overrides && !rule.NamesEmergency(request.Purpose))
                {
                    return null;
                }
            }
        }

        return shown?.Decision;
    }

    private static ConsentDecision? ByRole(ConsentState state, AccessRequest request) => request.Role switch
    {
        CallerRole.Regulator or CallerRole.Operator => RoleExcluded,
        CallerRole.Patient when request.OwnRecordOf == state.Patient => PatientAccess,
        _ => null,
    };

    private ConsentDecision? ByCustodian(AccessRequest request, in RecordAttributes record) =>
        policy.Custodian && IsCareGiver(request) && record.Custodian is { } keeper && keeper == request.Organization
            ? request.Purpose.IsEmergency() ? EmergencyCustodian : Custodian
            : null;

    private bool MayBeCustodian(ConsentState state, AccessRequest request) =>
        policy.Custodian && IsCareGiver(request) && request.Organization is { } organization
        && (state.Custodians is null || state.Custodians.Contains(organization));

    private ConsentDecision ByImplicitPolicy(AccessRequest request) => policy.Implicit switch
    {
        ImplicitPolicy.PermitAll when IsCareGiver(request) => request.Purpose.IsEmergency() ? EmergencyImplicitPermit : ImplicitPermit,
        ImplicitPolicy.PermitTreatment when IsCareGiver(request) && request.Purpose == PurposeOfUse.Treatment => ImplicitPermit,
        _ => ImplicitDeny,
    };

    /// <summary>Policies speak of those who care and their systems; another patient needs the patient's own permit.</summary>
    private static bool IsCareGiver(AccessRequest request) => request.Role is CallerRole.Clinician or CallerRole.System;
}
