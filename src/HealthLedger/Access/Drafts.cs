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
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Turns changes into record versions: ids, references, shelves, then, with the shelves locked, version numbers and the checks on what is there.
/// Drafting before the lock touches nothing stored but directory records, to which conditional references may point.
/// </summary>
internal sealed class Drafts(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    private const int IdBytes = 16;

    private readonly ConsentChange _consentChange = new(consents, policy);

    /// <summary>Gives each change its id and its references, and finds the shelves to lock. What a condition found is not drafted; references lead to it.</summary>
    public async ValueTask<Planned> Plan(ChangeRequest request, Found found, DateTimeOffset now, CancellationToken cancellation)
    {
        if (Targets(request, found, out var targets, out var byFullUrl) is { } overlap)
        {
            return overlap;
        }

        var written = request.Changes.Select((c, i) => (Change: c, i))
            .Where(c => c.Change.Type == "Patient" && c.Change.Kind != ChangeKind.Delete && !found.Settled.ContainsKey(c.i)).Select(c => ShelfId.ForPatient(targets[c.i].Id)).ToHashSet();
        var drafts = ImmutableArray.CreateBuilder<Draft>(targets.Length);
        var shelves = new HashSet<ShelfId>();
        var changed = !request.IsTransaction ? [] : targets.Select((t, i) => new WrittenRecord(t.Type, t.Id, request.Changes[i])).Where((_, i) => !found.Settled.ContainsKey(i)).ToList();
        var references = new ReferenceTargets(vault, byFullUrl, found.References, changed, request.LocalBase, request.IsTransaction, now);
        for (var i = 0; i < targets.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var change = request.Changes[i];
            var (type, id) = targets[i];
            if (found.Settled.ContainsKey(i))
            {
                continue;
            }

            var located = change.Kind == ChangeKind.Create ? [] : await vault.Locate(type, id, cancellation) ?? [];
            shelves.UnionWith(located);
            if (change.Kind == ChangeKind.Delete)
            {
                drafts.Add(new Draft(i, change, type, id, default, null, located));
                continue;
            }

            if (await references.Resolve(change.Body, change.FullUrl, cancellation) is { } dangling)
            {
                return Planned.Refused(i, dangling.Type, (dangling.Type == IssueType.NotFound ? "A reference leads nowhere: " : "A reference leads to several records: ") + dangling.Reason, dangling.Location);
            }

            var body = ResourceEditor.Edit(change.Body.Span, new ResourceEdit { Id = id, VersionId = "1", LastUpdated = now, Links = references.Rewrite });
            if (SearchTermExtractor.Extract(body, vault.Vocabulary) is not { } terms)
            {
                return Planned.Refused(i, IssueType.Structure, "The resource cannot be read.");
            }

            if (terms.HasTag("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"))
            {
                // http://hl7.org/fhir/R4/search.html#summary: what lacks elements must not take the place of what has them.
                return Planned.Refused(i, IssueType.BusinessRule, "The resource is tagged SUBSETTED: elements were left out of it, and storing it would lose them. Read the record whole, without _summary and _elements, and send that.", $"{type}.meta.tag");
            }

            if (TermsFault(terms, vault.MaxTermsBytes) is { } tooMuch)
            {
                return Planned.Refused(i, tooMuch);
            }

            if (type == "Consent")
            {
                var (consent, faults) = ConsentChange.Compile(body, request.LocalBase);
                if (consent is null)
                {
                    return Planned.Refused(i, [.. faults]);
                }

                var patient = ShelfId.Parse(consent.Directive.Patient)!.Value;
                if (!Covers(request, change, [patient]))
                {
                    return Planned.Refused(new ChangeResult.Refused(i, ChangeFault.OutOfScope, []));
                }

                shelves.Add(patient);
                drafts.Add(new Draft(i, change, type, id, body, terms, [patient], consent));
                continue;
            }

            var stands = ShelvesOf(type, id, terms);
            if (stands.Length > MaximumShelves)
            {
                return Planned.Refused(i, IssueType.TooCostly, $"A record may be in the compartments of at most {MaximumShelves} patients.");
            }

            if (!Covers(request, change, stands))
            {
                return Planned.Refused(new ChangeResult.Refused(i, ChangeFault.OutOfScope, []));
            }

            shelves.UnionWith(stands);
            drafts.Add(new Draft(i, change, type, id, body, terms, stands));
        }

        return new Planned(null, drafts.ToImmutable(), [.. shelves], written);
    }

    /// <summary>The most patients in whose compartments one record may be.</summary>
    public const int MaximumShelves = 32;

    /// <summary>
    /// With the shelves locked: checks what is there, and numbers the versions. Consents come last, whatever their place in the request: who may record one is decided on the
    /// records as this request leaves them, and a record that is refused is refused first.
    /// </summary>
    public async ValueTask<Drafted> Complete(ChangeRequest request, Found found, Planned planned, ShelfLock held, DateTimeOffset now, CancellationToken cancellation)
    {
        var custodian = AccessPolicy.CustodianOf(request.Caller);
        var records = new ChangedRecord[request.Changes.Length];
        var writes = ImmutableArray.CreateBuilder<RecordWrite>(planned.Drafts.Length);
        var steps = ImmutableArray.CreateBuilder<ConsentStep>();
        var redecided = new HashSet<ShelfId>();
        var notThere = ImmutableArray.CreateBuilder<(ChangeResult.Refused, ShelfId?)>();
        foreach (var (at, existing) in found.Settled)
        {
            var change = request.Changes[at];
            records[at] = new ChangedRecord(existing?.Key ?? new RecordKey(change.Type, "", 0), change.Kind, false, existing?.LastUpdated ?? now, default);
        }

        foreach (var draft in planned.Drafts.OrderBy(d => d.Type == "Consent"))
        {
            var standing = draft.Change.Kind == ChangeKind.Create ? null : await Standing(draft, held, cancellation);
            var fault = request.OnlyOfKnownPatients && draft.Shelves.Any(shelf => shelf.IsPatient && held.Current(shelf) is null) ? DraftFault.NotThere(null)
                : standing is not null && !Covers(request, draft.Change, standing.Shelves) ? DraftFault.NotThere(standing.Shelves[0])
                : draft.Type == "Consent" ? await _consentChange.Fault(request, draft, standing, held, planned.Patients, now, cancellation)
                : draft.Change.Kind == ChangeKind.Create ? null
                : await Fault(request, draft, standing, now, cancellation);
            if (fault is { Fault: ChangeFault.NotThere } && draft.Change.Kind == ChangeKind.Delete && request.IsTransaction)
            {
                // http://hl7.org/fhir/R4/http.html#delete: as good as deleted, absent and hidden alike, and each recorded as the attempt that it is.
                notThere.Add((new ChangeResult.Refused(draft.At, fault.Fault, []), fault.Addressed));
                records[draft.At] = new ChangedRecord(new RecordKey(draft.Type, "", 0), ChangeKind.Delete, false, now, default);
                continue;
            }

            if (fault is not null)
            {
                return Drafted.Refused(draft.At, fault);
            }

            var before = standing?.Entry;
            var version = (before?.Key.Version ?? 0) + 1;
            var key = new RecordKey(draft.Type, draft.Id, version);
            var body = version == 1 || draft.Change.Kind == ChangeKind.Delete ? draft.Body : ResourceEditor.Edit(draft.Body.Span, new ResourceEdit { VersionId = version.ToString(CultureInfo.InvariantCulture) });
            byte[] annotation = [];
            if (draft.Type == "Consent")
            {
                var step = ConsentChange.Step(draft, before, key, body);
                annotation = step.After?.Encode() ?? [];
                if (annotation.Length > VaultOptions.MaxAnnotationBytes)
                {
                    return Drafted.Refused(draft.At, DraftFault.Invalid(
                        IssueType.TooLong, $"The compiled consent is larger than {VaultOptions.MaxAnnotationBytes / 1024} KiB: it needs fewer rules, codes or actors.", "Consent.provision", null));
                }

                steps.Add(step);
                redecided.Add(step.Patient);
            }
            else if (before is { Deleted: false } && (draft.Terms is null || !SameLabels(before.Terms!, draft.Terms)))
            {
                redecided.UnionWith(standing!.Shelves.Where(s => s.IsPatient));
            }

            writes.Add(Write(key, standing?.Shelves ?? draft.Shelves, body, now, before?.Custodian ?? custodian, draft.Terms, annotation));
            records[draft.At] = new ChangedRecord(key, draft.Change.Kind, before is null or { Deleted: true }, now, body) { Remarks = draft.Consent?.Remarks ?? [] };
        }

        var entries = found.Reads.Length + writes.SelectMany(w => w.Shelves).Distinct().Count() + steps.Sum(s => Math.Max(1, s.Operations)) + notThere.Count;
        return entries > RecordChange.MaximumEntries
            ? Drafted.Refused(0, DraftFault.Invalid(
                IssueType.TooCostly, $"The request makes more than {RecordChange.MaximumEntries} ledger entries: it needs fewer patients, or consents with fewer actors.", "", null))
            : new Drafted(null, [.. records], writes.ToImmutable(), [.. redecided], steps.ToImmutable()) { NotThere = notThere.ToImmutable() };
    }

    /// <summary>Which record each change is of, and what each fullUrl leads to; the fault where two changes meet.</summary>
    private static Planned? Targets(ChangeRequest request, Found found, out (string Type, string Id)[] targets, out Dictionary<string, string> byFullUrl)
    {
        targets = new (string Type, string Id)[request.Changes.Length];
        byFullUrl = new Dictionary<string, string>(StringComparer.Ordinal);
        var changed = new HashSet<(string, string)>();
        var conditions = new HashSet<(string, string)>();
        for (var i = 0; i < targets.Length; i++)
        {
            var change = request.Changes[i];
            var isSettled = found.Settled.TryGetValue(i, out var existing);
            targets[i] = (change.Type, existing?.Key.Id ?? change.Id ?? NewId());
            if (!isSettled && !changed.Add(targets[i]))
            {
                return Planned.Refused(i, IssueType.Invalid, "A transaction changes each record at most once.");
            }

            if (change.Condition is { } condition && !conditions.Add((condition.Type, condition.RawQuery)))
            {
                return Planned.Refused(i, IssueType.Invalid, "Two entries of the transaction have the same condition, so they would make two of what should be one. Leave one out, and refer to the other by its fullUrl.");
            }

            if (change.FullUrl is { } fullUrl && change.Kind != ChangeKind.Delete && !byFullUrl.TryAdd(fullUrl, $"{targets[i].Type}/{targets[i].Id}"))
            {
                return Planned.Refused(i, IssueType.Invalid, "Two entries of the transaction have the same fullUrl.");
            }
        }

        foreach (var (at, existing) in found.Settled)
        {
            if (existing is not null && changed.Contains((existing.Key.Type, existing.Key.Id)))
            {
                return Planned.Refused(at, IssueType.Invalid, "A transaction changes each record at most once, and another entry changes what this condition found.");
            }
        }

        return null;
    }

    /// <summary>True where the caller's scopes reach every patient that the record is of: a <c>patient/</c> scope reaches one.</summary>
    private static bool Covers(ChangeRequest request, Change change, ImmutableArray<ShelfId> shelves) =>
        shelves.All(shelf => request.Caller.Covers(change.Type, change.Scope, shelf));

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

    /// <summary>AuditEvents of these ids are what the ledger says of its entries: nobody may store another one under such a name.</summary>
    private static bool IsOfLedger(Draft draft) => draft.Type == "AuditEvent" && AuditEventWriter.EntryOf(draft.Id) is not null;

    private async ValueTask<DraftFault?> Fault(ChangeRequest request, Draft draft, Standing? standing, DateTimeOffset now, CancellationToken cancellation)
    {
        var change = draft.Change;
        if (standing is null)
        {
            return change.Kind == ChangeKind.Update && request.Caller.MayMigrate && change.IfMatch is null or 0 && !IsOfLedger(draft) ? null : DraftFault.NotThere(null);
        }

        var keeps = AccessPolicy.Keeps(request.Caller, standing.Entry);
        if (!keeps && !await Sees(request, standing, now, cancellation))
        {
            return DraftFault.NotThere(standing.Shelves[0]);
        }

        if (!keeps)
        {
            return new DraftFault(ChangeFault.NotTheirs, [], null);
        }

        if (change.IsOfAnother(standing.Entry.Key.Version, standing.Entry.Deleted))
        {
            return new DraftFault(ChangeFault.VersionConflict, [], null);
        }

        if (change.Kind == ChangeKind.Delete)
        {
            return standing.Entry.Deleted ? DraftFault.NotThere(standing.Shelves[0]) : null;
        }

        return draft.Shelves.SequenceEqual(standing.Shelves)
            ? null
            : DraftFault.Invalid(IssueType.BusinessRule, "A record stays with the patient it was created for. Delete it and create it anew for the other patient.", draft.Type, null);
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

/// <summary>A change with its id and its references settled; of a Consent with what was compiled from it, but for a delete.</summary>
internal sealed record Draft(
    int At, Change Change, string Type, string Id, ReadOnlyMemory<byte> Body, ResourceTerms? Terms, ImmutableArray<ShelfId> Shelves, CompiledConsent? Consent = null);

/// <summary>All drafts of a request, the shelves to lock, and the patients whose Patient record it writes; or the fault.</summary>
internal sealed record Planned(ChangeResult.Refused? Fault, ImmutableArray<Draft> Drafts, ImmutableArray<ShelfId> Shelves, IReadOnlySet<ShelfId> Patients)
{
    public static Planned Refused(int at, IssueType type, string message, string location = "") =>
        Refused(at, new ValidationIssue(IssueSeverity.Error, type, message, location));

    public static Planned Refused(int at, params ImmutableArray<ValidationIssue> issues) => Refused(new ChangeResult.Refused(at, ChangeFault.Invalid, issues));

    public static Planned Refused(ChangeResult.Refused fault) => new(fault, [], [], ImmutableHashSet<ShelfId>.Empty);
}

/// <summary>A record as it stands, and its shelves.</summary>
internal sealed record Standing(ShelfEntry Entry, ImmutableArray<ShelfId> Shelves);

/// <summary>Why a draft cannot become a version.</summary>
/// <param name="Fault">What was wrong.</param>
/// <param name="Issues">For <see cref="ChangeFault.Invalid"/>, what and where.</param>
/// <param name="Addressed">The shelf that answers for the attempt; null where there is none.</param>
internal sealed record DraftFault(ChangeFault Fault, ImmutableArray<ValidationIssue> Issues, ShelfId? Addressed)
{
    public static DraftFault NotThere(ShelfId? addressed) => new(ChangeFault.NotThere, [], addressed);

    public static DraftFault Invalid(IssueType type, string message, string location, ShelfId? addressed) =>
        new(ChangeFault.Invalid, [new ValidationIssue(IssueSeverity.Error, type, message, location)], addressed);
}

/// <summary>
/// How the answer shows each change, the versions to write, the patients about whom will be decided anew (labels or consents change), and the consents' steps; or the fault.
/// </summary>
internal sealed record Drafted(
    (ChangeResult.Refused Refused, ShelfId? Addressed)? Fault, ImmutableArray<ChangedRecord> Records, ImmutableArray<RecordWrite> Writes,
    ImmutableArray<ShelfId> Redecided, ImmutableArray<ConsentStep> Consents)
{
    /// <summary>The deletes of a transaction that find nothing which the caller may see, with the shelf that answers for the attempt; null where there is none.</summary>
    public ImmutableArray<(ChangeResult.Refused Refused, ShelfId? Addressed)> NotThere { get; init; } = [];

    public static Drafted Refused(int at, DraftFault fault) => Refused(new ChangeResult.Refused(at, fault.Fault, fault.Issues), fault.Addressed);

    public static Drafted Refused(ChangeResult.Refused refused, ShelfId? addressed) => new((refused, addressed), [], [], [], []);
}
