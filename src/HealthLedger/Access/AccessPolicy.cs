using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Who may see a record, from everything that is not the record's content: the patient's consents by the published combining rule, the caller's role and
/// scopes, and the carve-outs of docs/consent.md. Pure.
/// </summary>
public sealed class AccessPolicy(ConsentPolicy policy)
{
    private static readonly ConsentDecision DirectoryPermit = new(true, DecisionReason.Directory);
    private static readonly ConsentDecision CustodianPermit = new(true, DecisionReason.Custodian);
    private static readonly ConsentDecision NotTheirs = new(false, DecisionReason.RoleExcluded);

    private readonly CombiningRule _rule = new(policy);

    /// <summary>True where nothing on this patient's shelf can be permitted, so that it need not be looked at.</summary>
    internal bool RefusesPatient(PatientState patient, AccessRequest asked) => !_rule.DecidePatient(patient.Consents, asked).MayPermit;

    /// <summary>What a patient's shelf says about a record on it.</summary>
    internal ConsentDecision Decide(PatientState patient, DisclosureRequest request, AccessRequest asked, ShelfEntry entry)
    {
        if (!request.Caller.Covers(entry.Key.Type, request.Scope, patient.Shelf.Id))
        {
            return NotTheirs;
        }

        // An earlier version must be permitted by what is known of the current one and by what is not known of itself: it may have said what is denied, and may
        // no longer say so. Where the record is gone nothing is known, and only who keeps it or is it may see.
        var current = patient.Shelf.Find(entry.Key.Type, entry.Key.Id) ?? entry;
        var unknown = new RecordAttributes { Type = entry.Key.Type, Id = entry.Key.Id, Custodian = entry.Custodian, ContentUnknown = true };
        var known = current.Terms is not null;
        var decision = _rule.Decide(patient.Consents, asked, RecordView.Attributes(current) ?? unknown);
        if (known && decision.Permitted && entry.Key.Version != current.Key.Version)
        {
            decision = _rule.Decide(patient.Consents, asked, unknown);
        }

        // A Consent or an AuditEvent tells who may not see what: it is for the patient and for who keeps it, whatever the consents say of other records.
        return decision.Permitted && (!known || entry.Key.Type is "Consent" or "AuditEvent")
            && decision.Reason is not (DecisionReason.PatientAccess or DecisionReason.Custodian) && !Keeps(request.Caller, entry)
            ? NotTheirs
            : decision;
    }

    /// <summary>What holds for a record in no patient's compartment: directory types are for every caller with a scope, the rest for who keeps it.</summary>
    internal static ConsentDecision DecideDirectory(DisclosureRequest request, ShelfEntry entry) =>
        request.Caller.Role is CallerRole.Regulator or CallerRole.Operator ? NotTheirs
        : !request.Caller.Covers(entry.Key.Type, request.Scope, ShelfId.ForDirectory(entry.Key.Type)) ? NotTheirs
        : IsDirectory(entry.Key.Type) ? DirectoryPermit
        : Keeps(request.Caller, entry) ? CustodianPermit
        : NotTheirs;

    /// <summary>Types that describe the care system, not patients (R4 compartment carve-outs, docs/consent.md).</summary>
    internal static bool IsDirectory(string type) => PatientCompartment.KindOf(type) == CompartmentKind.Directory;

    /// <summary>True where the caller answers for the party that keeps the record.</summary>
    internal static bool Keeps(Caller caller, ShelfEntry entry) => entry.Custodian == CustodianOf(caller);

    /// <summary>Who keeps what this caller writes: its organization, or the client itself where it has none; of what operators write, all of them.</summary>
    internal static string CustodianOf(Caller caller) => caller.MayOperate ? "operators" : caller.Organization ?? "client:" + caller.ClientId;
}
