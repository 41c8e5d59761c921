using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Consented;

/// <summary>
/// One patient's records, opened under a consent whose token held against the ledger. Its constructor is private and its one maker is
/// <see cref="Gate"/>, nested for that reason: no other code, in this project or another, can make one. The records can be read in this project alone.
/// </summary>
public sealed partial class ConsentedRecord
{
    private ConsentedRecord(ValidConsentToken consent, PrivacyAccount account, IReadOnlyList<ReadOnlyMemory<byte>> resources)
    {
        Consent = consent;
        Account = account;
        Resources = resources;
    }

    /// <summary>The evidence under which the record was opened.</summary>
    public ValidConsentToken Consent { get; }

    /// <summary>Where the patient's privacy budget is kept.</summary>
    public PrivacyAccount Account { get; }

    /// <summary>FHIR resources as UTF-8 JSON.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Resources { get; }
}
