using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Risk.Privacy;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Risk;

/// <summary>Who runs the risk model, why, and under which name; the name is the request id of every fact of the run.</summary>
internal sealed record RunIdentity(Caller Caller, PurposeOfUse Purpose, RunId Run)
{
    /// <summary>Whom the run's consent tokens are for.</summary>
    public string Audience => "urn:healthledger:run:" + Run;
}

/// <summary>
/// What a run puts on the ledger beside what the roads record: that it was, what each patient was charged (on the patient's own chain), what was released.
/// </summary>
internal sealed class RunEntries(RecordVault vault, IAppendOnly log, TimeProvider time)
{
    /// <summary>The reason that marks a charge among a chain's facts.</summary>
    public const string Charged = "budget-charged";

    /// <summary>Well below what one append may carry.</summary>
    private const int EventsPerAppend = 8_000;

    /// <summary>
    /// The run, on the tenant's chain, with how many were admitted and why others were not; false where the ledger takes no entries. One entry however many
    /// were refused, as for a search: how far the ledger grows must not tell how many patients said no.
    /// </summary>
    public ValueTask<bool> Ran(RunIdentity run, RunReport report, CancellationToken cancellation)
    {
        var counts = JsonSerializer.Serialize(new { considered = report.Considered, admitted = report.Admitted.Length, notAdmitted = report.NotAdmitted });
        return Append([Finish(Start(run, "risk", "search-type").Set(FactField.Decision, "permit").Set(FactField.Reason, "run").Set(FactField.Evidence, counts), vault.TenantChain)], cancellation);
    }

    /// <summary>The charge of each patient. All in one append up to thousands; where a later part fails, what was charged stays charged.</summary>
    /// <param name="charges">The charge and the epsilon that the patient has spent with it.</param>
    public ValueTask<bool> Charge(RunIdentity run, IEnumerable<(string Patient, BudgetCharge Charge, double Spent)> charges, CancellationToken cancellation) => Append(
        charges.Select(c => Finish(
            Start(run, "release", "release")
                .Set(FactField.Patient, "Patient/" + c.Patient)
                .Set(FactField.Decision, "permit")
                .Set(FactField.Reason, Charged)
                .Set(FactField.Evidence, c.Charge.ToJson(c.Spent)),
            ChainOf(c.Patient))),
        cancellation);

    /// <summary>The release itself, on the tenant's chain: what was published is the bytes with this digest.</summary>
    public ValueTask<bool> Released(RunIdentity run, ReadOnlySpan<byte> release, CancellationToken cancellation)
    {
        var fact = Start(run, "release", "release")
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, "released")
            .Set(FactField.Evidence, JsonSerializer.Serialize(new { run = run.Run.ToString(), sha256 = Convert.ToHexStringLower(SHA256.HashData(release)) }));
        var entry = Finish(fact, vault.TenantChain);
        return Append([entry], EventNotice.Write(time.GetUtcNow(), [new NoticedEvent(NoticedKind.ReleaseMade, entry.Commitment, run.Run.ToString())]), cancellation);
    }

    /// <summary>A run that got no budget, on the tenant's chain: it opened nothing and drew nothing.</summary>
    public ValueTask<bool> NotReleased(RunIdentity run, string reason, CancellationToken cancellation) =>
        Append([Finish(Start(run, "release", "release").Set(FactField.Decision, "deny").Set(FactField.Reason, reason), vault.TenantChain)], cancellation);

    private ValueTask<bool> Append(IEnumerable<PendingEvent> events, CancellationToken cancellation) => Append(events, default, cancellation);

    private async ValueTask<bool> Append(IEnumerable<PendingEvent> events, ReadOnlyMemory<byte> notice, CancellationToken cancellation)
    {
        foreach (var part in events.Chunk(EventsPerAppend))
        {
            if (await log.Append(new AppendRequest { Events = [.. part], Notice = notice }, cancellation) is not AppendOutcome.Appended)
            {
                return false;
            }
        }

        return true;
    }

    private FactBuilder Start(RunIdentity run, string kind, string interaction) => new FactBuilder()
        .Set(FactField.Event, kind)
        .At(time.GetUtcNow())
        .Set(FactField.Client, run.Caller.ClientId)
        .Set(FactField.User, run.Caller.FhirUser ?? run.Caller.UserId)
        .Set(FactField.Organization, run.Caller.Organization)
        .Set(FactField.Purpose, run.Purpose.Code())
        .Set(FactField.Interaction, interaction)
        .Set(FactField.Request, run.Run.ToString())
        .Set(FactField.Binding, "");

    private static PendingEvent Finish(FactBuilder fields, EventChain chain)
    {
        Span<byte> random = stackalloc byte[Fact.RandomLength];
        RandomNumberGenerator.Fill(random);
        var fact = fields.Build(random);
        return new PendingEvent(chain, fact.Stored, fact.Commitment.ToArray());
    }

    private EventChain ChainOf(string patient) =>
        vault.ChainOf(ShelfId.ForPatient(patient)) ?? throw new InvalidDataException("A patient whose consent stands has no chain of events.");
}
