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
    /// <param name="detail">What else an auditor needs to know; no personal data, no secret.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public async ValueTask<bool> Record(Caller caller, string requestId, string act, string? detail, CancellationToken cancellation)
    {
        var fact = AccessFacts.Start(caller, PurposeOfUse.Operations, "operate", requestId, "operation", Instants.Now(time))
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, act)
            .Set(FactField.Evidence, detail);
        return await log.Append(new AppendRequest { Events = [AccessFacts.Finish(fact, vault.TenantChain)] }, cancellation) is AppendOutcome.Appended;
    }
}
