using System.Globalization;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Gateway.Risk;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Consented;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;
using HealthLedger.Risk.Scores;
using HealthLedger.Smart.Tokens;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Demo;

/// <summary>Step 5: the risk model over those whose consent token holds, a private release, and its price.</summary>
internal static partial class DemoSteps
{
    private static readonly PrivacyBudget Price = new(1, 1e-6);

    /// <summary>5: tokens admit, scores are stored, counts are released with noise, budgets are charged on the ledger.</summary>
    public static async Task<bool> Risk(DemoContext demo)
    {
        demo.Console.Step(5, "The risk model runs over all patients. Only those whose consent token holds against the ledger are opened.");
        var caller = await CallerOf(demo, DemoClients.Risk);
        var model = demo.Gateway.Services.GetRequiredService<RiskRun>();
        DateOnly? day = demo.Line.DemoData is null ? null : demo.NewestObservation;
        if (day is not null)
        {
            demo.Console.Say($"Scored as of {day:yyyy-MM-dd}, the day of the newest observation in the loaded records.");
        }

        var request = new RunRequest(caller, PurposeOfUse.Research, Price, day);
        var before = demo.Patients.ToDictionary(p => p.Id, p => Count(demo, p.Id));
        var outcome = await demo.Console.Progress("admitting and scoring", demo.Patients.Count, advance => model.Run(request, advance, CancellationToken.None));
        if (outcome is RunOutcome.BudgetRefused { Reason: BudgetRefusal.Exhausted, Patients: var spent } && demo.Before > 0)
        {
            demo.Console.Say($"An earlier walk on this data directory spent the budget of {spent} patients, and a budget pays one release, ever.");
            return demo.Console.Prove(demo.Patients.All(p => Count(demo, p.Id) == before[p.Id]), "the run is refused across the restart: nothing was opened, drawn or charged")
                & await WithdrawnToken(demo, caller);
        }

        if (outcome is not RunOutcome.Completed { Report: var report, Release: { } release })
        {
            return demo.Console.Prove(false, $"the run is completed ({outcome.GetType().Name})");
        }

        var admitted = report.Admitted.Select(a => a.Patient).ToHashSet(StringComparer.Ordinal);
        demo.Console.Say($"For the operator, not released: {admitted.Count} of {report.Considered} admitted, {report.Admitted.Count(a => a.Assessment is not null)} scored.");
        Tell(demo, "not admitted", report.NotAdmitted);
        Tell(demo, "missing in the records without a score (one record may lack several)", report.NotScored);
        var untouched = demo.Console.Prove(
            demo.Patients.All(p => admitted.Contains(p.Id) || Count(demo, p.Id) == before[p.Id]), "no record of the others was opened: their chains of events did not grow");
        if (admitted.Count == 0)
        {
            demo.Console.Say("Too few patients for this step: none of them permits the registry. Take more with --patients.");
            return untouched & await WithdrawnToken(demo, caller);
        }

        return untouched
            & demo.Console.Prove(
                admitted.All(p => Accesses(demo, p).Contains(release.Run.ToString())),
                "each admitted record was opened on a token that verified with the ledger's public key, and the access stands on the patient's chain")
            & await WithdrawnToken(demo, caller)
            & await StoredScore(demo, report)
            & Released(demo, release)
            & await SecondRun(demo, model, request, report, release.Run);
    }

    /// <summary>A token in hand when its consent is withdrawn: refused with a fresh proof, and at the gate with its old one.</summary>
    private static async Task<bool> WithdrawnToken(DemoContext demo, Caller caller)
    {
        var services = demo.Gateway.Services;
        var tokens = services.GetRequiredService<ConsentTokens>();
        var run = new RunIdentity(caller, PurposeOfUse.Research, RunId.From(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        var admission = ActivatorUtilities.CreateInstance<RunAdmission>(services, run);
        await Permit(demo, demo.Subject, DemoClients.RiskOrganization, "HRESCH");
        var issue = await admission.Issue(demo.Subject.Id, CancellationToken.None);
        var withdrawn = await TakeBack(demo, demo.Subject, DemoClients.RiskOrganization, "HRESCH");
        if (!demo.Console.Prove(issue is ConsentTokenIssue.Issued && withdrawn.Status == 200, "a patient permits research, a token is issued, and the patient takes the permit back"))
        {
            return false;
        }

        var issued = (ConsentTokenIssue.Issued)issue;
        var events = Count(demo, demo.Subject.Id);
        var expected = new TokenExpectations(LogPolicy.ForLog(NoteVerifier.Parse(demo.Gateway.Storage.Ledger.VerifierKey).Value), run.Audience, caller.ClientId, "HRESCH");
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        ConsentTokenVerification.Verify(issued.Token, tokens.Prove(issued.Handle).Span, expected, now).TryGet(out _, out var fault);
        var admitted = await admission.Admit(issued.Token, issued.Proof, CancellationToken.None);
        return demo.Console.Prove(fault?.Code == "token-withdrawn", $"the token does not validate against the new map: {fault?.Code}")
            & demo.Console.Prove(admitted is Admission.Refused && Count(demo, demo.Subject.Id) == events, $"with its old proof the gate refuses it ({(admitted as Admission.Refused)?.Code}), and nothing is opened");
    }

    /// <summary>One patient's scores, as any client of the registry reads them: values only.</summary>
    private static async Task<bool> StoredScore(DemoContext demo, RunReport report)
    {
        if (report.Admitted.FirstOrDefault(a => a.Assessment is not null)?.Assessment is not { } stored)
        {
            demo.Console.Say("None of the admitted has on record all that the score needs.");
            return true;
        }

        var answer = await demo.Get($"RiskAssessment/{stored.Id}", DemoClients.Risk);
        using var json = answer.Json();
        if (!demo.Console.Prove(answer.Status == 200, $"scores are stored as RiskAssessment, recorded on each patient's chain; one of them ({answer.Status}):"))
        {
            return false;
        }

        var predictions = json.RootElement.GetProperty("prediction").EnumerateArray().Select(p => (IReadOnlyList<string>)
        [
            p.GetProperty("outcome").GetProperty("text").GetString()!,
            p.GetProperty("probabilityRange").GetProperty("high").GetProperty("value").GetDecimal().ToString("F1", CultureInfo.InvariantCulture) + " %",
        ]);
        demo.Console.Table(["PREVENT base 2023", "risk"], predictions);
        demo.Console.Say(json.RootElement.GetProperty("note")[0].GetProperty("text").GetString()!);
        return true;
    }

    private static bool Released(DemoContext demo, RiskBandRelease release)
    {
        demo.Console.Table(
            ["released: ten-year ASCVD risk", "patients, with noise"],
            Enum.GetValues<RiskBand>().Select(band => (IReadOnlyList<string>)[band.ToString(), release.Counts[(int)band].ToString(CultureInfo.InvariantCulture)]));
        var storage = demo.Gateway.Storage;
        var recorded = FactsOf(demo, storage.Vault.TenantChain).Any(f => f[FactField.Event] == "release" && f[FactField.Reason] == "released"
            && f[FactField.Evidence]?.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(release.ToJson())), StringComparison.Ordinal) == true);
        return demo.Console.Prove(recorded, string.Create(
            CultureInfo.InvariantCulture, $"epsilon {release.Epsilon}, delta {release.Delta:0e0}, sigma {release.Sigma:F2}; the ledger holds the digest of exactly this release"));
    }

    /// <summary>The budget pays one such release and not two.</summary>
    private static async Task<bool> SecondRun(DemoContext demo, RiskRun model, RunRequest request, RunReport report, RunId run)
    {
        var charged = report.Admitted.All(a => ChargesOf(demo, a.Patient).Contains(run.ToString()));
        var budgets = demo.Gateway.Services.GetRequiredService<PrivacyBudgets>();
        var one = report.Admitted[0].Patient;
        var spent = await budgets.Spent(one, CancellationToken.None);
        var before = report.Admitted.ToDictionary(a => a.Patient, a => Count(demo, a.Patient));
        var second = await model.Run(request, static () => { }, CancellationToken.None);
        var unchanged = report.Admitted.All(a => Count(demo, a.Patient) == before[a.Patient]) && spent == await budgets.Spent(one, CancellationToken.None);
        return demo.Console.Prove(charged, string.Create(
                CultureInfo.InvariantCulture, $"each charged patient's chain has the charge of this run: epsilon {spent:F2} of {budgets.Lifetime.Epsilon} at delta {budgets.Lifetime.Delta:0e0}, before the noise was drawn"))
            & demo.Console.Prove(
                second is RunOutcome.BudgetRefused { Reason: BudgetRefusal.Exhausted } && unchanged,
                "a second run is refused: it would exceed the budget. Nothing was opened, drawn or charged");
    }

    private static void Tell(DemoContext demo, string what, IReadOnlyDictionary<string, int> reasons)
    {
        if (reasons.Count > 0)
        {
            demo.Console.Say($"{what}: {string.Join(", ", reasons.Select(r => $"{r.Value} {r.Key}"))}");
        }
    }

    private static async Task<Caller> CallerOf(DemoContext demo, string clientId) =>
        demo.Gateway.Services.GetRequiredService<AccessTokenValidator>().Validate(await demo.Token(clientId)) is TokenValidation.Valid valid
            ? valid.Caller
            : throw new InvalidOperationException($"The token of {clientId} is not accepted.");

    private static ulong Count(DemoContext demo, string patient) =>
        demo.Gateway.Storage.Vault.ChainOf(ShelfId.ForPatient(patient)) is { } chain ? demo.Gateway.Storage.Ledger.CountOf(chain) : 0;

    /// <summary>The runs that a patient was charged for.</summary>
    private static IEnumerable<string?> ChargesOf(DemoContext demo, string patient) =>
        FactsOf(demo, patient).Where(f => f[FactField.Event] == "release" && f[FactField.Reason] == RunEntries.Charged).Select(f => f[FactField.Request]);

    /// <summary>The requests under which a patient's record was opened.</summary>
    private static IEnumerable<string?> Accesses(DemoContext demo, string patient) =>
        FactsOf(demo, patient).Where(f => f[FactField.Event] == "access" && f[FactField.Decision] == "permit").Select(f => f[FactField.Request]);

    private static IEnumerable<Fact> FactsOf(DemoContext demo, string patient) => FactsOf(demo, demo.Gateway.Storage.Vault.ChainOf(ShelfId.ForPatient(patient))!);

    private static IEnumerable<Fact> FactsOf(DemoContext demo, EventChain chain) =>
        demo.Gateway.Storage.Ledger.EventsOf(chain, 0, 10_000, newestFirst: true).Select(e => Fact.Parse(demo.Gateway.Storage.Ledger.OpenFact(e.Index, chain)).Value);
}
