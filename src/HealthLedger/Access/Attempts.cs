using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>The one entry that a refused change costs, whatever was there: on the patient's chain where there is a patient to tell, else on the tenant's.</summary>
internal sealed class Attempts(RecordVault vault, IAppendOnly log, ReceiptIds receipts)
{
    /// <summary>Records a refusal; the same refusal with its receipt, or that the ledger takes no entry.</summary>
    /// <param name="request">What was tried.</param>
    /// <param name="reference">Which record, as <c>Type/id</c>.</param>
    /// <param name="refused">How it was refused.</param>
    /// <param name="addressed">The shelf that the record stands on; null where there is none.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public async ValueTask<ChangeResult> Record(
        ChangeRequest request, string reference, ChangeResult.Refused refused, ShelfId? addressed, DateTimeOffset now, CancellationToken cancellation)
    {
        var attempt = Describe(request, reference, refused.Fault, addressed, now);
        var append = new AppendRequest { Events = [attempt], Notice = Notices.Of([attempt], NoticedKind.AccessRefused, now) };
        return await Recorded<ChangeEntry>.Append(log, new ChangeEntry(append), cancellation) is RecordOutcome<ChangeEntry>.Done { Recorded: var recorded }
            ? refused with { Receipt = receipts.Seal(recorded.Position.Indices[0], attempt.Chain.Id, request.Caller.ClientId) }
            : new ChangeResult.Unavailable();
    }

    private PendingEvent Describe(ChangeRequest request, string reference, ChangeFault fault, ShelfId? addressed, DateTimeOffset now)
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
