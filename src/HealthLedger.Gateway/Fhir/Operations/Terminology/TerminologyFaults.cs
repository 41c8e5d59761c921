using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>Faults that several terminology operations share.</summary>
internal static class TerminologyFaults
{
    public static readonly FhirFault NoScope = FhirFault.Forbidden("No scope of this token covers reading this type.");

    public static readonly FhirFault NoCode = FhirFault.BadRequest("Give one of code with its system, coding, or codeableConcept.", IssueType.Required);

    /// <summary>It cannot be told; the sentence says what is lacking.</summary>
    public static FhirFault CannotTell(string why) => FhirFault.Of(422, IssueType.NotFound, why);
}
