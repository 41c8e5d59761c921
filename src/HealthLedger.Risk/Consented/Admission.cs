using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Consented;

/// <summary>
/// Opens the records that a verified consent covers. Called only after the token held. It MUST find the patient by the token's handle, ask the live
/// state (a token is evidence of state, never authority), record the access, and give only what the token's scope covers.
/// </summary>
public delegate ValueTask<Opening> RecordOpener(ValidConsentToken consent, CancellationToken cancellation);

/// <summary>What the opener answers.</summary>
public abstract record Opening
{
    private Opening() { }

    /// <param name="Account">The same for this patient in every run and under every consent.</param>
    /// <param name="Resources">FHIR resources as UTF-8 JSON, unchanged while the record is in use.</param>
    public sealed record Opened(PrivacyAccount Account, IReadOnlyList<ReadOnlyMemory<byte>> Resources) : Opening;

    /// <param name="Code">Lower-case words joined by hyphens.</param>
    public sealed record Refused(string Code) : Opening;
}

/// <summary>What came of presenting a consent token.</summary>
public abstract record Admission
{
    private Admission() { }

    public sealed record Admitted(ConsentedRecord Record) : Admission;

    /// <param name="Code">
    /// Lower-case words joined by hyphens: of the token's verification (such as <c>token-withdrawn</c>), of the opener, or
    /// <c>run-token-repeated</c>, <c>run-patient-repeated</c>. Stable, and without personal data.
    /// </param>
    public sealed record Refused(string Code) : Admission;
}
