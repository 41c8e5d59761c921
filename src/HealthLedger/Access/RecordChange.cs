using System.Collections.Immutable;
using System.Text;
using HealthLedger.Events;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The only way a clinical record changes. Authority is the scope and the custodian organization, not the patient's permit; what a caller may not see it cannot
/// change either. One entry for each patient in a transaction commits to every version written, and the sealed rows travel in the same commit.
/// </summary>
public sealed class RecordChange
{
    /// <summary>The most changes that one transaction may carry.</summary>
    public const int MaximumChanges = 5_000;

    /// <summary>Up to this many records a fact lists them; above it only commits to them by their root.</summary>
    private const int MaximumListed = 100;

    private readonly Attempts _attempts;
    private readonly Drafts _drafts;
    private readonly IAppendOnly _log;
    private readonly ReceiptIds _receipts;
    private readonly TimeProvider _time;
    private readonly RecordVault _vault;

    /// <summary>Binds the road to the vault and the ledger it runs between.</summary>
    public RecordChange(RecordVault vault, IAppendOnly log, ConsentStates consents, AccessPolicy policy, ReceiptIds receipts, TimeProvider time)
    {
        _vault = vault;
        _log = log;
        _receipts = receipts;
        _time = time;
        _attempts = new Attempts(vault, log, receipts);
        _drafts = new Drafts(vault, consents, policy);
    }

    /// <summary>True for types of which a create may be conditional: those whose records every caller may see.</summary>
    public static bool CanBeConditional(string type) => AccessPolicy.IsDirectory(type);

    /// <summary>Makes all changes of the request or none.</summary>
    public async ValueTask<ChangeResult> Apply(ChangeRequest request, CancellationToken cancellation)
    {
        // draft: ids, references, shelves; nothing stored is touched
        var now = Instants.Now(_time);
        var planned = await _drafts.Plan(request, now, cancellation);
        if (planned.Fault is { } fault)
        {
            return fault;
        }

        // lock the shelves, then decide on what is there
        using var held = await _vault.LockForWrite(planned.Shelves, [.. planned.Drafts.Where(d => d.Change.Kind != ChangeKind.Create).Select(d => (d.Type, d.Id))], cancellation);
        var drafted = await _drafts.Complete(request, planned, held, now, cancellation);
        if (drafted.Fault is { } refused)
        {
            var tried = request.Changes[refused.At];
            return await _attempts.Record(request, $"{tried.Type}/{tried.Id}", refused, drafted.Addressed, now, cancellation);
        }

        if (drafted.Existing is { } existing)
        {
            return await Existed(request, existing, now, cancellation);
        }

        // seal
        using var prepared = await _vault.Prepare(held, [.. drafted.Records.Select(d => d.Write)], cancellation);

        // record: entry and rows in one commit
        var change = Describe(request, drafted, prepared, now);
        return await Recorded<ChangeEntry>.Append(_log, change, cancellation) switch
        {
            RecordOutcome<ChangeEntry>.Done { Recorded: var recorded } => new ChangeResult.Changed(
                [.. drafted.Records.Select(d => d.Changed)],
                _receipts.Seal(recorded.Position.Indices[0], recorded.Value.Append.Events[0].Chain.Id, request.Caller.ClientId)),
            RecordOutcome<ChangeEntry>.Stale => throw new InvalidOperationException("A record change rests on no decision version, so it cannot be stale."),
            _ => new ChangeResult.Unavailable(),
        };
    }

    private ChangeEntry Describe(ChangeRequest request, Drafted drafted, PreparedChange prepared, DateTimeOffset now)
    {
        var events = ImmutableArray.CreateBuilder<PendingEvent>();
        foreach (var patient in prepared.Shelves.Where(s => s.Shelf.IsPatient))
        {
            events.Add(AccessFacts.Finish(
                Fact(request, now)
                    .Set(FactField.Patient, patient.Shelf.Value)
                    .Set(FactField.Targets, patient.Records.Length <= MaximumListed ? AccessFacts.JsonArray(patient.Records.Select(r => (r.Key.ToString(), (string?)r.CiphertextHash.ToString()))) : null)
                    .Set(FactField.Evidence, patient.Evidence),
                patient.Chain));
        }

        // Directory records of one transaction are one event, the tenant's, over the roots of all their shelves.
        var directory = prepared.Shelves.Where(s => !s.Shelf.IsPatient).ToList();
        if (directory.Count > 0)
        {
            events.Add(AccessFacts.Finish(
                Fact(request, now).Set(FactField.Evidence, string.Join(' ', directory.Select(s => s.Evidence))),
                _vault.TenantChain));
        }

        var described = events.ToImmutable();
        return new ChangeEntry(new AppendRequest
        {
            Events = described,
            Notice = Notices.Of(described, NoticedKind.RecordChanged, now),
            Raises = [.. drafted.Relabelled.Select(s => s.Value)],
            Redo = prepared.Redo,
            Committed = prepared.Commit,
        });
    }

    /// <summary>A conditional create that found its record costs one entry too, the tenant's, which says what was asked.</summary>
    private async ValueTask<ChangeResult> Existed(ChangeRequest request, ShelfEntry existing, DateTimeOffset now, CancellationToken cancellation)
    {
        var change = request.Changes[0];
        var asked = AccessFacts.Finish(
            AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "request", now)
                .Set(FactField.Targets, AccessFacts.JsonArray([(existing.Key.ToString(), existing.CiphertextHash.ToString())]))
                .Set(FactField.Decision, "permit")
                .Set(FactField.Reason, "directory")
                .Set(FactField.Evidence, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{change.Type}?{change.IfNoneExist}"))),
            _vault.TenantChain);
        return await Recorded<ChangeEntry>.Append(_log, new ChangeEntry(new AppendRequest { Events = [asked] }), cancellation) is RecordOutcome<ChangeEntry>.Done { Recorded: var recorded }
            ? new ChangeResult.Existing(existing.Key, existing.LastUpdated, _receipts.Seal(recorded.Position.Indices[0], asked.Chain.Id, request.Caller.ClientId))
            : new ChangeResult.Unavailable();
    }

    private static FactBuilder Fact(ChangeRequest request, DateTimeOffset now) =>
        AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "record", now)
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, "custodian");
}

/// <summary>A change of records or consents about to be recorded.</summary>
internal sealed record ChangeEntry(AppendRequest Append) : IRecordable
{
    public AppendRequest ToAppend() => Append;
}
