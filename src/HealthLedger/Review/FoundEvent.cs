using HealthLedger.Ledger;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Review;

/// <summary>One event that somebody may see, opened as far as their role goes.</summary>
public sealed class FoundEvent
{
    private readonly LedgerLog _ledger;
    private readonly Fact _fact;
    private readonly Lazy<FactOpening> _opening;

    internal FoundEvent(LedgerLog ledger, Pseudonyms pseudonyms, ulong entry, Fact fact, OpenedTo role)
    {
        (_ledger, _fact, Entry, Happened) = (ledger, fact, entry, FactEvent.Of(entry, fact));
        _opening = new Lazy<FactOpening>(() => fact.OpenTo(role));
        var isAuditor = role is OpenedTo.Auditor or OpenedTo.AuditorOfPatient;
        PatientPseudonym = isAuditor && fact[FactField.Patient] is { } patient ? pseudonyms.Of(patient) : null;
        var hidesUser = isAuditor && RoleOpening.IsPrivatePerson(fact[FactField.User]) && !(role == OpenedTo.AuditorOfPatient && fact[FactField.User] == fact[FactField.Patient]);
        Stated = new AuditPseudonyms(role == OpenedTo.Auditor ? PatientPseudonym : null, hidesUser ? pseudonyms.Of(fact[FactField.User]!) : null);
    }

    /// <summary>Its entry in the ledger.</summary>
    public ulong Entry { get; }

    /// <summary>When it was decided; null where the fact does not say.</summary>
    public DateTimeOffset? Time => Happened.Time;

    /// <summary>The opened fields.</summary>
    public FactOpening Opening => _opening.Value;

    /// <summary>What an auditor calls the patient; null for others, and where the event concerns none.</summary>
    public string? PatientPseudonym { get; }

    /// <summary>The acting person as the role may see them: by name, or by a pseudonym.</summary>
    public string? User => Stated.User ?? Opening.ValueOf(FactField.User);

    /// <summary>How many records were opened or changed.</summary>
    public int Records => Happened.Targets.Length;

    /// <summary>All of it. Only what the role may see goes out.</summary>
    internal FactEvent Happened { get; }

    private AuditPseudonyms Stated { get; }

    /// <summary>The event as a FHIR R4 AuditEvent.</summary>
    /// <param name="withProof">Whether it carries entry, proof under the newest checkpoint, and opening.</param>
    public byte[] ToAuditEvent(bool withProof) => AuditEventWriter.Write(Entry, _ledger.Origin, Opening, withProof ? _ledger.ReceiptOf(Entry, null) : null, Stated);

    /// <summary>The event as an item of a bundle under a checkpoint of this size.</summary>
    public EvidenceItem ToEvidence(ulong size) => new(Entry, _ledger.ReadEntry(Entry), _ledger.Inclusion(Entry, size), Opening, Stated);

    /// <summary>The same with other fields opened; for the question that is answered.</summary>
    internal EvidenceItem ToEvidence(ulong size, params FactField[] fields) =>
        new(Entry, _ledger.ReadEntry(Entry), _ledger.Inclusion(Entry, size), FactOpening.Of(_fact, fields), AuditPseudonyms.None);
}
