namespace HealthLedger.Proofs.Facts;

/// <summary>Names that stand for people whose fields are closed: stated by whoever shows the event, and not proven by the ledger.</summary>
/// <param name="Patient">For the patient concerned; null where the fact names none or the field is opened.</param>
/// <param name="User">For the acting person; null where it is opened or there is none.</param>
public sealed record AuditPseudonyms(string? Patient, string? User)
{
    /// <summary>The system of identifiers that are pseudonyms.</summary>
    public const string System = "urn:healthledger:pseudonym";

    /// <summary>None.</summary>
    public static readonly AuditPseudonyms None = new(null, null);
}
