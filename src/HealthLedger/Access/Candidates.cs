using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The first half of a disclosure: who is permitted at all, which of their records answer, and which of those may leave. Consent comes before match, count,
/// sort and paging; nothing here sees plaintext beyond search terms, and nothing leaves.
/// </summary>
internal sealed class Candidates(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    public const int DefaultPage = 50;
    public const int MaximumPage = 500;

    /// <summary>How many permitted patients one search may span.</summary>
    public int PatientLimit { get; } = 5_000;

    /// <summary>Decides and matches.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="now">The time that decides.</param>
    /// <param name="raced">Subjects that changed under this request twice: they refuse.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async ValueTask<Selection> Select(DisclosureRequest request, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var asked = AccessRequest.For(request.Caller, request.Purpose, now);
        var everybody = consents.OfEverybody();
        return request.Target switch
        {
            Target.Record target => await One(target, request, asked, everybody, raced, cancellation),
            Target.Criteria target => await Matching(target, request, asked, everybody, raced, now, cancellation),
            Target.History target => await new Histories(vault, consents, policy, this).Select(target, request, asked, now, raced, cancellation),
            Target.Compartment target => await All(target, request, asked, everybody, raced, cancellation),
            _ => throw new ArgumentException("Unknown target.", nameof(request)),
        };
    }

    private async ValueTask<Selection> One(
        Target.Record target, DisclosureRequest request, AccessRequest asked, DecisionVersion everybody, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        if (await vault.Locate(target.Type, target.Id, cancellation) is not { } shelves)
        {
            return new Selection();
        }

        var judged = await Judge(shelves, target, request, asked, raced, cancellation);
        if (judged is not var (candidate, versions))
        {
            return new Selection();
        }

        return candidate.Permitted
            ? new Selection { Page = [candidate], Addressed = shelves[0], RestsOn = [everybody, .. versions] }
            : new Selection { Addressed = candidate.Refusal!.Shelf, Refusal = candidate.Refusal };
    }

    /// <summary>What all shelves of a record say about one version of it; null where it is not there.</summary>
    public async ValueTask<(Candidate Candidate, ImmutableArray<DecisionVersion> Versions)?> Judge(
        ImmutableArray<ShelfId> shelves, Target.Record target, DisclosureRequest request, AccessRequest asked, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        Candidate? candidate = null;
        var decisions = ImmutableArray.CreateBuilder<ShelfDecision>(shelves.Length);
        var versions = ImmutableArray.CreateBuilder<DecisionVersion>(shelves.Length);
        foreach (var id in shelves)
        {
            PatientState? patient = id.IsPatient ? await consents.Of(id, cancellation) : null;
            var shelf = patient?.Shelf ?? await vault.OpenShelf(id, cancellation);
            var entry = target.Version is { } version ? shelf?.Find(new RecordKey(target.Type, target.Id, version)) : shelf?.Find(target.Type, target.Id);
            if (entry is null)
            {
                return null;
            }

            candidate ??= new Candidate(shelf!, entry, []);

            decisions.Add(new ShelfDecision(id, Decide(patient, request, asked, entry, raced)));
            if (patient is not null)
            {
                versions.Add(patient.Version);
            }
        }

        return (candidate! with { Decisions = decisions.MoveToImmutable() }, versions.ToImmutable());
    }

    private async ValueTask<Selection> Matching(
        Target.Criteria target, DisclosureRequest request, AccessRequest asked, DecisionVersion everybody, ImmutableHashSet<string> raced, DateTimeOffset now, CancellationToken cancellation)
    {
        var matches = new Dictionary<(string Type, string Id), Candidate>();
        var versions = new Dictionary<string, DecisionVersion>(StringComparer.Ordinal);
        var snapshot = target.Page.Snapshot ?? now;

        // decide per patient
        var permitted = 0;
        foreach (var id in await PatientShelves(target, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            if (raced.Contains(id.Value) || !request.Caller.Covers(target.Type, request.Scope, id) || await consents.Of(id, cancellation) is not { } patient || policy.RefusesPatient(patient, asked))
            {
                continue;
            }

            if (++permitted > PatientLimit)
            {
                return new Selection { TooBroad = true };
            }

            // match inside, then decide per record
            foreach (var entry in patient.Shelf.OfType(target.Type))
            {
                if (!Answers(entry, target, snapshot) || matches.ContainsKey((entry.Key.Type, entry.Key.Id)))
                {
                    continue;
                }

                var judged = await JudgeFound(patient, entry, request, asked, raced, cancellation);
                if (judged is var (candidate, restsOn) && candidate.Permitted)
                {
                    matches.Add((entry.Key.Type, entry.Key.Id), candidate);
                    foreach (var version in restsOn)
                    {
                        // The first version seen is the one that the earliest decision rests on.
                        versions.TryAdd(version.Subject, version);
                    }
                }
            }
        }

        if (target.Query.PatientIds() is null && await vault.OpenShelf(ShelfId.ForDirectory(target.Type), cancellation) is { } directory)
        {
            foreach (var entry in directory.OfType(target.Type))
            {
                if (Answers(entry, target, snapshot) && AccessPolicy.DecideDirectory(request, entry) is { Permitted: true } decision)
                {
                    matches.Add((entry.Key.Type, entry.Key.Id), new Candidate(directory, entry, [new ShelfDecision(directory.Id, decision)]));
                }
            }
        }

        return Page(target, matches.Values, versions.Values, everybody, snapshot);
    }

    private static Selection Page(
        Target.Criteria target, IEnumerable<Candidate> matches, IEnumerable<DecisionVersion> versions, DecisionVersion everybody, DateTimeOffset snapshot)
    {
        var ordered = matches.ToArray();
        Array.Sort(ordered, (a, b) => RecordView.Compare(target.Query, a.Entry, b.Entry));
        var count = target.Query.IsCountOnly ? 0 : Math.Min(target.Query.Count ?? DefaultPage, MaximumPage);
        var page = ordered.Skip(target.Page.Offset).Take(count).ToImmutableArray();
        var end = target.Page.Offset + page.Length;
        return new Selection
        {
            Page = page,
            Total = ordered.Length,
            Next = page.Length > 0 && end < ordered.Length ? new PagePosition(end, snapshot) : null,
            Counted = target.Query.IsCountOnly ? [.. ordered.SelectMany(c => c.Decisions).Select(d => d.Shelf).Where(s => s.IsPatient).Distinct()] : [],
            RestsOn = [everybody, .. versions],
        };
    }

    private async ValueTask<Selection> All(
        Target.Compartment target, DisclosureRequest request, AccessRequest asked, DecisionVersion everybody, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var id = ShelfId.ForPatient(target.Patient);
        var versions = new Dictionary<string, DecisionVersion>(StringComparer.Ordinal);
        var page = ImmutableArray.CreateBuilder<Candidate>();
        var patient = await consents.Of(id, cancellation);
        foreach (var entry in patient is null || policy.RefusesPatient(patient, asked) ? [] : patient.Shelf.All)
        {
            var judged = await JudgeFound(patient!, entry, request, asked, raced, cancellation);
            if (judged is var (candidate, restsOn) && candidate.Permitted)
            {
                page.Add(candidate);
                foreach (var version in restsOn)
                {
                    versions.TryAdd(version.Subject, version);
                }
            }
        }

        return new Selection { Page = page.ToImmutable(), Total = page.Count, RestsOn = [everybody, .. versions.Values] };
    }

    /// <summary>The decision about a record found on a patient's shelf; one that other patients share is decided by all of them.</summary>
    /// <summary>What all shelves of a version found on one patient's shelf say about it.</summary>
    public async ValueTask<(Candidate Candidate, ImmutableArray<DecisionVersion> Versions)?> JudgeFound(
        PatientState patient, ShelfEntry entry, DisclosureRequest request, AccessRequest asked, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        if (!entry.IsShared)
        {
            return (new Candidate(patient.Shelf, entry, [new ShelfDecision(patient.Shelf.Id, Decide(patient, request, asked, entry, raced))]), [patient.Version]);
        }

        var shelves = await vault.Locate(entry.Key.Type, entry.Key.Id, cancellation);
        return shelves is null ? null : await Judge(shelves.Value, new Target.Record(entry.Key.Type, entry.Key.Id, entry.Key.Version), request, asked, raced, cancellation);
    }

    private ConsentDecision Decide(PatientState? patient, DisclosureRequest request, AccessRequest asked, ShelfEntry entry, ImmutableHashSet<string> raced) =>
        raced.Contains(DecisionVersion.Everybody) || (patient is not null && raced.Contains(patient.Version.Subject)) ? Raced
        : patient is null ? AccessPolicy.DecideDirectory(request, entry)
        : policy.Decide(patient, request, asked, entry);

    private static readonly ConsentDecision Raced = new(false, DecisionReason.ChangedMeanwhile);

    private async ValueTask<IEnumerable<ShelfId>> PatientShelves(Target.Criteria target, CancellationToken cancellation) =>
        PatientCompartment.KindOf(target.Type) is CompartmentKind.Directory or CompartmentKind.None ? []
        : target.Query.PatientIds() is { } named ? named.Where(p => FhirId.IsValid(p)).Select(ShelfId.ForPatient)
        : (await vault.Patients.PatientIds(cancellation)).ToArray().Select(ShelfId.ForPatient);

    private static bool Answers(ShelfEntry entry, Target.Criteria target, DateTimeOffset snapshot) =>
        WasThere(entry, snapshot) && RecordView.Matches(target.Query, entry);

    /// <summary>A record that was changed since the first page stays part of the search, so that it shifts no other out of the pages to come; a new one is none.</summary>
    private static bool WasThere(ShelfEntry entry, DateTimeOffset snapshot)
    {
        ShelfEntry? version = entry;
        while (version is not null && version.LastUpdated > snapshot)
        {
            version = version.Previous;
        }

        return version is not null;
    }
}
