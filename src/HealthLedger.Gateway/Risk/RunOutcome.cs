using System.Collections.Immutable;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;

namespace HealthLedger.Gateway.Risk;

/// <summary>Asks for one run over all patients.</summary>
/// <param name="Caller">A client with scopes to read everything and to create RiskAssessments.</param>
/// <param name="Purpose">One of the caller's purposes.</param>
/// <param name="Price">What the private release may cost each admitted patient; null for scores without a release.</param>
/// <param name="Day">The day as of which scores are computed, for records that end in the past; null for today.</param>
internal sealed record RunRequest(Caller Caller, PurposeOfUse Purpose, PrivacyBudget? Price, DateOnly? Day = null);

/// <summary>A patient whose record was opened.</summary>
/// <param name="Patient">The Patient id.</param>
/// <param name="Assessment">The stored RiskAssessment; null where there is no score.</param>
internal sealed record AdmittedPatient(string Patient, RecordKey? Assessment);

/// <summary>What a run did. Exact counts are for who operates it, and no part of a release.</summary>
/// <param name="Considered">How many patients there were.</param>
/// <param name="Admitted">Whose records were opened.</param>
/// <param name="NotAdmitted">How many were not, by reason.</param>
/// <param name="NotScored">Of the admitted without a score, what was missing, by input and code; a patient may count under several.</param>
internal sealed record RunReport(
    RunId Run, int Considered, ImmutableArray<AdmittedPatient> Admitted, ImmutableSortedDictionary<string, int> NotAdmitted, ImmutableSortedDictionary<string, int> NotScored);

/// <summary>How a run ended.</summary>
internal abstract record RunOutcome
{
    private RunOutcome()
    {
    }

    /// <param name="Release">Null where none was asked for.</param>
    public sealed record Completed(RunReport Report, RiskBandRelease? Release) : RunOutcome;

    /// <summary>The release would exceed a budget, so nothing was opened, drawn or charged.</summary>
    /// <param name="Patients">How many of the patients' budgets would be exceeded; for the operator.</param>
    public sealed record BudgetRefused(RunId Run, BudgetRefusal Reason, int Patients) : RunOutcome;

    /// <summary>A quorum of witnesses is required and has not cosigned the consents as they are now, so nothing was opened, drawn or charged. A moment later it may have.</summary>
    public sealed record NotFinal(RunId Run) : RunOutcome;

    /// <summary>The ledger takes no entries. Nothing is released; what was charged stays charged.</summary>
    public sealed record Unavailable(RunId Run) : RunOutcome;
}
