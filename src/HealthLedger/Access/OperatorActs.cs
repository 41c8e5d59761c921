using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>What operators do, on the tenant's chain: the entry stands before the act, so that none is unrecorded; one that then fails is recorded as tried.</summary>
public sealed class OperatorActs(RecordVault vault, IAppendOnly log, TimeProvider time)
{
    /// <summary>Records an act; false where the ledger takes no entry, and then it must not be done.</summary>
    /// <param name="caller">An operator.</param>
    /// <param name="requestId">For correlation.</param>
    /// <param name="act">What, as a code such as <c>wrapping-rotated</c>.</param>
    /// <param name="detail">What else an auditor needs to know, who is shown it; no personal data, no secret.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public ValueTask<bool> Record(Caller caller, string requestId, string act, string? detail, CancellationToken cancellation) =>
        Record(caller, requestId, new OperatorAct(act, detail), cancellation);

    /// <summary>The same for an act that may be refused, or concern a patient: then it stands on the patient's own chain, and the patient sees it.</summary>
    /// <param name="caller">An operator.</param>
    /// <param name="requestId">For correlation.</param>
    /// <param name="act">What.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public async ValueTask<bool> Record(Caller caller, string requestId, OperatorAct act, CancellationToken cancellation)
    {
        var own = act.Patient is { } patient ? vault.ChainOf(patient) : null;
        var fact = AccessFacts.Start(caller, PurposeOfUse.Operations, "operate", requestId, "operation", Instants.Now(time))
            .Set(FactField.Patient, own is null ? null : act.Patient!.Value.Value)
            .Set(FactField.Decision, act.IsRefused ? "deny" : "permit")
            .Set(FactField.Reason, act.Code)
            .Set(FactField.Evidence, act.Detail);
        return await log.Append(new AppendRequest { Events = [AccessFacts.Finish(fact, own ?? vault.TenantChain)] }, cancellation) is AppendOutcome.Appended;
    }
}

/// <summary>What an operator does.</summary>
/// <param name="Code">As <c>client-registered</c>.</param>
/// <param name="Detail">What else an auditor needs to know, who is shown it; no personal data, no secret.</param>
public sealed record OperatorAct(string Code, string? Detail)
{
    /// <summary>True where it was understood and refused.</summary>
    public bool IsRefused { get; init; }

    /// <summary>The patient whom it concerns; null for most. One who is not there is recorded as nobody.</summary>
    public ShelfId? Patient { get; init; }
}
