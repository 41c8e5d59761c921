using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>The one entry that a refused change costs, whatever was there: on the patient's chain where there is a patient to tell, else on the tenant's.</summary>
internal static class Attempts
{
    public static PendingEvent Describe(
        RecordVault vault, ChangeRequest request, string reference, ChangeFault fault, ShelfId? addressed, DateTimeOffset now)
    {
        var patient = addressed is { IsPatient: true } shelf ? shelf : (ShelfId?)null;
        var fact = AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "refusal", now)
            .Set(FactField.Patient, patient?.Value)
            .Set(FactField.Targets, AccessFacts.JsonArray([(reference, null)]))
            .Set(FactField.Decision, "deny")
            .Set(FactField.Reason, fault switch
            {
                ChangeFault.VersionConflict => "version-conflict",
                ChangeFault.NotTheirs => "other-custodian",
                ChangeFault.Invalid => "invalid",
                ChangeFault.SeveralMatch => "several-match",
                _ => patient is null ? "absent" : "not-visible",
            });
        return AccessFacts.Finish(fact, (patient is { } id ? vault.ChainOf(id) : null) ?? vault.TenantChain);
    }
}
