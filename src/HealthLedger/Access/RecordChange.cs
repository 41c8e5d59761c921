using System.Collections.Immutable;
using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The only way a record changes, consents among them. Authority over a clinical record is the scope and the custodian organization, not the patient's permit; over a
/// consent it is as <see cref="ConsentChange"/> says, alone or in a transaction. What a caller may not see it cannot change. All changes of a request are one append: an
/// entry for each patient, one for each consent handle given or taken back, and the sealed rows in the same commit. New records that wait for one shelf share an append,
/// each request with an entry of its own.
/// </summary>
public sealed class RecordChange
{
    /// <summary>The most changes that one transaction may carry.</summary>
    public const int MaximumChanges = 5_000;

    /// <summary>The most entries that one request may make: of patients, of consent handles, of what its conditions found.</summary>
    public const int MaximumEntries = 16_000;

    /// <summary>The most consents that one request takes back on a full disk; it can do so again.</summary>
    public const int MaximumTakenBack = 50;

    /// <summary>Up to this many records a fact lists them; above it only commits to them by their root.</summary>
    private const int MaximumListed = 100;

    private readonly Attempts _attempts;
    private readonly Conditions _conditions;
    private readonly Drafts _drafts;
    private readonly IAppendOnly _log;
    private readonly ReceiptIds _receipts;
    private readonly TimeProvider _time;
    private readonly ShelfTurns _turns;
    private readonly RecordVault _vault;

    /// <summary>Binds the road to the vault and the ledger it runs between.</summary>
    public RecordChange(RecordVault vault, IAppendOnly log, ConsentStates consents, AccessPolicy policy, ReceiptIds receipts, TimeProvider time)
    {
        _vault = vault;
        _log = log;
        _receipts = receipts;
        _time = time;
        _attempts = new Attempts(vault);
        _conditions = new Conditions(vault, consents, policy);
        _drafts = new Drafts(vault, consents, policy);
        _turns = new ShelfTurns(vault, AppendTogether);
    }

    /// <summary>How often a change is tried anew because what its conditions found was changed meanwhile.</summary>
    private const int MaximumAttempts = 4;

    /// <summary>True for types of which a condition looks through every permitted patient, which costs what a search costs.</summary>
    public static bool SpansPatients(string type) => !AccessPolicy.IsDirectory(type);

    /// <summary>Makes all changes of the request or none.</summary>
    public async ValueTask<ChangeResult> Apply(ChangeRequest asked, CancellationToken cancellation)
    {
        using var gates = await _conditions.Hold(asked, cancellation);
        var raced = ImmutableHashSet<string>.Empty;
        for (var attempt = 0; ; attempt++)
        {
            var now = Instants.Now(_time);

            // look up which records the conditions mean; from here on, nothing is conditional
            var found = await _conditions.Find(asked, now, raced, cancellation);
            if (found.Fault is { Fault: ChangeFault.TooBroad } tooBroad)
            {
                return tooBroad;
            }

            // draft: ids, references, shelves
            var request = asked with { Changes = found.Changes };
            var planned = found.Fault is null ? await _drafts.Plan(request, found, now, cancellation) : Planned.Refused(found.Fault);
            if (planned.Fault is { } fault && found.Reads.IsEmpty)
            {
                return fault;
            }

            var shared = new PlannedChange(request, found, planned, now);
            if (shared.Shares)
            {
                return await _turns.Take(shared, cancellation);
            }

            // lock the shelves, then decide on what is there
            using var held = await _vault.LockForWrite(planned.Shelves, [.. planned.Drafts.Where(d => d.Change.Kind != ChangeKind.Create).Select(d => (d.Type, d.Id))], cancellation);
            var drafted = planned.Fault is null ? await _drafts.Complete(request, found, planned, held, now, cancellation) : Drafted.Refused(planned.Fault, null);

            if (drafted.Fault is { Refused: { Fault: ChangeFault.VersionConflict, At: var at } } && found.Chosen.Contains(at) && attempt < MaximumAttempts)
            {
                continue;
            }

            // seal
            using var prepared = drafted.Writes.IsEmpty ? null : await _vault.Prepare(held, drafted.Writes, cancellation);

            // record: entries and rows in one commit
            var change = drafted.Fault is { } refused
                ? Entry([], [_attempts.Describe(request, refused.Refused, refused.Addressed, now)], found, now)
                : Describe(request, drafted, prepared, found, now);
            switch (await Recorded<ChangeEntry>.Append(_log, asked.TakesBack ? change.FromReserve() : change, cancellation))
            {
                case RecordOutcome<ChangeEntry>.Done { Recorded: var recorded }:
                    var receipt = _receipts.Seal(recorded.Position.Indices[0], change.Append.Events[0].Chain.Id, request.Caller.ClientId);
                    return drafted.Fault is { } told ? told.Refused with { Receipt = receipt } : new ChangeResult.Changed(drafted.Records, receipt);

                case RecordOutcome<ChangeEntry>.Stale { Subjects: var changed }:
                    // Only what a condition found rests on decisions. As on the disclosure road: decided once more, then treated as refusing.
                    raced = attempt == 0 ? raced : raced.Union(changed);
                    continue;

                default:
                    return new ChangeResult.Unavailable();
            }
        }
    }

    /// <summary>The end of the same road for new records on one shelf, which nothing can refuse any more: sealed together, one append, an entry for each request.</summary>
    private async ValueTask<IReadOnlyList<ChangeResult>> AppendTogether(ShelfLock held, IReadOnlyList<PlannedChange> changes, CancellationToken cancellation)
    {
        var drafted = new List<Drafted>(changes.Count);
        foreach (var (request, found, planned, now) in changes)
        {
            drafted.Add(await _drafts.Complete(request, found, planned, held, now, cancellation));
        }

        using var prepared = await _vault.Prepare(held, [.. drafted.SelectMany(d => d.Writes)], cancellation);
        var shelf = prepared.Shelves.Single();
        var events = ImmutableArray.CreateBuilder<PendingEvent>(changes.Count);
        var written = 0;
        for (var i = 0; i < changes.Count; i++)
        {
            events.AddRange(Events(changes[i].Request, drafted[i], [shelf.Part(written, drafted[i].Writes.Length)], changes[i].Now));
            written += drafted[i].Writes.Length;
        }

        var entry = Entry(events.MoveToImmutable(), [], changes[0].Found, changes[^1].Now);
        var change = new ChangeEntry(entry.Append with { Redo = prepared.Redo, Committed = prepared.Commit });
        return await Recorded<ChangeEntry>.Append(_log, change, cancellation) switch
        {
            RecordOutcome<ChangeEntry>.Done { Recorded: var recorded } => [.. drafted.Select((done, i) => new ChangeResult.Changed(
                done.Records, _receipts.Seal(recorded.Position.Indices[i], shelf.Chain.Id, changes[i].Request.Caller.ClientId)))],
            RecordOutcome<ChangeEntry>.Stale => throw new InvalidOperationException("New records rest on no decision version, so they cannot be stale."),
            _ => [.. changes.Select(_ => new ChangeResult.Unavailable())],
        };
    }

    private ChangeEntry Describe(ChangeRequest request, Drafted drafted, PreparedChange? prepared, Found found, DateTimeOffset now)
    {
        var attempts = drafted.NotThere.Select(d => _attempts.Describe(request, d.Refused, d.Addressed, now));
        var entry = Entry(Events(request, drafted, prepared?.Shelves ?? [], now), [.. attempts], found, now);
        return new ChangeEntry(entry.Append with
        {
            Raises = [.. drafted.Redecided.Select(s => s.Value)],
            Redo = prepared?.Redo ?? default,
            Committed = prepared is null ? null : prepared.Commit,
        });
    }

    private ImmutableArray<PendingEvent> Events(ChangeRequest request, Drafted drafted, ImmutableArray<ShelfChange> shelves, DateTimeOffset now)
    {
        var events = ImmutableArray.CreateBuilder<PendingEvent>();
        var consents = drafted.Consents.ToLookup(c => c.Patient);
        foreach (var patient in shelves.Where(s => s.Shelf.IsPatient))
        {
            // Consents have events of their own, with the same root.
            if (patient.Records.Any(r => r.Key.Type != "Consent"))
            {
                events.Add(AccessFacts.Finish(
                    Fact(request, now)
                        .Set(FactField.Patient, patient.Shelf.Value)
                        .Set(FactField.Targets, patient.Records.Length <= MaximumListed ? AccessFacts.JsonArray([.. patient.Records.Select(r => (r.Key.ToString(), (string?)r.CiphertextHash.ToString()))]) : null)
                        .Set(FactField.Evidence, patient.Evidence),
                    patient.Chain));
            }

            foreach (var step in consents[patient.Shelf])
            {
                events.AddRange(ConsentChange.Events(request, step, patient.Chain, patient.Evidence, now));
            }
        }

        // Directory records of one transaction are one event, the tenant's, over the roots of all their shelves.
        var directory = shelves.Where(s => !s.Shelf.IsPatient).ToList();
        if (directory.Count > 0)
        {
            events.Add(AccessFacts.Finish(
                Fact(request, now).Set(FactField.Evidence, string.Join(' ', directory.Select(s => s.Evidence))),
                _vault.TenantChain));
        }

        return events.ToImmutable();
    }

    /// <summary>The request's changes, what of it was refused, and behind them the events of its conditions, with what their matches rest on.</summary>
    private static ChangeEntry Entry(ImmutableArray<PendingEvent> changes, ImmutableArray<PendingEvent> refused, Found found, DateTimeOffset now) => new(new AppendRequest
    {
        Events = [.. changes, .. refused, .. found.Reads],
        Expected = found.RestsOn,
        Notice = Notices.Of(changes, refused, found.Reads, now),
    });

    private static FactBuilder Fact(ChangeRequest request, DateTimeOffset now) =>
        AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "record", now)
            .Set(FactField.Decision, "permit")
            .Set(FactField.Reason, "custodian");
}

/// <summary>A change of records or consents about to be recorded.</summary>
internal sealed record ChangeEntry(AppendRequest Append) : IRecordable
{
    public AppendRequest ToAppend() => Append;

    /// <summary>The same, recorded on a full disk too.</summary>
    public ChangeEntry FromReserve() => new(Append with { Reserve = ReserveUse.All });
}
