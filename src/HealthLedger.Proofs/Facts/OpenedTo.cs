namespace HealthLedger.Proofs.Facts;

/// <summary>Whom a fact is opened to. Nobody is shown a field that is not in their set, and a closed field tells nothing, not even whether it is present.</summary>
public enum OpenedTo
{
    /// <summary>The patient concerned: every field.</summary>
    Patient,

    /// <summary>An auditor who named the patient: as <see cref="Auditor"/>, and the patient and the consent that decided.</summary>
    AuditorOfPatient,

    /// <summary>An auditor of everybody: who, why, when, how it was decided; no patient, no record, no consent, no query, no words of the caller.</summary>
    Auditor,

    /// <summary>A researcher: what kind of event and for which purpose, nothing of anybody.</summary>
    Researcher,
}

/// <summary>Opens facts field by field, by role.</summary>
public static class RoleOpening
{
    private static readonly FactField[] s_auditor =
    [
        FactField.Event, FactField.Time, FactField.Client, FactField.User, FactField.Organization, FactField.Purpose, FactField.Interaction, FactField.Decision, FactField.Reason,
        FactField.Obligations, FactField.Request, FactField.Binding,
    ];

    private static readonly FactField[] s_auditorOfPatient = [.. s_auditor, FactField.Patient, FactField.Consent];
    private static readonly FactField[] s_researcher = [FactField.Event, FactField.Purpose];

    /// <summary>The fields that a role may see, where none of them tells of somebody else; in no order.</summary>
    public static IReadOnlyList<FactField> Fields(this OpenedTo role) => role switch
    {
        OpenedTo.Patient => FactFields.All,
        OpenedTo.AuditorOfPatient => s_auditorOfPatient,
        OpenedTo.Auditor => s_auditor,
        OpenedTo.Researcher => s_researcher,
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    /// <summary>
    /// Opens a fact for a role. The acting person is closed to auditors where it is a patient or a relative of one, unless it is the patient whom the auditor named. Of what an
    /// operator did they see the evidence too: whom operators let in must not be hidden from those who review them, and it holds nothing personal.
    /// </summary>
    public static FactOpening OpenTo(this Fact fact, OpenedTo role)
    {
        ArgumentNullException.ThrowIfNull(fact);
        var hidesUser = IsPrivatePerson(fact[FactField.User]) && !(role == OpenedTo.AuditorOfPatient && fact[FactField.User] == fact[FactField.Patient]);
        var isOperation = role is OpenedTo.Auditor or OpenedTo.AuditorOfPatient && fact[FactField.Event] == "operation";
        IEnumerable<FactField> fields = isOperation ? [.. role.Fields(), FactField.Evidence] : role.Fields();
        return FactOpening.Of(fact, role == OpenedTo.Patient || !hidesUser ? fields : fields.Where(field => field != FactField.User));
    }

    /// <summary>True for a person who acts for themselves or for kin, and so is known to auditors by a pseudonym only.</summary>
    public static bool IsPrivatePerson(string? user) =>
        user is not null && (user.StartsWith("Patient/", StringComparison.Ordinal) || user.StartsWith("RelatedPerson/", StringComparison.Ordinal));
}
