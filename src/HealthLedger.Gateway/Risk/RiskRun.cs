using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Risk.Consented;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;
using HealthLedger.Risk.Scores;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Risk;

/// <summary>
/// Runs the risk model over all patients. The order is the safety: whether the witnesses cover the consents; who can show a consent token; charge them; admit each by token, open on the disclosure
/// road, score, store on the road of changes; draw the noise; record the release; only then give it out.
/// </summary>
internal sealed class RiskRun(
    ConsentTokens tokens, Disclosure disclosure, RecordChange changes, RecordVault vault, ConsentQuorum quorum, PrivacyBudgets budgets, RunEntries entries,
    PrivacyAccounts accounts, RandomBytes random, TimeProvider time)
{
    /// <summary>Patients at a time: enough that the ledger's batches fill while each waits for its own entry.</summary>
    private const int AtATime = 16;

    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    /// <summary>One run.</summary>
    /// <param name="request">Who asks and what it may cost.</param>
    /// <param name="advance">Called once for each patient considered, from any thread.</param>
    /// <param name="cancellation">Ends the run; what was charged stays charged.</param>
    /// <exception cref="ArgumentException">The caller lacks a scope that the run needs, or the purpose.</exception>
    /// <exception cref="InvalidDataException">Something stored is not what was acknowledged.</exception>
    public async Task<RunOutcome> Run(RunRequest request, Action advance, CancellationToken cancellation)
    {
        Check(request);
        var run = new RunIdentity(request.Caller, request.Purpose, RunId.From(RandomNumberGenerator.GetBytes(32)));
        var plan = request.Price is { } price ? NoisePlan.ForCounts(price) : null;
        var admission = new RunAdmission(run, tokens, disclosure, accounts, quorum, time);

        // witnesses: where they are required, what they have not cosigned is nobody's consent yet
        if (!quorum.CoversConsents)
        {
            return await entries.NotReleased(run, "consents-not-final", cancellation) ? new RunOutcome.NotFinal(run.Run) : new RunOutcome.Unavailable(run.Run);
        }

        var patients = (await vault.Patients.PatientIds(cancellation)).ToArray();

        // evidence: who can show that a consent stands
        var refused = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        var consenting = await Consenting(admission, patients, refused, advance, cancellation);

        // charge: before anything is opened, and for good
        BudgetReservation? reservation = null;
        if (plan is not null)
        {
            switch (await budgets.Charge(run, consenting, plan, cancellation))
            {
                case Charging.Charged charged:
                    reservation = charged.Reservation;
                    break;
                case Charging.Refused over:
                    return await entries.NotReleased(run, "budget-" + over.Reason.ToString().ToLowerInvariant(), cancellation)
                        ? new RunOutcome.BudgetRefused(run.Run, over.Reason, over.Patients)
                        : new RunOutcome.Unavailable(run.Run);
                default:
                    return new RunOutcome.Unavailable(run.Run);
            }
        }

        // admit, open, score, store
        var assessed = await Assess(run, request.Day ?? Today, admission, consenting, refused, advance, cancellation);
        var report = Report(run, patients.Length, assessed, refused);
        if (!await entries.Ran(run, report, cancellation))
        {
            return new RunOutcome.Unavailable(run.Run);
        }

        if (plan is null)
        {
            return new RunOutcome.Completed(report, null);
        }

        // draw, record, release
        var release = RiskBandRelease.Draw(reservation!, plan, [.. assessed.Select(a => a.Assessment)], random);
        return await entries.Released(run, release.ToJson(), cancellation) ? new RunOutcome.Completed(report, release) : new RunOutcome.Unavailable(run.Run);
    }

    private static async Task<IReadOnlyList<string>> Consenting(
        RunAdmission admission, string[] patients, ConcurrentDictionary<string, string> refused, Action advance, CancellationToken cancellation)
    {
        var consenting = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(patients, Options(cancellation), async (patient, stop) =>
        {
            if (await admission.Issue(patient, stop) is ConsentTokenIssue.Refused none)
            {
                refused[patient] = none.Code;
                advance();
            }
            else
            {
                consenting.Add(patient);
            }
        });
        return [.. consenting];
    }

    private async Task<IReadOnlyList<Assessed>> Assess(
        RunIdentity run, DateOnly day, RunAdmission admission, IReadOnlyList<string> consenting, ConcurrentDictionary<string, string> refused, Action advance, CancellationToken cancellation)
    {
        var assessed = new ConcurrentBag<Assessed>();
        await Parallel.ForEachAsync(consenting, Options(cancellation), async (patient, stop) =>
        {
            // Issued anew, so that neither a token's age nor that of its proof depends on how long the run takes.
            switch (await admission.Issue(patient, stop))
            {
                case ConsentTokenIssue.Refused none:
                    refused[patient] = none.Code;
                    break;
                case ConsentTokenIssue.Issued issued when await admission.Admit(issued.Token, issued.Proof, stop) is var came:
                    if (came is Admission.Admitted { Record: var record })
                    {
                        var assessment = PatientAssessment.Of(record, day);
                        var (stored, gap) = await Store(run, assessment, stop);
                        assessed.Add(new Assessed(patient, assessment, stored, gap));
                    }
                    else
                    {
                        refused[patient] = ((Admission.Refused)came).Code;
                    }

                    break;
            }

            advance();
        });
        return [.. assessed];
    }

    /// <summary>
    /// Stores a score as any client stores a record. The event of that road says on the patient's chain who stored which RiskAssessment in which run.
    /// </summary>
    /// <returns>What was stored, or why it was not; neither where there is no score.</returns>
    private async ValueTask<(RecordKey? Stored, string? Gap)> Store(RunIdentity run, PatientAssessment assessment, CancellationToken cancellation)
    {
        if (assessment.TenYears is not AssessedRisk.Scored)
        {
            return default;
        }

        var request = new ChangeRequest
        {
            Caller = run.Caller,
            Purpose = run.Purpose,
            RequestId = run.Run.ToString(),
            Interaction = "create",
            OnlyOfKnownPatients = true,
            Changes = [new Change(ChangeKind.Create, "RiskAssessment", null, RiskAssessmentWriter.Prevent(assessment))],
        };
        return await changes.Apply(request, cancellation) switch
        {
            ChangeResult.Changed { Records: [var stored] } => (stored.Key, null),
            ChangeResult.Unavailable => (null, "ledger-unavailable"),
            ChangeResult.Refused { Fault: ChangeFault.NotThere } => (null, "patient-erased"),
            _ => throw new InvalidOperationException("A RiskAssessment of this program's own making was not accepted."),
        };
    }

    private static RunReport Report(RunIdentity run, int considered, IReadOnlyList<Assessed> assessed, ConcurrentDictionary<string, string> refused)
    {
        var gaps = assessed.SelectMany(a => a switch
        {
            { Assessment.TenYears: AssessedRisk.NotScored none } => none.Gaps.Select(g => $"{g.Input}: {g.Code}"),
            { Gap: { } gap } => ["not stored: " + gap],
            _ => [],
        });
        return new RunReport(run.Run, considered, [.. assessed.Select(a => new AdmittedPatient(a.Patient, a.Stored))], Count(refused.Values), Count(gaps));
    }

    private static ImmutableSortedDictionary<string, int> Count(IEnumerable<string> reasons) =>
        reasons.GroupBy(r => r, StringComparer.Ordinal).ToImmutableSortedDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);

    private static ParallelOptions Options(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellation };

    private void Check(RunRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.Caller.Purposes.Contains(request.Purpose))
        {
            throw new ArgumentException("The purpose is not one of the caller's.", nameof(request));
        }

        if (request.Day > Today)
        {
            throw new ArgumentException("A score is computed as of today or before.", nameof(request));
        }

        if (!request.Caller.Covers("*", ScopeInteraction.Read) || !request.Caller.Covers("RiskAssessment", ScopeInteraction.Create))
        {
            throw new ArgumentException("A run needs scopes to read every type and to create RiskAssessments.", nameof(request));
        }
    }

    private sealed record Assessed(string Patient, PatientAssessment Assessment, RecordKey? Stored, string? Gap);
}
