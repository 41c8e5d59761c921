using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>The one event that a refused change costs, whatever was there: on the patient's chain where there is a patient to tell, else on the tenant's.</summary>
internal sealed class Attempts(RecordVault vault)
{
    /// <summary>The event of a refusal.</summary>
    /// <param name="request">What was tried.</param>
    /// <param name="refused">Which change of it was refused, and how.</param>
    /// <param name="addressed">The shelf that the record stands on; null where there is none.</param>
    /// <param name="now">When.</param>
    public PendingEvent Describe(ChangeRequest request, ChangeResult.Refused refused, ShelfId? addressed, DateTimeOffset now)
    {
        var tried = request.Changes[refused.At];
        var patient = addressed is { IsPatient: true } shelf ? shelf : (ShelfId?)null;
        var chain = (patient is { } id ? vault.ChainOf(id) : null) ?? vault.TenantChain;
        var fact = AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "refusal", now)
            .Set(FactField.Patient, chain.Patient)
            .Set(FactField.Targets, AccessFacts.JsonArray([($"{tried.Type}/{tried.Id}", null)]))
            .Set(FactField.Decision, "deny")
            .Set(FactField.Reason, refused.Fault switch
            {
                ChangeFault.VersionConflict => "version-conflict",
                ChangeFault.NotTheirs => "other-custodian",
                ChangeFault.Invalid => "invalid",
                ChangeFault.SeveralMatch => "several-match",
                ChangeFault.OtherId => "other-id",
                _ => patient is null ? "absent" : "not-visible",
            });
        return AccessFacts.Finish(fact, chain);
    }
}
