using System.Collections.Immutable;
using HealthLedger.Access;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>
/// Answers questions about the recorded events: an auditor's about everybody or about a patient whom they name, and a patient's about the own chain. Each question is one
/// entry, appended before it is answered, whatever the answer. One that names a patient is on that patient's chain, so that the patient sees who asked.
/// </summary>
/// <remarks>
/// Of everybody it merges the chains of all patients by their newest events, so the first question after a start looks up the length of each chain once: seconds for each
/// ten thousand patients.
/// </remarks>
public sealed class AuditTrail(RecordVault vault, LedgerLog ledger, Pseudonyms pseudonyms, TimeProvider time)
{
    private static readonly FactField[] AskedFields = [FactField.Event, FactField.Time, FactField.Client, FactField.User, FactField.Organization, FactField.Purpose, FactField.Evidence, FactField.Binding];
    private readonly EventWalk _walk = new(ledger);
    private readonly KnownOwners _owners = new();

    /// <summary>True for who may ask at all: auditors, and patients about themselves.</summary>
    public static bool MayAsk(Caller caller) => caller.MayAudit || caller is { Role: CallerRole.Patient, Patient: not null };

    /// <summary>Records a question and looks for its answer among what came before it.</summary>
    /// <param name="caller">An auditor, or a patient whose question names themselves.</param>
    /// <param name="requestId">The request's id.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="scope">How far to look.</param>
    /// <param name="also">A further condition on an event as the caller may see it; null for none.</param>
    /// <param name="cancellation">Stops the search; the question stays recorded.</param>
    /// <returns>Null where the ledger takes no entry, so that nothing is answered.</returns>
    /// <exception cref="ArgumentException">The caller may not ask this: a bug of who calls.</exception>
    public async ValueTask<AuditAnswer?> Ask(
        Caller caller, string requestId, ReviewQuestion question, AuditScope scope, Func<FoundEvent, bool>? also, CancellationToken cancellation)
    {
        var role = RoleOf(caller, question);
        if (await Record(caller, requestId, question, cancellation) is not var (asked, on))
        {
            return null;
        }

        // Answered from what came before the question.
        var (from, before) = _walk.Span(scope.Since ?? question.Since, scope.Until ?? question.Until);
        before = Math.Min(before, Math.Min(question.Before ?? asked, asked));
        var found = ImmutableArray.CreateBuilder<(ulong Entry, EventChain Chain)>();
        var (matches, scanned) = (0, 0);
        ulong? next = null;
        foreach (var (entry, chain) in _walk.NewestFirst(await Chains(question, cancellation), before, from, cancellation))
        {
            if (scanned == scope.MaxScan || (found.Count == question.Max && !scope.CountsAll))
            {
                next ??= entry + 1;
                break;
            }

            scanned++;
            var happened = Open(entry, chain, role);
            if (!question.Matches(happened.Happened) || also?.Invoke(happened) == false)
            {
                continue;
            }

            matches++;
            if (found.Count < question.Max)
            {
                found.Add((entry, chain));
                _owners.Remember(entry, chain.Patient);
            }
            else
            {
                next ??= entry + 1;
            }
        }

        var isWhole = scanned < scope.MaxScan || next is null;
        return new AuditAnswer(this, role, on, found.ToImmutable(), next, asked, scanned, question.Before is null && (next is null || (scope.CountsAll && isWhole)) ? matches : null);
    }

    /// <summary>Records that one event is asked for, and opens it where the caller may see it.</summary>
    /// <param name="caller">An auditor, or a patient.</param>
    /// <param name="requestId">The request's id.</param>
    /// <param name="id">An AuditEvent's id, at most 64 characters.</param>
    /// <param name="cancellation">Stops the search; the question stays recorded.</param>
    /// <returns>Null where the ledger takes no entry; else the question's entry, and the event or null.</returns>
    public async ValueTask<(AuditAnswer Asked, FoundEvent? Event)?> Read(Caller caller, string requestId, string id, CancellationToken cancellation)
    {
        var question = new ReviewQuestion { Search = "AuditEvent/" + id, Interaction = "read", Patient = caller.Role == CallerRole.Patient ? caller.Patient : null };
        var role = RoleOf(caller, question);
        if (await Record(caller, requestId, question, cancellation) is not var (asked, on))
        {
            return null;
        }

        var answer = new AuditAnswer(this, role, on, [], null, asked, 0, null);
        if (AuditEventWriter.EntryOf(id) is { } entry && entry < asked)
        {
            // What was shown lately is opened at once; of anything else each chain's key is tried, since nothing stored says whose an entry is.
            if (caller.Role == CallerRole.Regulator && OfKnown(entry, role) is { } known)
            {
                return (answer, known);
            }

            foreach (var chain in await Chains(question, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                if (Opened(entry, chain, role) is { } found)
                {
                    return (answer, found);
                }
            }
        }

        return (answer, null);
    }

    /// <summary>Whom pseudonyms stand for, for an operator, who sees no events; recorded as a question before it is answered.</summary>
    /// <returns>By pseudonym, <c>Patient/id</c>; null where the ledger takes no entry.</returns>
    /// <exception cref="ArgumentException">The caller is no operator.</exception>
    public async ValueTask<ImmutableDictionary<string, string>?> Resolve(Caller caller, string requestId, IReadOnlySet<string> asked, CancellationToken cancellation)
    {
        if (caller.Role != CallerRole.Operator)
        {
            throw new ArgumentException("Only an operator resolves pseudonyms.", nameof(caller));
        }

        var question = new ReviewQuestion { Report = "pseudonyms", Search = string.Join(' ', asked.Order(StringComparer.Ordinal)) };
        return await Record(caller, requestId, question, cancellation) is null ? null : await pseudonyms.Resolve(asked, vault, cancellation);
    }

    internal LedgerLog Ledger => ledger;

    internal FoundEvent Open(ulong entry, EventChain chain, OpenedTo role) =>
        Opened(entry, chain, role) ?? throw new InvalidDataException($"The fact of entry {entry} does not open: what is stored is not what was recorded.");

    private FoundEvent? Opened(ulong entry, EventChain chain, OpenedTo role) =>
        ledger.FactOf(entry, chain) is { } fact ? new FoundEvent(ledger, pseudonyms, entry, fact, role) : null;

    private FoundEvent? OfKnown(ulong entry, OpenedTo role) =>
        _owners.TryGet(entry, out var patient) && (patient is null ? vault.TenantChain : ShelfId.Parse(patient) is { } shelf ? vault.ChainOf(shelf) : null) is { } chain ? Opened(entry, chain, role) : null;

    internal EvidenceItem Question(ulong asked, EventChain on, ulong size) => Open(asked, on, OpenedTo.Patient).ToEvidence(size, AskedFields);

    private static OpenedTo RoleOf(Caller caller, ReviewQuestion question) => caller switch
    {
        { Role: CallerRole.Regulator } => question.Patient is null ? OpenedTo.Auditor : OpenedTo.AuditorOfPatient,
        { Role: CallerRole.Patient, Patient: { } own } when own == question.Patient => OpenedTo.Patient,
        _ => throw new ArgumentException("An auditor asks, or a patient about themselves.", nameof(caller)),
    };

    private async ValueTask<List<EventChain>> Chains(ReviewQuestion question, CancellationToken cancellation)
    {
        if (question.Patient is { } named)
        {
            return vault.ChainOf(ShelfId.ForPatient(named)) is { } own ? [own] : [];
        }

        var patients = await vault.Patients.PatientIds(cancellation);
        var chains = new List<EventChain>(patients.Length + 1) { vault.TenantChain };
        for (var i = 0; i < patients.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (vault.ChainOf(ShelfId.ForPatient(patients.Span[i])) is { } chain)
            {
                chains.Add(chain);
            }
        }

        chains.AddRange(vault.Erasures.Chains);
        return chains;
    }

    /// <summary>Appends the question's entry; where it stands and on which chain, or null where the ledger takes none.</summary>
    private async ValueTask<(ulong Entry, EventChain On)?> Record(Caller caller, string requestId, ReviewQuestion question, CancellationToken cancellation)
    {
        var purpose = caller.Role switch
        {
            CallerRole.Patient => PurposeOfUse.PatientRequested,
            CallerRole.Operator => PurposeOfUse.Operations,
            _ => PurposeOfUse.Compliance,
        };

        // A patient who looks at the own list is no news to the patient.
        var isAbout = caller.Role == CallerRole.Regulator && question.Patient is { } named ? ShelfId.ForPatient(named) : (ShelfId?)null;
        var chain = (isAbout is { } shelf ? vault.ChainOf(shelf) : null) ?? vault.TenantChain;
        var fact = AccessFacts.Start(caller, purpose, question.Interaction, requestId, "review", Instants.Now(time))
            .Set(FactField.Patient, chain.Patient)
            .Set(FactField.Targets, question is { Interaction: "read", Search: { } addressed } ? AccessFacts.JsonArray([(addressed, null)]) : null)
            .Set(FactField.Decision, "permit")
            .Set(FactField.Evidence, question.ToJson());
        return await Recorded<ReviewEntry>.Append(ledger, new ReviewEntry(new AppendRequest { Events = [AccessFacts.Finish(fact, chain)] }), cancellation) is RecordOutcome<ReviewEntry>.Done done
            ? (done.Recorded.Position.Indices[0], chain)
            : null;
    }
}

/// <summary>How far a question is followed.</summary>
/// <param name="MaxScan">Events that are looked at.</param>
/// <param name="CountsAll">Whether to go on counting where the page is full.</param>
/// <param name="Since">No event before this instant can match; null where that is not known.</param>
/// <param name="Until">No event at or after this instant can match; null where that is not known.</param>
public sealed record AuditScope(int MaxScan, bool CountsAll = false, DateTimeOffset? Since = null, DateTimeOffset? Until = null);

/// <summary>A question about to be recorded.</summary>
internal sealed record ReviewEntry(AppendRequest Append) : IRecordable
{
    public AppendRequest ToAppend() => Append;
}
