using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Turns changes into record versions: ids, references, shelves, then, with the shelves locked, version numbers and the checks on what is there.
/// Drafting before the lock touches nothing stored but directory records, to which conditional references may point.
/// </summary>
internal sealed class Drafts(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    private const int IdBytes = 16;

    /// <summary>Gives each change its id and its references, and finds the shelves to lock.</summary>
    public async ValueTask<Planned> Plan(ChangeRequest request, DateTimeOffset now, CancellationToken cancellation)
    {
        var targets = new (string Type, string Id)[request.Changes.Length];
        var byFullUrl = new Dictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < targets.Length; i++)
        {
            var change = request.Changes[i];
            if (change.Type == "Consent")
            {
                return Planned.Refused(i, IssueType.BusinessRule, "A Consent is changed on its own, not within a transaction: it needs an entry and a handle of its own.");
            }

            if (change.IfNoneExist is { } query && (targets.Length > 1 || DirectoryQuery.Parse(change.Type, query, now) is null))
            {
                return Planned.Refused(i, IssueType.NotSupported, "A conditional create is a request of its own, of a directory type, with a query of that type's parameters.");
            }

            targets[i] = (change.Type, change.Id ?? NewId());
            if (!seen.Add(targets[i]))
            {
                return Planned.Refused(i, IssueType.Invalid, "A transaction changes each record at most once.");
            }

            if (change.FullUrl is { } fullUrl && change.Kind != ChangeKind.Delete && !byFullUrl.TryAdd(fullUrl, $"{targets[i].Type}/{targets[i].Id}"))
            {
                return Planned.Refused(i, IssueType.Invalid, "Two entries of the transaction have the same fullUrl.");
            }
        }

        var drafts = ImmutableArray.CreateBuilder<Draft>(targets.Length);
        var shelves = new HashSet<ShelfId>();
        var references = new ReferenceTargets(vault, byFullUrl, request.LocalBase, now);
        for (var i = 0; i < targets.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var change = request.Changes[i];
            var (type, id) = targets[i];
            var located = change.Kind == ChangeKind.Create ? [] : await vault.Locate(type, id, cancellation) ?? [];
            if (change.Kind == ChangeKind.Delete)
            {
                shelves.UnionWith(located);
                drafts.Add(new Draft(change, type, id, default, null, located));
                continue;
            }

            if (await references.Resolve(change.Body, cancellation) is { } dangling)
            {
                return Planned.Refused(i, IssueType.NotFound, "A reference leads nowhere in this transaction or among the directory records: " + dangling.Reason, dangling.Location);
            }

            var body = ResourceEditor.Edit(change.Body.Span, new ResourceEdit { Id = id, VersionId = "1", LastUpdated = now, Links = references.Rewrite });
            if (SearchTermExtractor.Extract(body, vault.Vocabulary) is not { } terms)
            {
                return Planned.Refused(i, IssueType.Structure, "The resource cannot be read.");
            }

            if (TermsFault(terms, vault.MaxTermsBytes) is { } tooMuch)
            {
                return Planned.Refused(i, tooMuch);
            }

            var stands = ShelvesOf(type, id, terms);
            if (stands.Length > MaximumShelves)
            {
                return Planned.Refused(i, IssueType.TooCostly, $"A record may be in the compartments of at most {MaximumShelves} patients.");
            }

            shelves.UnionWith(stands);
            shelves.UnionWith(located);
            drafts.Add(new Draft(change, type, id, body, terms, stands));
        }

        return new Planned(null, drafts.MoveToImmutable(), [.. shelves]);
    }

    /// <summary>The most patients in whose compartments one record may be.</summary>
    public const int MaximumShelves = 32;

    /// <summary>With the shelves locked: checks what is there, and numbers the versions.</summary>
    public async ValueTask<Drafted> Complete(ChangeRequest request, Planned planned, ShelfLock held, DateTimeOffset now, CancellationToken cancellation)
    {
        var custodian = AccessPolicy.CustodianOf(request.Caller);
        var records = ImmutableArray.CreateBuilder<DraftedRecord>(planned.Drafts.Length);
        var relabelled = new HashSet<ShelfId>();
        for (var i = 0; i < planned.Drafts.Length; i++)
        {
            var draft = planned.Drafts[i];
            if (draft.Change.IfNoneExist is { } query && held.Current(draft.Shelves[0]) is { } directory)
            {
                switch (DirectoryQuery.Parse(draft.Type, query, now)!.First(directory, 2))
                {
                    case [var existing]:
                        return new Drafted(null, null, [], [], existing);
                    case { Count: > 1 }:
                        return Drafted.Refused(new ChangeResult.Refused(i, ChangeFault.SeveralMatch, []), null);
                }
            }

            var standing = draft.Change.Kind == ChangeKind.Create ? null : await Standing(draft, held, cancellation);
            if (draft.Change.Kind != ChangeKind.Create)
            {
                if (await Fault(request, draft, standing, now, cancellation) is { } fault)
                {
                    return Drafted.Refused(new ChangeResult.Refused(i, fault.Fault, fault.Issues), fault.Fault == ChangeFault.NotThere ? standing?.Shelves[0] : null);
                }
            }

            var before = standing?.Entry;
            var version = (before?.Key.Version ?? 0) + 1;
            var key = new RecordKey(draft.Type, draft.Id, version);
            var body = version == 1 || draft.Change.Kind == ChangeKind.Delete ? draft.Body : ResourceEditor.Edit(draft.Body.Span, new ResourceEdit { VersionId = version.ToString(CultureInfo.InvariantCulture) });
            if (before is { Deleted: false } && (draft.Terms is null || !SameLabels(before.Terms!, draft.Terms)))
            {
                relabelled.UnionWith(standing!.Shelves.Where(s => s.IsPatient));
            }

            records.Add(new DraftedRecord(
                Write(key, standing?.Shelves ?? draft.Shelves, body, now, before?.Custodian ?? custodian, draft.Terms),
                new ChangedRecord(key, draft.Change.Kind, before is null or { Deleted: true }, now, body)));
        }

        return new Drafted(null, null, records.MoveToImmutable(), [.. relabelled]);
    }

    /// <summary>What is wrong with the amount of search terms; null where the vault takes them.</summary>
    public static ValidationIssue? TermsFault(ResourceTerms terms, int limit)
    {
        var stored = new ArrayBufferWriter<byte>();
        terms.WriteTo(stored);
        return stored.WrittenCount <= limit ? null : new ValidationIssue(
            IssueSeverity.Error,
            IssueType.TooLong,
            string.Create(CultureInfo.InvariantCulture, $"The resource has {stored.WrittenCount} bytes of values to search by (identifiers, codes, names, dates, references and the like), and may have {limit}: it needs fewer or shorter ones, or to be several resources."),
            terms.ResourceType);
    }

    /// <summary>A fresh random id: 32 hexadecimal digits, which tell nothing.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(2 * IdBytes, lowercase: true);

    /// <summary>The shelves that a record stands on: its patients', or its type's where it is no patient's.</summary>
    public static ImmutableArray<ShelfId> ShelvesOf(string type, string id, ResourceTerms terms)
    {
        var patients = PatientCompartment.PatientsOf(terms, id).Where(p => FhirId.IsValid(p)).Select(ShelfId.ForPatient).ToImmutableArray();
        return patients.IsEmpty ? [ShelfId.ForDirectory(type)] : patients;
    }

    /// <summary>One version about to be written.</summary>
    public static RecordWrite Write(
        RecordKey key, ImmutableArray<ShelfId> shelves, ReadOnlyMemory<byte> body, DateTimeOffset now, string custodian, ResourceTerms? terms, ReadOnlyMemory<byte> annotation = default) => new()
    {
        Key = key,
        Shelves = shelves,
        Deletes = terms is null,
        Plaintext = body,
        LastUpdated = now,
        Custodian = custodian,
        Terms = terms,
        Annotation = annotation,
    };

    /// <summary>What is there now of a record whose shelves are held; null where there is nothing, or where it moved since the shelves were chosen.</summary>
    private async ValueTask<Standing?> Standing(Draft draft, ShelfLock held, CancellationToken cancellation) =>
        await vault.Locate(draft.Type, draft.Id, cancellation) is { } shelves && shelves.All(held.Shelves.Contains)
            && held.Current(shelves[0])?.Find(draft.Type, draft.Id) is { } entry
            ? new Standing(entry, shelves)
            : null;

    private async ValueTask<(ChangeFault Fault, ImmutableArray<ValidationIssue> Issues)?> Fault(
        ChangeRequest request, Draft draft, Standing? standing, DateTimeOffset now, CancellationToken cancellation)
    {
        var change = draft.Change;
        if (standing is null)
        {
            return change.Kind == ChangeKind.Update && request.Caller.MayMigrate && change.IfMatch is null ? null : (ChangeFault.NotThere, []);
        }

        var keeps = AccessPolicy.Keeps(request.Caller, standing.Entry);
        if (!keeps && !await Sees(request, standing, now, cancellation))
        {
            return (ChangeFault.NotThere, []);
        }

        if (!keeps)
        {
            return (ChangeFault.NotTheirs, []);
        }

        if (change.IfMatch is { } version && version != standing.Entry.Key.Version)
        {
            return (ChangeFault.VersionConflict, []);
        }

        if (change.Kind == ChangeKind.Delete)
        {
            return standing.Entry.Deleted ? (ChangeFault.NotThere, []) : null;
        }

        return draft.Shelves.SequenceEqual(standing.Shelves)
            ? null
            : (ChangeFault.Invalid, [new ValidationIssue(IssueSeverity.Error, IssueType.BusinessRule, "A record stays with the patient it was created for. Delete it and create it anew for the other patient.", draft.Type)]);
    }

    private async ValueTask<bool> Sees(ChangeRequest request, Standing standing, DateTimeOffset now, CancellationToken cancellation)
    {
        var read = new DisclosureRequest
        {
            Caller = request.Caller,
            Purpose = request.Purpose,
            RequestId = request.RequestId,
            Target = new Target.Record(standing.Entry.Key.Type, standing.Entry.Key.Id, null),
        };
        var asked = AccessRequest.For(request.Caller, request.Purpose, now);
        foreach (var shelf in standing.Shelves)
        {
            var decision = !shelf.IsPatient ? AccessPolicy.DecideDirectory(read, standing.Entry)
                : await consents.Of(shelf, cancellation) is { } patient ? policy.Decide(patient, read, asked, standing.Entry)
                : null;
            if (decision is not { Permitted: true })
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameLabels(ResourceTerms before, ResourceTerms after) =>
        before.SecurityLabels.Select(l => (l.System, l.Code)).ToHashSet().SetEquals(after.SecurityLabels.Select(l => (l.System, l.Code)));
}

/// <summary>A change with its id and its references settled.</summary>
internal sealed record Draft(Change Change, string Type, string Id, ReadOnlyMemory<byte> Body, ResourceTerms? Terms, ImmutableArray<ShelfId> Shelves);

/// <summary>All drafts of a request, and the shelves to lock; or the fault.</summary>
internal sealed record Planned(ChangeResult.Refused? Fault, ImmutableArray<Draft> Drafts, ImmutableArray<ShelfId> Shelves)
{
    public static Planned Refused(int at, IssueType type, string message, string location = "") =>
        Refused(at, new ValidationIssue(IssueSeverity.Error, type, message, location));

    public static Planned Refused(int at, ValidationIssue issue) => new(new ChangeResult.Refused(at, ChangeFault.Invalid, [issue]), [], []);
}

/// <summary>A record as it stands, and its shelves.</summary>
internal sealed record Standing(ShelfEntry Entry, ImmutableArray<ShelfId> Shelves);

/// <summary>One version about to be written, and how the answer shows it.</summary>
internal sealed record DraftedRecord(RecordWrite Write, ChangedRecord Changed);

/// <summary>
/// All versions of a request, and the patients whose labels change; or the fault with the shelf that answers for the attempt; or what a conditional create
/// found there.
/// </summary>
internal sealed record Drafted(
    ChangeResult.Refused? Fault, ShelfId? Addressed, ImmutableArray<DraftedRecord> Records, ImmutableArray<ShelfId> Relabelled, ShelfEntry? Existing = null)
{
    public static Drafted Refused(ChangeResult.Refused fault, ShelfId? addressed) => new(fault, addressed, [], []);
}
