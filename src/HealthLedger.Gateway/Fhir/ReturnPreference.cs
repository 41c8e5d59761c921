using HealthLedger.Access;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir;

/// <summary>What an answer to a change carries.</summary>
internal enum ReturnForm
{
    /// <summary>The client does not say: the resource, in Bundles nothing.</summary>
    Unstated,
    Minimal,
    Representation,
    OperationOutcome,
}

/// <summary>The preference <c>return</c> of a Prefer header (RFC 7240 section 4.2, http://hl7.org/fhir/R4/http.html#ops).</summary>
internal static class ReturnPreference
{
    /// <summary>The first one stated; a preference that is not known is passed over, as RFC 7240 asks.</summary>
    public static ReturnForm Of(IHeaderDictionary headers)
    {
        foreach (var preference in headers["Prefer"].SelectMany(h => (h ?? "").Split(',', ';')))
        {
            var form = preference.Replace("\"", "", StringComparison.Ordinal).Trim() switch
            {
                "return=minimal" => ReturnForm.Minimal,
                "return=representation" => ReturnForm.Representation,
                "return=OperationOutcome" => ReturnForm.OperationOutcome,
                _ => ReturnForm.Unstated,
            };
            if (form != ReturnForm.Unstated)
            {
                return form;
            }
        }

        return ReturnForm.Unstated;
    }

    /// <summary>What there is to say of a change that was made.</summary>
    public static byte[] Outcome(ChangedRecord record) =>
        !record.Remarks.IsEmpty ? OperationOutcomeJson.From([.. record.Remarks])
        : record.WasAbsent ? NothingToDelete
        : Remark(record.Existed ? "The record is there already; nothing was changed." : "The change is stored and recorded.");

    /// <summary>What there is to say of a delete of what is not there, or not for the caller.</summary>
    public static byte[] NothingToDelete => Remark("There was nothing to delete.");

    private static byte[] Remark(string message) => OperationOutcomeJson.From([new ValidationIssue(IssueSeverity.Information, IssueType.Informational, message, "")]);
}
