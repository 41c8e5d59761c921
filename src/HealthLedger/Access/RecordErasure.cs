using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Consents;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The road on which a patient's records end. In one append every consent is taken back, the ERASE entry stands on the patient's chain, and every row goes; then the keys are
/// destroyed, all but the audit key, by which an auditor still opens who did what (<see cref="AuditKeyErasure"/> ends that too). An operator's act: what the patient
/// may not see of it is nothing, and what others see of the patient from then on is what they see of one who never was.
/// </summary>
public sealed class RecordErasure(RecordVault vault, IAppendOnly log, ReceiptIds receipts, TimeProvider time)
{
    /// <summary>Erases one patient's records.</summary>
    /// <param name="caller">An operator.</param>
    /// <param name="requestId">For correlation.</param>
    /// <param name="patientId">A Patient id.</param>
    /// <param name="ground">Why, as a code: <c>patient-request</c>, <c>legal-duty</c> or <c>recorded-in-error</c>.</param>
    /// <param name="cancellation">Honoured until the append is sequenced; from then on the erasure runs to its end.</param>
    public async ValueTask<ErasureResult> Erase(Caller caller, string requestId, string patientId, string ground, CancellationToken cancellation)
    {
        var now = Instants.Now(time);
        var patient = ShelfId.ForPatient(patientId);
        FactBuilder Fact(string decision, string reason) => AccessFacts.Start(caller, PurposeOfUse.Operations, "erase", requestId, "erasure", now)
            .Set(FactField.Patient, patient.Value)
            .Set(FactField.Decision, decision)
            .Set(FactField.Reason, reason);

        // hold: nobody changes the patient's records from here on, and no other patient is erased
        using var held = await vault.LockToErase(patient, cancellation);
        var shelf = held.Current(patient);
        using var prepared = shelf is null ? null : await vault.PrepareErasure(held, patient, now, cancellation);
        if (shelf is null || prepared is null)
        {
            var reason = shelf is null ? "absent" : "too-large";
            var attempt = new AppendRequest { Events = [AccessFacts.Finish(Fact("deny", reason), vault.TenantChain)] };
            return await Recorded<ErasureEntry>.Append(log, new ErasureEntry(attempt), cancellation) is RecordOutcome<ErasureEntry>.Done
                ? new ErasureResult.Refused(shelf is null ? ErasureFault.NotThere : ErasureFault.TooLarge)
                : new ErasureResult.Unavailable();
        }

        // take back every consent, say what is erased
        var withdrawn = Withdrawals(caller, requestId, patient, shelf, now);
        var evidence = JsonSerializer.Serialize(new { erasure = prepared.Erasure.Id, sequence = shelf.Sequence, root = shelf.Root.ToString(), records = prepared.Records, shared = prepared.Shared });
        var erased = AccessFacts.Finish(Fact("permit", ground).Set(FactField.Evidence, evidence), shelf.Chain) with { Kind = EntryKind.Erase };
        ImmutableArray<PendingEvent> events = [erased, .. withdrawn];

        // record: entries and rows in one commit
        var entry = new ErasureEntry(new AppendRequest
        {
            Events = events,
            Raises = [patient.Value],
            Redo = prepared.Change.Redo,
            Notice = Notices.Of(events, Events.NoticedKind.RecordErased, now),
            Committed = prepared.Change.Commit,
        });
        if (await Recorded<ErasureEntry>.Append(log, entry, cancellation) is not RecordOutcome<ErasureEntry>.Done { Recorded.Position: var position })
        {
            return new ErasureResult.Unavailable();
        }

        // destroy
        vault.Complete();
        return new ErasureResult.Erased(prepared.Erasure, Extent(prepared, withdrawn.Length), receipts.Seal(position.Indices[0], patient.Value, caller.ClientId));
    }

    /// <summary>What an erasure would destroy and leave, in numbers, without doing it. Nothing is opened; that it was asked for is an entry, on the patient's chain where there is one.</summary>
    /// <param name="caller">An operator.</param>
    /// <param name="requestId">For correlation.</param>
    /// <param name="patientId">A Patient id.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public async ValueTask<ErasureResult> Preview(Caller caller, string requestId, string patientId, CancellationToken cancellation)
    {
        var now = Instants.Now(time);
        var patient = ShelfId.ForPatient(patientId);
        using var held = await vault.LockToErase(patient, cancellation);
        var shelf = held.Current(patient);
        using var prepared = shelf is null ? null : await vault.PrepareErasure(held, patient, now, cancellation);
        var fact = AccessFacts.Start(caller, PurposeOfUse.Operations, "operate", requestId, "operation", now)
            .Set(FactField.Patient, shelf is null ? null : patient.Value)
            .Set(FactField.Decision, prepared is null ? "deny" : "permit")
            .Set(FactField.Reason, shelf is null ? "absent" : prepared is null ? "too-large" : "erasure-previewed");
        var asked = new AppendRequest { Events = [AccessFacts.Finish(fact, shelf?.Chain ?? vault.TenantChain)] };
        return await Recorded<ErasureEntry>.Append(log, new ErasureEntry(asked), cancellation) is not RecordOutcome<ErasureEntry>.Done ? new ErasureResult.Unavailable()
            : prepared is null ? new ErasureResult.Refused(shelf is null ? ErasureFault.NotThere : ErasureFault.TooLarge)
            : new ErasureResult.Previewed(prepared.Erasure, Extent(prepared, Withdrawals(caller, requestId, patient, shelf!, now).Length));
    }

    private static ErasureExtent Extent(PreparedErasure prepared, int withdrawn) => new(prepared.Records, prepared.Versions, prepared.Rows, prepared.Shared, prepared.Keepers, withdrawn);

    private static ImmutableArray<PendingEvent> Withdrawals(Caller caller, string requestId, ShelfId patient, Shelf shelf, DateTimeOffset now)
    {
        var request = new ChangeRequest { Caller = caller, Purpose = PurposeOfUse.Operations, RequestId = requestId, Interaction = "erase", Changes = [] };
        return
        [
            .. shelf.OfType("Consent").Where(consent => !consent.Annotation.IsEmpty)
                .Select(consent => new ConsentStep(consent.Key, patient, default, ConsentRecord.Decode(consent.Annotation), null))
                .Where(step => step.Operations > 0)
                .SelectMany(step => ConsentChange.Events(request, step, shelf.Chain, shelf.Root.ToString(), now)),
        ];
    }
}

/// <summary>An erasure, or what becomes of one, about to be recorded.</summary>
internal sealed record ErasureEntry(AppendRequest Append) : IRecordable
{
    public AppendRequest ToAppend() => Append;
}

/// <summary>What became of asking for an erasure.</summary>
public abstract record ErasureResult
{
    private ErasureResult()
    {
    }

    /// <summary>The records are gone, and so are the keys that opened them.</summary>
    /// <param name="Erasure">What is left of it.</param>
    /// <param name="Extent">What it came to.</param>
    /// <param name="Receipt">Of the ERASE entry.</param>
    public sealed record Erased(Erasure Erasure, ErasureExtent Extent, ReceiptId Receipt) : ErasureResult;

    /// <summary>Nothing was erased.</summary>
    /// <param name="Erasure">What it would be, now.</param>
    /// <param name="Extent">What it would come to.</param>
    public sealed record Previewed(Erasure Erasure, ErasureExtent Extent) : ErasureResult;

    /// <summary>Nothing was erased; that it was asked for is recorded.</summary>
    public sealed record Refused(ErasureFault Fault) : ErasureResult;

    /// <summary>The ledger takes no entry now, so nothing was erased.</summary>
    public sealed record Unavailable : ErasureResult;
}

/// <summary>What an erasure destroys and leaves, in numbers.</summary>
/// <param name="Records">How many records there are, deleted ones too.</param>
/// <param name="Versions">How many versions of them.</param>
/// <param name="Rows">How many sealed rows go.</param>
/// <param name="Shared">How many of the records stay with other patients.</param>
/// <param name="Keepers">Who answers for those, with how many each.</param>
/// <param name="Withdrawn">How many consent handles are taken back.</param>
public sealed record ErasureExtent(int Records, int Versions, int Rows, int Shared, ImmutableSortedDictionary<string, int> Keepers, int Withdrawn);

/// <summary>Why nothing was erased.</summary>
public enum ErasureFault
{
    /// <summary>There is no such patient, or not any more.</summary>
    NotThere,
    /// <summary>The patient has more rows than one change may remove.</summary>
    TooLarge,
}
