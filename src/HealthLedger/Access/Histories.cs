using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Which versions a history shows (http://hl7.org/fhir/R4/http.html#history): each decided as if it were asked for by its number, so a version that may not be read is
/// not there and is not counted. A type's or the system's history goes over permitted patients, within the limit of searches.
/// </summary>
internal sealed class Histories(RecordVault vault, ConsentStates consents, AccessPolicy policy, Candidates candidates)
{
    /// <summary>Decides on every version that is asked for, newest first.</summary>
    public async ValueTask<Selection> Select(
        Target.History target, DisclosureRequest request, AccessRequest asked, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var everybody = consents.OfEverybody();
        var found = new FoundVersions(target.Query, target.Page.Snapshot ?? now);
        if (target is { Type: { } type, Id: { } id })
        {
            return await OfRecord(type, id) is { } refused ? refused : Page(target, found, everybody);
        }

        return await OfPatients() && await OfDirectory() ? Page(target, found, everybody) : new Selection { TooBroad = true };

        async ValueTask<Selection?> OfRecord(string type, string id)
        {
            if (await vault.Locate(type, id, cancellation) is not { } shelves
                || await candidates.Judge(shelves, new Target.Record(type, id, null), request, asked, raced, cancellation) is not var (current, versions))
            {
                return new Selection();
            }

            var permitted = current.Permitted;
            found.Add(current, versions, null);
            for (var (version, next) = (current.Entry.Previous, current.Entry); version is not null; (version, next) = (version.Previous, version))
            {
                if (await candidates.Judge(shelves, new Target.Record(type, id, version.Key.Version), request, asked, raced, cancellation) is var (candidate, restsOn))
                {
                    permitted |= candidate.Permitted;
                    found.Add(candidate, restsOn, next);
                }
            }

            found.Shelves.UnionWith(shelves);
            return permitted ? null : new Selection { Addressed = current.Refusal!.Shelf, Refusal = current.Refusal };
        }

        async ValueTask<bool> OfPatients()
        {
            var permitted = 0;
            foreach (var patientId in (target.Type is { } type && AccessPolicy.IsDirectory(type) ? default : await vault.Patients.PatientIds(cancellation)).ToArray())
            {
                cancellation.ThrowIfCancellationRequested();
                var id = ShelfId.ForPatient(patientId);
                if (raced.Contains(id.Value) || !request.Caller.Reaches(id) || await consents.Of(id, cancellation) is not { } patient || policy.RefusesPatient(patient, asked))
                {
                    continue;
                }

                if (++permitted > candidates.PatientLimit)
                {
                    return false;
                }

                foreach (var newest in patient.Shelf.Ever(target.Type).Where(e => IsCovered(e.Key.Type)))
                {
                    for (ShelfEntry? version = newest, next = null; version is not null; (version, next) = (version.Previous, version))
                    {
                        if (found.Wants(version, next) && await candidates.JudgeFound(patient, version, request, asked, raced, cancellation) is var (candidate, restsOn))
                        {
                            found.Add(candidate, restsOn, next);
                        }
                    }
                }
            }

            return true;
        }

        async ValueTask<bool> OfDirectory()
        {
            foreach (var type in target.Type is { } one ? [one] : FhirDefinitions.R4.ResourceTypes.Where(IsCovered))
            {
                if (await vault.OpenShelf(ShelfId.ForDirectory(type), cancellation) is not { } shelf)
                {
                    continue;
                }

                foreach (var newest in shelf.Ever(type))
                {
                    for (ShelfEntry? version = newest, next = null; version is not null; (version, next) = (version.Previous, version))
                    {
                        found.Add(new Candidate(shelf, version, [new ShelfDecision(shelf.Id, AccessPolicy.DecideDirectory(request, version))]), [], next);
                    }
                }
            }

            return true;
        }

        bool IsCovered(string type) => request.Caller.Covers(type, request.Scope);
    }

    private static Selection Page(Target.History target, FoundVersions found, DecisionVersion everybody)
    {
        var ordered = found.Newest();
        var count = Math.Min(target.Query.Count ?? Candidates.DefaultPage, Candidates.MaximumPage);
        var page = ordered.Skip(target.Page.Offset).Take(count).ToImmutableArray();
        var end = target.Page.Offset + page.Length;
        var counted = target.Id is not null ? found.Shelves : ordered.SelectMany(c => c.Decisions).Select(d => d.Shelf).Where(s => s.IsPatient).Distinct();
        return new Selection
        {
            Page = page,
            Total = ordered.Length,
            Next = page.Length > 0 && end < ordered.Length ? new PagePosition(end, found.Snapshot) : null,
            Counted = page.IsEmpty && (count == 0 || target.Id is not null) ? [.. counted] : [],
            RestsOn = [everybody, .. found.RestsOn],
        };
    }

    /// <summary>The permitted versions that were asked for, each once, whatever shelf it was found on.</summary>
    private sealed class FoundVersions(HistoryQuery query, DateTimeOffset snapshot)
    {
        private readonly Dictionary<RecordKey, Candidate> _found = [];
        private readonly Dictionary<string, DecisionVersion> _restsOn = new(StringComparer.Ordinal);

        public DateTimeOffset Snapshot => snapshot;

        /// <summary>The shelves of the one record that was asked for.</summary>
        public HashSet<ShelfId> Shelves { get; } = [];

        public IEnumerable<DecisionVersion> RestsOn => _restsOn.Values;

        public bool Wants(ShelfEntry version, ShelfEntry? next) =>
            version.LastUpdated <= snapshot && query.Asks(version.LastUpdated.UtcTicks, next?.LastUpdated.UtcTicks) && !_found.ContainsKey(version.Key);

        public void Add(Candidate candidate, ImmutableArray<DecisionVersion> restsOn, ShelfEntry? next)
        {
            if (!candidate.Permitted)
            {
                return;
            }

            foreach (var version in restsOn)
            {
                // The first version seen is the one that the earliest decision rests on.
                _restsOn.TryAdd(version.Subject, version);
            }

            if (Wants(candidate.Entry, next))
            {
                _found.Add(candidate.Entry.Key, candidate);
            }
        }

        public Candidate[] Newest() =>
        [
            .. _found.Values.OrderByDescending(c => c.Entry.LastUpdated).ThenBy(c => c.Entry.Key.Type, StringComparer.Ordinal)
                .ThenBy(c => c.Entry.Key.Id, StringComparer.Ordinal).ThenByDescending(c => c.Entry.Key.Version),
        ];
    }
}
