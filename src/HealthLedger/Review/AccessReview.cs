using System.Collections.Immutable;
using HealthLedger.Access;

namespace HealthLedger.Review;

/// <summary>
/// A regulator's view over all patients: who asked, why, and what was decided; never what was asked for or what a record says, and patients by a pseudonym.
/// Each question is one entry of the ledger, appended before it is answered.
/// </summary>
public sealed class AccessReview(AuditTrail trail)
{
    /// <summary>The most rows of one page.</summary>
    public const int MaxPage = 200;

    /// <summary>Events that one question looks at; a page that is not full by then says from where to go on.</summary>
    public const int MaxScan = 20_000;

    /// <summary>Answers a regulator's question, after it is recorded.</summary>
    /// <exception cref="ArgumentException">The caller is no auditor: a bug of the page that asks.</exception>
    public async ValueTask<ReviewResult> Ask(Caller caller, string requestId, ReviewQuestion question, CancellationToken cancellation)
    {
        if (!caller.MayAudit)
        {
            throw new ArgumentException("Only an auditor reviews.", nameof(caller));
        }

        var answer = await trail.Ask(caller, requestId, question, new AuditScope(MaxScan), null, cancellation);
        return answer is null ? new ReviewResult.Unavailable() : new ReviewResult.Answered([.. answer.Events().Select(Masked)], answer.Next, answer.Asked, answer.Scanned);
    }

    private static ReviewedAccess Masked(FoundEvent found) => new(
        found.Entry, found.Happened.Kind, found.Happened.Time, found.Happened.Client, found.User, found.Happened.Organization, found.Happened.Purpose, found.Happened.Interaction, found.Happened.Refused,
        found.Happened.Reason, found.PatientPseudonym);
}

/// <summary>What became of a regulator's question.</summary>
public abstract record ReviewResult
{
    private ReviewResult()
    {
    }

    /// <summary>Recorded and answered.</summary>
    /// <param name="Rows">Newest first.</param>
    /// <param name="Next">What to give as <see cref="ReviewQuestion.Before"/> for the rows after these; null where there are none.</param>
    /// <param name="Entry">The entry that records the question.</param>
    /// <param name="Scanned">How many events were looked at.</param>
    public sealed record Answered(ImmutableArray<ReviewedAccess> Rows, ulong? Next, ulong Entry, int Scanned) : ReviewResult;

    /// <summary>The ledger takes no entry now, so nothing is answered.</summary>
    public sealed record Unavailable : ReviewResult;
}

/// <summary>What a regulator sees of an event: nothing that a record says, no record's id, and the patient by a pseudonym.</summary>
/// <param name="Entry">Its entry in the ledger.</param>
/// <param name="Kind">As <see cref="FactEvent.Kind"/>.</param>
/// <param name="Time">When.</param>
/// <param name="Client">The client that asked.</param>
/// <param name="User">The person behind it; a patient by the pseudonym.</param>
/// <param name="Organization">The organization that answers for it.</param>
/// <param name="Purpose">Why.</param>
/// <param name="Interaction">The FHIR interaction.</param>
/// <param name="Refused">True where it was refused.</param>
/// <param name="Reason">The reason's code.</param>
/// <param name="Patient">A pseudonym, the same for all events of one patient; null where the event concerns none.</param>
public sealed record ReviewedAccess(
    ulong Entry, string Kind, DateTimeOffset? Time, string? Client, string? User, string? Organization, PurposeOfUse? Purpose, string? Interaction, bool Refused, string? Reason,
    string? Patient);
