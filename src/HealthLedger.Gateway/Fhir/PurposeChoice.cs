using HealthLedger.Access;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir;

/// <summary>Which of a token's purposes a request uses, and the reason where an emergency needs one: from the token and two headers alone.</summary>
internal readonly record struct PurposeChoice(PurposeOfUse Purpose, string? EmergencyReason)
{
    private const int MaximumReason = 500;

    /// <summary>A purpose, or the fault that says what is missing.</summary>
    public static (PurposeChoice? Choice, FhirFault? Fault) Of(Caller caller, IHeaderDictionary headers)
    {
        var header = headers[FhirHeaders.Purpose];
        PurposeOfUse purpose;
        if (header.Count == 0)
        {
            if (caller.Purposes.Length != 1)
            {
                return (null, FhirFault.BadRequest(caller.Purposes.Length == 0
                    ? "This token carries no purpose of use, so nothing can be asked with it."
                    : $"This token carries several purposes of use: choose one with {FhirHeaders.Purpose}: {string.Join(", ", caller.Purposes.Select(p => p.Code()))}.",
                    IssueType.Required));
            }

            purpose = caller.Purposes[0];
        }
        else if (header.Count > 1 || PurposeOfUseCodes.Parse(header[0]) is not { } named)
        {
            return (null, FhirFault.BadRequest($"{FhirHeaders.Purpose} takes one code: TREAT, ETREAT, BTG, HPAYMT, HOPERAT, HRESCH, PATRQT, PUBHLTH or HCOMPL.", IssueType.CodeInvalid));
        }
        else if (!caller.Purposes.Contains(named))
        {
            return (null, FhirFault.Forbidden("This token does not carry that purpose of use."));
        }
        else
        {
            purpose = named;
        }

        if (!purpose.IsEmergency())
        {
            return (new PurposeChoice(purpose, null), null);
        }

        var reason = headers[FhirHeaders.BreakGlassReason].ToString().Trim();
        return reason.Length is 0 or > MaximumReason
            ? (null, FhirFault.BadRequest($"An emergency purpose needs {FhirHeaders.BreakGlassReason}: why, in up to {MaximumReason} characters. It is recorded and shown to the patient.", IssueType.Required))
            : (new PurposeChoice(purpose, reason), null);
    }
}
