using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// What one request may see: every record that its search looks at passes through here and is decided on, be it a match, the target of a chain, what refers to a match,
/// or an include. What is refused is absent. A patient is read once, so that all of a request stands on one state of each.
/// </summary>
internal sealed class VisibleRecords(
    RecordVault vault, ConsentStates consents, AccessPolicy policy, DisclosureRequest request, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation) : IVisibleRecords
{
    private static readonly ConsentDecision Raced = new(false, DecisionReason.ChangedMeanwhile);

    private readonly AccessRequest _asked = AccessRequest.For(request.Caller, request.Purpose, now);
    private readonly Dictionary<ShelfId, PatientState?> _patients = [];
    private int _spanned;

    /// <summary>How many permitted patients one request may span.</summary>
    public const int PatientLimit = 5_000;

    /// <summary>True where it would have to open more permitted patients than <see cref="PatientLimit"/>: what was found then counts for nothing.</summary>
    public bool IsTooBroad { get; private set; }

    /// <summary>The patients' shelves that the request is about; null: all.</summary>
    public IReadOnlyList<ShelfId>? Scope { get; set; }

    /// <summary>The patients whose other records made the last candidate match.</summary>
    public HashSet<ShelfId> Witnesses => field ??= [];

    /// <summary>The decision versions that everything seen rests on.</summary>
    public IEnumerable<DecisionVersion> RestsOn => Versions.Values;

    // What only searches keep is made when the first one asks: a read of one record has none of it.
    private Dictionary<ShelfId, PatientState?> PermittedPatients => field ??= [];

    private Dictionary<string, DecisionVersion> Versions => field ??= new(StringComparer.Ordinal);

    private Dictionary<(string Type, string Id), Candidate?> Found => field ??= [];

    private Dictionary<(SearchQuery, string Type, string Id), bool> Met => field ??= [];

    private Dictionary<(SearchQuery, ShelfId?), Dictionary<(string Type, string Id), ShelfId>> Referred => field ??= [];

    /// <summary>A patient of whom anything may be visible; null for any other.</summary>
    public async ValueTask<PatientState?> Permitted(ShelfId id)
    {
        if (PermittedPatients.TryGetValue(id, out var known))
        {
            return known;
        }

        cancellation.ThrowIfCancellationRequested();
        var patient = raced.Contains(id.Value) || !request.Caller.Reaches(id) ? null : await Patient(id);
        if (patient is not null && policy.RefusesPatient(patient, _asked))
        {
            patient = null;
        }

        if (patient is not null && ++_spanned > PatientLimit)
        {
            IsTooBroad = true;
            patient = null;
        }

        PermittedPatients.Add(id, patient);
        return patient;
    }

    /// <summary>The shelf of one type's records that belong to no patient; null where there is none.</summary>
    public ValueTask<Shelf?> Directory(string type) => vault.OpenShelf(ShelfId.ForDirectory(type), cancellation);

    /// <summary>The shelves of the patients that the request is about.</summary>
    public async ValueTask<IEnumerable<ShelfId>> Patients() => Scope ?? (await vault.Patients.PatientIds(cancellation)).ToArray().Select(ShelfId.ForPatient);

    /// <summary>The decision about a version found on a patient's shelf, which every patient who shares the record makes; null where it is refused.</summary>
    public async ValueTask<Candidate?> See(PatientState patient, ShelfEntry entry)
    {
        if (entry.IsShared)
        {
            var shelves = await vault.Locate(entry.Key.Type, entry.Key.Id, cancellation);
            return shelves is null ? null : Seen(await Judge(shelves.Value, entry.Key.Type, entry.Key.Id, entry.Key.Version));
        }

        var decision = Decide(patient, entry);
        if (!decision.Permitted)
        {
            return null;
        }

        Versions.TryAdd(patient.Version.Subject, patient.Version);
        return new Candidate(patient.Shelf, entry, [new ShelfDecision(patient.Shelf.Id, decision)]);
    }

    /// <summary>The decision about a record of no patient; null where it is refused.</summary>
    public Candidate? See(Shelf directory, ShelfEntry entry) =>
        AccessPolicy.DecideDirectory(request, entry) is { Permitted: true } decision ? new Candidate(directory, entry, [new ShelfDecision(directory.Id, decision)]) : null;

    /// <summary>A record by its id with what was decided, refused or not; null where there is none. A deleted version is one.</summary>
    public async ValueTask<(Candidate Candidate, ImmutableArray<DecisionVersion> Versions)?> Judge(ImmutableArray<ShelfId> shelves, string type, string id, int? number)
    {
        (Shelf Shelf, ShelfEntry Entry)? first = null;
        var decisions = ImmutableArray.CreateBuilder<ShelfDecision>(shelves.Length);
        var versions = ImmutableArray.CreateBuilder<DecisionVersion>(shelves.Length);
        foreach (var place in shelves)
        {
            var patient = place.IsPatient ? await Patient(place) : null;
            var shelf = patient?.Shelf ?? await vault.OpenShelf(place, cancellation);
            var entry = number is { } version ? shelf?.Find(new RecordKey(type, id, version)) : shelf?.Find(type, id);
            if (entry is null)
            {
                return null;
            }

            first ??= (shelf!, entry);
            decisions.Add(new ShelfDecision(place, Decide(patient, entry)));
            if (patient is not null)
            {
                versions.Add(patient.Version);
            }
        }

        return (new Candidate(first!.Value.Shelf, first.Value.Entry, decisions.MoveToImmutable()), versions.DrainToImmutable());
    }

    /// <summary>The current version of a record, if it is visible; null where not.</summary>
    public async ValueTask<Candidate?> Current(string type, string id)
    {
        if (Found.TryGetValue((type, id), out var known))
        {
            return known;
        }

        var shelves = await vault.Locate(type, id, cancellation);
        var found = shelves is null ? null : Seen(await Judge(shelves.Value, type, id, null));
        found = found?.Entry.Terms is null ? null : found;
        Found.Add((type, id), found);
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask<SearchCandidate?> Find(string type, string id) => await Current(type, id) is { } found ? RecordView.Candidate(found.Entry) : null;

    /// <inheritdoc/>
    public async ValueTask<bool> Meets(string type, string id, SearchQuery condition)
    {
        if (!Met.TryGetValue((condition, type, id), out var meets))
        {
            meets = await Current(type, id) is { } found && await condition.Matches(RecordView.Candidate(found.Entry), this);
            Met.Add((condition, type, id), meets);
        }

        if (meets && await Current(type, id) is { } witness)
        {
            Witnesses.UnionWith(witness.Decisions.Select(d => d.Shelf).Where(s => s.IsPatient));
        }

        return meets;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> IsReferredTo(string type, string id, string parameter, SearchQuery condition)
    {
        var source = condition.ResourceType;
        var kind = PatientCompartment.KindOf(source);
        ShelfId? only = type == "Patient" && kind == CompartmentKind.Clinical && SearchQuery.LeadsToCompartment(source, parameter) ? ShelfId.ForPatient(id) : null;
        if (condition.RecordIds() is not null)
        {
            only = null;
        }

        if (!Referred.TryGetValue((condition, only), out var referred))
        {
            Referred.Add((condition, only), referred = []);
            await foreach (var found in Sources(condition, only))
            {
                foreach (var target in found.Entry.Terms!.RecordsOf(parameter))
                {
                    referred.TryAdd(target, found.Decisions[0].Shelf);
                }
            }
        }

        if (!referred.TryGetValue((type, id), out var witness))
        {
            return false;
        }

        if (witness.IsPatient)
        {
            Witnesses.Add(witness);
        }

        return true;
    }

    /// <summary>The visible records that match a condition: on one patient's shelf, or wherever the request looks.</summary>
    private async IAsyncEnumerable<Candidate> Sources(SearchQuery condition, ShelfId? only)
    {
        if (condition.RecordIds() is { } ids)
        {
            foreach (var id in ids)
            {
                if (await Current(condition.ResourceType, id) is { } found && await condition.Matches(RecordView.Candidate(found.Entry), this))
                {
                    yield return found;
                }
            }

            yield break;
        }

        await foreach (var found in All(condition.ResourceType, only is { } one ? [one] : null, entry => condition.MatchesAlone(RecordView.Candidate(entry))))
        {
            if (condition.IsLocal || await condition.Matches(RecordView.Candidate(found.Entry), this))
            {
                yield return found;
            }
        }
    }

    /// <summary>The visible records of a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="places">The patients' shelves to look at; null: those that the request is about, and the records of no patient.</param>
    /// <param name="isWanted">Asked before anything is decided.</param>
    public async IAsyncEnumerable<Candidate> All(string type, IReadOnlyList<ShelfId>? places, Func<ShelfEntry, bool> isWanted)
    {
        if (PatientCompartment.KindOf(type) is CompartmentKind.Clinical or CompartmentKind.Patient)
        {
            foreach (var place in places ?? await Patients())
            {
                foreach (var entry in await Permitted(place) is { } patient ? patient.Shelf.OfType(type) : [])
                {
                    if (entry.Terms is not null && isWanted(entry) && await See(PermittedPatients[place]!, entry) is { } found)
                    {
                        yield return found;
                    }
                }
            }
        }

        if (places is null && await Directory(type) is { } directory)
        {
            foreach (var entry in directory.OfType(type))
            {
                if (entry.Terms is not null && isWanted(entry) && See(directory, entry) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    /// <summary>What was judged, if it is permitted; null where refused or absent.</summary>
    public Candidate? Seen((Candidate Candidate, ImmutableArray<DecisionVersion> Versions)? judged)
    {
        if (judged is not var (candidate, versions) || !candidate.Permitted)
        {
            return null;
        }

        foreach (var version in versions)
        {
            // The first version seen is the one that the earliest decision rests on.
            Versions.TryAdd(version.Subject, version);
        }

        return candidate;
    }

    private async ValueTask<PatientState?> Patient(ShelfId id)
    {
        if (!_patients.TryGetValue(id, out var patient))
        {
            _patients.Add(id, patient = await consents.Of(id, cancellation));
        }

        return patient;
    }

    private ConsentDecision Decide(PatientState? patient, ShelfEntry entry) =>
        raced.Contains(DecisionVersion.Everybody) || (patient is not null && raced.Contains(patient.Version.Subject)) ? Raced
        : patient is null ? AccessPolicy.DecideDirectory(request, entry)
        : policy.Decide(patient, request, _asked, entry);
}
