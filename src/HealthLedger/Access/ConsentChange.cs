using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Consents;
using HealthLedger.Events;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The only way a consent changes: granted, changed, withdrawn. Each version gives every grantee a fresh handle in the consent-state map and takes back the
/// handles of the version before, in one commit with the sealed Consent. It raises the patient's decision version inside the sequencer, so from the next
/// request on nothing rests on what was withdrawn.
/// </summary>
public sealed class ConsentChange
{
    private readonly Attempts _attempts;
    private readonly AccessPolicy _policy;
    private readonly ConsentStates _consents;
    private readonly IAppendOnly _log;
    private readonly ReceiptIds _receipts;
    private readonly TimeProvider _time;
    private readonly RecordVault _vault;

    /// <summary>Binds the road to the vault and the ledger it runs between.</summary>
    public ConsentChange(RecordVault vault, IAppendOnly log, ConsentStates consents, AccessPolicy policy, ReceiptIds receipts, TimeProvider time)
    {
        _vault = vault;
        _attempts = new Attempts(vault, log, receipts);
        _log = log;
        _consents = consents;
        _policy = policy;
        _receipts = receipts;
        _time = time;
    }

    /// <summary>Makes the one change of the request, which must be of a Consent.</summary>
    public async ValueTask<ChangeResult> Apply(ChangeRequest request, CancellationToken cancellation)
    {
        var change = request.Changes.Single();
        if (change.Type != "Consent")
        {
            throw new ArgumentException("This road is for consents.", nameof(request));
        }

        var now = Instants.Now(_time);
        var id = change.Id ?? Drafts.NewId();

        // compile: what cannot be enforced is not stored as if it were
        ConsentDirective? directive = null;
        ImmutableArray<ValidationIssue> remarks = [];
        if (change.Kind != ChangeKind.Delete)
        {
            switch (ConsentCompiler.Compile(change.Body, request.LocalBase.Length == 0 ? null : request.LocalBase))
            {
                case CompileOutcome.Invalid { Issues: var issues }:
                    return Invalid([.. issues.Select(i => new ValidationIssue(IssueSeverity.Error, IssueType.BusinessRule, i.Message, i.Place))]);
                case CompileOutcome.Compiled compiled:
                    directive = compiled.Directive;
                    remarks = [.. compiled.Remarks.Select(r => new ValidationIssue(IssueSeverity.Warning, IssueType.BusinessRule, r.Message, r.Place))];
                    break;
            }
        }

        // lock the patient's shelf, then look at what is there
        var located = await _vault.Locate("Consent", id, cancellation) ?? [];
        ImmutableArray<ShelfId> shelves = directive is null ? located : [ShelfId.Parse(directive.Patient)!.Value];
        if (shelves.IsEmpty)
        {
            // A consent that is not there: nothing to lock, one entry all the same.
            return await _attempts.Record(request, $"Consent/{id}", new ChangeResult.Refused(0, ChangeFault.NotThere, []), null, now, cancellation);
        }

        if (located.IsEmpty && await NotTheirPatient(request.Caller, shelves[0], cancellation) is { } unkept)
        {
            return await _attempts.Record(request, $"Consent/{id}", new ChangeResult.Refused(0, ChangeFault.NotThere, []), unkept.Addressed, now, cancellation);
        }

        using var held = await _vault.LockForWrite([.. shelves.Union(located)], change.Id is null ? [] : [("Consent", id)], cancellation);
        located = await _vault.Locate("Consent", id, cancellation) ?? [];
        var standing = located.IsEmpty ? null : held.Current(located[0])?.Find("Consent", id);
        if (await Fault(request, change, directive, standing, located, shelves, now, cancellation) is { } fault)
        {
            return await _attempts.Record(request, $"Consent/{id}", new ChangeResult.Refused(0, fault.Fault, fault.Issues), standing is null ? null : located[0], now, cancellation);
        }

        // handles: fresh ones for this version's grantees, the last version's taken back
        var before = standing is null or { Deleted: true } ? null : ConsentRecord.Decode(standing.Annotation);
        var version = (standing?.Key.Version ?? 0) + 1;
        var after = directive is null ? null : GiveHandles(directive.As(id, version));
        var compiledBytes = after?.Encode() ?? [];
        if (compiledBytes.Length > VaultOptions.MaxAnnotationBytes)
        {
            return Invalid([new ValidationIssue(
                IssueSeverity.Error, IssueType.TooLong, $"The compiled consent is larger than {VaultOptions.MaxAnnotationBytes / 1024} KiB: it needs fewer rules, codes or actors.", "Consent.provision")]);
        }

        var key = new RecordKey("Consent", id, version);
        ReadOnlyMemory<byte> body = directive is null ? default : Numbered(change.Body.Span, id, version, request.LocalBase, now);
        var terms = directive is null ? null : SearchTermExtractor.Extract(body, _vault.Vocabulary);

        // seal
        using var prepared = await _vault.Prepare(
            held, [Drafts.Write(key, shelves, body, now, standing?.Custodian ?? AccessPolicy.CustodianOf(request.Caller), terms, compiledBytes)], cancellation);

        // record: one event for each handle given or taken back, with the sealed Consent in the same commit
        var shelf = shelves[0];
        var chain = prepared.Shelves[0].Chain;
        ImmutableArray<PendingEvent> events = [.. Events(request, shelf, key, before, after, body, prepared.Shelves[0].Evidence, now).Select(e => AccessFacts.Finish(e.Fact, chain, e.Operation))];
        var entry = new ChangeEntry(new AppendRequest
        {
            Events = events,
            Notice = Notices.Of(events, NoticedKind.RecordChanged, now),
            Raises = [shelf.Value],
            Redo = prepared.Redo,
            Committed = prepared.Commit,
        });
        return await Recorded<ChangeEntry>.Append(_log, entry, cancellation) is RecordOutcome<ChangeEntry>.Done { Recorded: var recorded }
            ? new ChangeResult.Changed(
                [new ChangedRecord(key, change.Kind, standing is null or { Deleted: true }, now, body)],
                _receipts.Seal(recorded.Position.Indices[0], chain.Id, request.Caller.ClientId)) { Remarks = remarks }
            : new ChangeResult.Unavailable();
    }

    /// <summary>The Consent as it is stored: its own id and version, and references to this server made relative, as in every record.</summary>
    private byte[] Numbered(ReadOnlySpan<byte> consent, string id, int version, string localBase, DateTimeOffset now) => ResourceEditor.Edit(consent, new ResourceEdit
    {
        Id = id,
        VersionId = version.ToString(System.Globalization.CultureInfo.InvariantCulture),
        LastUpdated = now,
        Links = new ReferenceTargets(_vault, ImmutableDictionary<string, string>.Empty, localBase, now).Rewrite,
    });

    /// <summary>
    /// A new consent is recorded by the patient, or by a client of the organization that keeps the patient's record: whoever could record one for any patient
    /// could permit itself everything. Where nobody keeps the patient yet, only those who load data may come first. Null where the caller may; else the patient
    /// to tell, where there is one.
    /// </summary>
    private async ValueTask<(ShelfId? Addressed, bool Refused)?> NotTheirPatient(Caller caller, ShelfId patient, CancellationToken cancellation)
    {
        if (caller.Role == CallerRole.Patient && patient.PatientId == caller.Patient)
        {
            return null;
        }

        var shelf = await _vault.OpenShelf(patient, cancellation);
        var record = shelf?.Find("Patient", patient.PatientId!);
        return (record is null ? caller.MayMigrate : AccessPolicy.Keeps(caller, record)) ? null : (shelf is null ? null : patient, true);
    }

    private static ConsentRecord GiveHandles(ConsentDirective directive) => new(
        directive,
        [.. (directive.IsActive ? directive.Grantees : []).Select(g => new GranteeHandle(g, RandomNumberGenerator.GetBytes(ConsentRecord.HandleLength), RandomNumberGenerator.GetBytes(32)))]);

    private static IEnumerable<(FactBuilder Fact, ConsentOperation? Operation)> Events(
        ChangeRequest request, ShelfId shelf, RecordKey key, ConsentRecord? before, ConsentRecord? after, ReadOnlyMemory<byte> body, string root, DateTimeOffset now)
    {
        var evidence = Evidence(request.Caller, body, root);
        FactBuilder Fact(string reason, string? grantee) =>
            AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "consent", now)
                .Set(FactField.Patient, shelf.Value)
                .Set(FactField.Targets, AccessFacts.JsonArray([(key.ToString(), null)]))
                .Set(FactField.Decision, "permit")
                .Set(FactField.Reason, reason)
                .Set(FactField.Consent, grantee is null ? key.ToString() : $"{key}#{grantee}")
                .Set(FactField.Evidence, evidence);

        var operations = 0;
        foreach (var handle in before?.Handles ?? [])
        {
            operations++;
            yield return Bound(Fact("consent-withdrawn", handle.Grantee), before!, handle, withdraw: true);
        }

        foreach (var handle in after?.Handles ?? [])
        {
            operations++;
            yield return Bound(Fact("consent-granted", handle.Grantee), after!, handle, withdraw: false);
        }

        if (operations == 0)
        {
            yield return (Fact("consent-recorded", null), null);
        }
    }

    private static (FactBuilder Fact, ConsentOperation? Operation) Bound(FactBuilder fact, ConsentRecord record, GranteeHandle handle, bool withdraw)
    {
        var scope = ConsentScope.Of(record.Directive, handle.Grantee);
        var commitment = Proofs.Tokens.ScopeCommitment.Of(scope.Encode(), handle.Opening.Span);
        fact.Bind(withdraw ? Proofs.Entries.ConsentOperation.Withdraw : Proofs.Entries.ConsentOperation.Grant, new Proofs.Hash(handle.Handle.Span));
        return (fact, new ConsentOperation(withdraw, handle.Handle, scope.NotAfter ?? long.MaxValue, commitment.ToArray()));
    }

    /// <summary>What stands behind the change: the digest of the Consent as it was given, the root of the sealed change, and who gave it.</summary>
    private static string Evidence(Caller caller, ReadOnlyMemory<byte> body, string root) => JsonSerializer.Serialize(new Dictionary<string, string>
    {
        ["directive"] = Convert.ToHexStringLower(SHA256.HashData(body.Span)),
        ["root"] = root,
        ["given"] = caller.Role == CallerRole.Patient ? "by the patient, signed in" : "through a client that records consents",
    });

    private async ValueTask<(ChangeFault Fault, ImmutableArray<ValidationIssue> Issues)?> Fault(
        ChangeRequest request, Change change, ConsentDirective? directive, ShelfEntry? standing, ImmutableArray<ShelfId> located, ImmutableArray<ShelfId> shelves, DateTimeOffset now, CancellationToken cancellation)
    {
        var caller = request.Caller;
        if (caller.Role == CallerRole.Patient && shelves.Any(s => s.PatientId != caller.Patient))
        {
            return (ChangeFault.NotThere, []);
        }

        if (standing is null)
        {
            return change.Kind == ChangeKind.Create || (change.Kind == ChangeKind.Update && caller.MayMigrate && change.IfMatch is null) ? null : (ChangeFault.NotThere, []);
        }

        var own = caller.Role == CallerRole.Patient && located.All(s => s.PatientId == caller.Patient);
        if (!own && !AccessPolicy.Keeps(caller, standing))
        {
            var read = new DisclosureRequest { Caller = caller, Purpose = request.Purpose, RequestId = request.RequestId, Target = new Target.Record("Consent", standing.Key.Id, null) };
            var seen = await _consents.Of(located[0], cancellation) is { } patient && _policy.Decide(patient, read, AccessRequest.For(caller, request.Purpose, now), standing).Permitted;
            return (seen ? ChangeFault.NotTheirs : ChangeFault.NotThere, []);
        }

        return change.IfMatch is { } version && version != standing.Key.Version ? (ChangeFault.VersionConflict, [])
            : change.Kind == ChangeKind.Delete && standing.Deleted ? (ChangeFault.NotThere, [])
            : directive is not null && !shelves.SequenceEqual(located)
                ? (ChangeFault.Invalid, [new ValidationIssue(IssueSeverity.Error, IssueType.BusinessRule, "A consent stays with the patient it was given for.", "Consent.patient")])
            : null;
    }

    private static ChangeResult.Refused Invalid(ImmutableArray<ValidationIssue> issues) => new(0, ChangeFault.Invalid, issues);
}
