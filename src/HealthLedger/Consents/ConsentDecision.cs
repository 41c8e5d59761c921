namespace HealthLedger.Consents;

/// <summary>Why a decision came out as it did; docs/consent.md has a row for each.</summary>
public enum DecisionReason
{
    /// <summary><c>consent-permit</c>: a rule of a directive permits it.</summary>
    ConsentPermit,
    /// <summary><c>consent-deny</c>: a rule of a directive denies it.</summary>
    ConsentDeny,
    /// <summary><c>patient-access</c>: the patient reads the own record.</summary>
    PatientAccess,
    /// <summary><c>custodian</c>: the organization reads what it keeps itself.</summary>
    Custodian,
    /// <summary><c>emergency</c>: the emergency policy permits it.</summary>
    Emergency,
    /// <summary><c>outside-permit</c>: a directive permits something to this request, but not this record.</summary>
    OutsidePermit,
    /// <summary><c>implicit-permit</c>: no directive applies and the implicit policy permits it.</summary>
    ImplicitPermit,
    /// <summary><c>implicit-deny</c>: no directive applies and the implicit policy denies it.</summary>
    ImplicitDeny,
    /// <summary><c>role-excluded</c>: callers of this role never see clinical data.</summary>
    RoleExcluded,
    /// <summary><c>directory</c>: the record describes the care system, not a patient.</summary>
    Directory,
    /// <summary><c>changed-meanwhile</c>: what decides about the patient changed twice while the request ran.</summary>
    ChangedMeanwhile,
}

/// <summary>What has to happen along with a permitted access.</summary>
[Flags]
public enum Obligations
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>The patient is told at once.</summary>
    NotifyPatient = 1,
    /// <summary>A second person reviews the access.</summary>
    Review = 2,
}

/// <summary>The outcome for one record, with what explains it to the patient and to an auditor.</summary>
/// <param name="Permitted">True where the record may be disclosed.</param>
/// <param name="Reason">Why.</param>
/// <param name="Consent">The directive that decided, <c>Consent/id</c>; null where a policy did.</param>
/// <param name="ConsentVersion">Its version; 0 where a policy decided.</param>
/// <param name="Rule">The rule that decided, such as <c>provision.provision[1]</c>; null where a policy did.</param>
/// <param name="Obligations">What has to happen along with it.</param>
public sealed record ConsentDecision(
    bool Permitted, DecisionReason Reason, string? Consent = null, int ConsentVersion = 0, string? Rule = null, Obligations Obligations = Obligations.None);

/// <summary>The outcome for a patient as a whole.</summary>
/// <param name="MayPermit">False only where no record of this patient could be permitted to this request.</param>
/// <param name="Refusal">The explanation where <paramref name="MayPermit"/> is false; null otherwise.</param>
public readonly record struct PatientDecision(bool MayPermit, ConsentDecision? Refusal);

/// <summary>The wire codes of <see cref="DecisionReason"/>.</summary>
public static class DecisionReasonCodes
{
    private static readonly string[] Codes =
    [
        "consent-permit", "consent-deny", "patient-access", "custodian", "emergency", "outside-permit", "implicit-permit", "implicit-deny", "role-excluded",
        "directory", "changed-meanwhile",
    ];

    /// <summary>The code as facts, receipts and pages show it.</summary>
    public static string Code(this DecisionReason reason) => Codes[(int)reason];

    /// <summary>Reads a code; null where it is none.</summary>
    public static DecisionReason? Parse(string? code)
    {
        var index = Array.IndexOf(Codes, code);
        return index < 0 ? null : (DecisionReason)index;
    }
}
