using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Consents;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// What granting, changing and withdrawing a consent takes beside the change of a record, alone or within a transaction: who may, and the handles. Each version
/// gives every grantee a fresh handle in the consent-state map and takes back the handles of the version before, in one commit with the sealed Consent. That raises
/// the patient's decision version inside the sequencer, so from the next request on nothing rests on what was withdrawn. Nothing else gives or takes handles.
/// </summary>
internal sealed class ConsentChange(ConsentStates consents, AccessPolicy policy)
{
    /// <summary>The most bytes of a Consent that is written back as ended on a full disk: a longer one is deleted.</summary>
    private const int MostBytesTakingBack = 64 << 10;

    /// <summary>Compiles a Consent whose references are settled: what cannot be enforced is not stored as if it were.</summary>
    public static (CompiledConsent? Consent, ImmutableArray<ValidationIssue> Faults) Compile(ReadOnlyMemory<byte> body, string localBase) =>
        ConsentCompiler.Compile(body, localBase.Length == 0 ? null : localBase) switch
        {
            CompileOutcome.Compiled compiled => (new CompiledConsent(compiled.Directive, Issues(compiled.Remarks, IssueSeverity.Warning)), []),
            CompileOutcome.Invalid invalid => (null, Issues(invalid.Issues, IssueSeverity.Error)),
            var other => throw new InvalidOperationException($"A compilation ended as {other.GetType().Name}, which this version does not know."),
        };

    /// <summary>Why this change of a Consent cannot be made, and the patient to tell, where there is one; null where it can. All records of the transaction were found good before.</summary>
    public async ValueTask<DraftFault?> Fault(
        ChangeRequest request, Draft draft, Standing? standing, ShelfLock held, IReadOnlySet<ShelfId> written, DateTimeOffset now, CancellationToken cancellation)
    {
        var (caller, change) = (request.Caller, draft.Change);
        if (standing is null)
        {
            if (draft.Consent is null)
            {
                return DraftFault.NotThere(null);
            }

            var patient = draft.Shelves[0];
            var shelf = held.Current(patient);
            if (!MayRecord(caller, patient, shelf, written.Contains(patient)))
            {
                return DraftFault.NotThere(shelf is null ? null : patient);
            }

            return IsOthers(caller, draft.Shelves) || (change.Kind == ChangeKind.Update && !(caller.MayMigrate && change.IfMatch is null or 0)) ? DraftFault.NotThere(null) : null;
        }

        var told = standing.Shelves[0];
        if (IsOthers(caller, draft.Shelves))
        {
            return DraftFault.NotThere(told);
        }

        var own = caller.Role == CallerRole.Patient && !IsOthers(caller, standing.Shelves);
        if (!own && !AccessPolicy.Keeps(caller, standing.Entry))
        {
            var read = new DisclosureRequest { Caller = caller, Purpose = request.Purpose, RequestId = request.RequestId, Target = new Target.Record("Consent", draft.Id, null) };
            var seen = await consents.Of(told, cancellation) is { } patient && policy.Decide(patient, read, AccessRequest.For(caller, request.Purpose, now), standing.Entry).Permitted;
            return new DraftFault(seen ? ChangeFault.NotTheirs : ChangeFault.NotThere, [], told);
        }

        return change.IsOfAnother(standing.Entry.Key.Version, standing.Entry.Deleted) ? new DraftFault(ChangeFault.VersionConflict, [], told)
            : change.Kind == ChangeKind.Delete && standing.Entry.Deleted ? DraftFault.NotThere(told)
            : draft.Consent is not null && !draft.Shelves.SequenceEqual(standing.Shelves)
                ? DraftFault.Invalid(IssueType.BusinessRule, "A consent stays with the patient it was given for.", "Consent.patient", told)
            : null;
    }

    /// <summary>True where a change, by what it asks for alone, can only end a consent: a delete, or a new version that is not active. One with a condition is a search as well.</summary>
    public static bool TakesBack(Change change) => change is { Type: "Consent", Condition: null }
        && (change.Kind == ChangeKind.Delete
            || (change.Kind == ChangeKind.Update && change.Body.Length <= MostBytesTakingBack && StatusOf(change.Body.Span) is not (null or "active")));

    /// <summary>The handles before and after: fresh ones for this version's grantees, the last version's taken back.</summary>
    public static ConsentStep Step(Draft draft, ShelfEntry? standing, RecordKey key, ReadOnlyMemory<byte> body) => new(
        key,
        draft.Shelves[0],
        body,
        standing is null or { Deleted: true } ? null : ConsentRecord.Decode(standing.Annotation),
        draft.Consent is { } consent ? GiveHandles(consent.Directive.As(key.Id, key.Version)) : null);

    /// <summary>One event for each handle given or taken back; one where there is none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="step">What changes.</param>
    /// <param name="chain">The patient's.</param>
    /// <param name="root">What commits to the sealed change.</param>
    /// <param name="now">When.</param>
    public static IEnumerable<PendingEvent> Events(ChangeRequest request, ConsentStep step, EventChain chain, string root, DateTimeOffset now)
    {
        var evidence = Evidence(request.Caller, step.Body, root);
        FactBuilder Fact(string reason, string? grantee) =>
            AccessFacts.Start(request.Caller, request.Purpose, request.Interaction, request.RequestId, "consent", now)
                .Set(FactField.Patient, step.Patient.Value)
                .Set(FactField.Targets, AccessFacts.JsonArray([(step.Key.ToString(), null)]))
                .Set(FactField.Decision, "permit")
                .Set(FactField.Reason, reason)
                .Set(FactField.Consent, grantee is null ? step.Key.ToString() : $"{step.Key}#{grantee}")
                .Set(FactField.Evidence, evidence);

        foreach (var handle in step.Before?.Handles ?? [])
        {
            yield return Bound(Fact("consent-withdrawn", handle.Grantee), step.Before!, handle, chain, withdraw: true);
        }

        foreach (var handle in step.After?.Handles ?? [])
        {
            yield return Bound(Fact("consent-granted", handle.Grantee), step.After!, handle, chain, withdraw: false);
        }

        if (step.Operations == 0)
        {
            yield return AccessFacts.Finish(Fact("consent-recorded", null), chain);
        }
    }

    private static string? StatusOf(ReadOnlySpan<byte> consent)
    {
        var json = new Utf8JsonReader(consent);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1)
            {
                var isStatus = json.ValueTextEquals("status"u8);
                json.Read();
                if (isStatus)
                {
                    return json.TokenType == JsonTokenType.String ? json.GetString() : null;
                }

                json.Skip();
            }
        }

        return null;
    }

    /// <summary>
    /// A new consent is recorded by the patient, or by a client of the organization that keeps the patient's record: whoever could record one for any patient
    /// could permit itself everything. Where nobody keeps the patient yet, the one whose transaction writes the patient's record, or else those who load data, may come first.
    /// </summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="patient">The patient's shelf.</param>
    /// <param name="shelf">What is on it; null where there is nothing.</param>
    /// <param name="writesPatient">True where the same transaction writes the patient's record, which it may do only as its keeper.</param>
    private static bool MayRecord(Caller caller, ShelfId patient, Shelf? shelf, bool writesPatient) =>
        (caller.Role == CallerRole.Patient && patient.PatientId == caller.Patient)
        || (shelf?.Find("Patient", patient.PatientId!) is { } record ? AccessPolicy.Keeps(caller, record) : writesPatient || caller.MayMigrate);

    private static bool IsOthers(Caller caller, ImmutableArray<ShelfId> shelves) => caller.Role == CallerRole.Patient && shelves.Any(s => s.PatientId != caller.Patient);

    private static ConsentRecord GiveHandles(ConsentDirective directive) => new(
        directive,
        [.. (directive.IsActive ? directive.Grantees : []).Select(g => new GranteeHandle(g, RandomNumberGenerator.GetBytes(ConsentRecord.HandleLength), RandomNumberGenerator.GetBytes(32)))]);

    private static PendingEvent Bound(FactBuilder fact, ConsentRecord record, GranteeHandle handle, EventChain chain, bool withdraw)
    {
        var scope = ConsentScope.Of(record.Directive, handle.Grantee);
        var commitment = Proofs.Tokens.ScopeCommitment.Of(scope.Encode(), handle.Opening.Span);
        fact.Bind(withdraw ? Proofs.Entries.ConsentOperation.Withdraw : Proofs.Entries.ConsentOperation.Grant, new Proofs.Hash(handle.Handle.Span));
        return AccessFacts.Finish(fact, chain, new ConsentOperation(withdraw, handle.Handle, scope.NotAfter ?? long.MaxValue, commitment.ToArray()));
    }

    /// <summary>What stands behind the change: the digest of the Consent as it was given, the root of the sealed change, and who gave it.</summary>
    private static string Evidence(Caller caller, ReadOnlyMemory<byte> body, string root) => JsonSerializer.Serialize(new Dictionary<string, string>
    {
        ["directive"] = Convert.ToHexStringLower(SHA256.HashData(body.Span)),
        ["root"] = root,
        ["given"] = caller.Role switch
        {
            CallerRole.Patient => "by the patient, signed in",
            CallerRole.Operator => "by an operator, with the erasure of the records",
            _ => "through a client that records consents",
        },
    });

    private static ImmutableArray<ValidationIssue> Issues(ImmutableArray<ConsentIssue> issues, IssueSeverity severity) =>
        [.. issues.Select(i => new ValidationIssue(severity, IssueType.BusinessRule, i.Message, i.Place))];
}

/// <summary>A Consent that can be enforced.</summary>
/// <param name="Directive">What it says.</param>
/// <param name="Remarks">What in it is not understood, for whoever signs.</param>
internal sealed record CompiledConsent(ConsentDirective Directive, ImmutableArray<ValidationIssue> Remarks);

/// <summary>One consent's step from a version to the next.</summary>
/// <param name="Key">The new version.</param>
/// <param name="Patient">Whose consent.</param>
/// <param name="Body">The Consent as it is stored; empty for a delete.</param>
/// <param name="Before">What stood; null where nothing did.</param>
/// <param name="After">What stands from now on; null for a delete.</param>
internal sealed record ConsentStep(RecordKey Key, ShelfId Patient, ReadOnlyMemory<byte> Body, ConsentRecord? Before, ConsentRecord? After)
{
    /// <summary>How many handles are taken back and given.</summary>
    public int Operations => (Before?.Handles.Length ?? 0) + (After?.Handles.Length ?? 0);
}
