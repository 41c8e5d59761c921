using System.Collections.Immutable;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Which versions a history shows (http://hl7.org/fhir/R4/http.html#history): each decided as if it were asked for by its number, so a version that may not be read is
/// not there and is not counted. A type's or the system's history goes over permitted patients, within the limit of searches.
/// </summary>
internal sealed class Histories(RecordVault vault, VisibleRecords records, DisclosureRequest request)
{
    /// <summary>Decides on every version that is asked for, newest first.</summary>
    public async ValueTask<Selection> Select(Target.History target, DecisionVersion everybody, DateTimeOffset now, CancellationToken cancellation)
    {
        var found = new FoundVersions(target.Query, target.Page.Snapshot ?? now);
        if (target is { Type: { } type, Id: { } id })
        {
            return await OfRecord(type, id) is { } refused ? refused : Page(target, found, everybody);
        }

        return await OfPatients() && await OfDirectory() ? Page(target, found, everybody) : new Selection { TooBroad = true };

        async ValueTask<Selection?> OfRecord(string type, string id)
        {
            if (await vault.Locate(type, id, cancellation) is not { } shelves || await records.Judge(shelves, type, id, null) is not { } current)
            {
                return new Selection();
            }

            var permitted = Add(records.Seen(current), null);
            for (var (version, next) = (current.Candidate.Entry.Previous, current.Candidate.Entry); version is not null; (version, next) = (version.Previous, version))
            {
                permitted |= Add(records.Seen(await records.Judge(shelves, type, id, version.Key.Version)), next);
            }

            found.Shelves.UnionWith(shelves);
            return permitted ? null : new Selection { Addressed = current.Candidate.Refusal!.Shelf, Refusal = current.Candidate.Refusal };
        }

        async ValueTask<bool> OfPatients()
        {
            foreach (var place in target.Type is { } type && AccessPolicy.IsDirectory(type) ? [] : await records.Patients())
            {
                foreach (var newest in await records.Permitted(place) is { } patient ? patient.Shelf.Ever(target.Type).Where(e => IsCovered(e.Key.Type)) : [])
                {
                    for (ShelfEntry? version = newest, next = null; version is not null; (version, next) = (version.Previous, version))
                    {
                        if (found.Wants(version, next))
                        {
                            Add(await records.See((await records.Permitted(place))!, version), next);
                        }
                    }
                }
            }

            return !records.IsTooBroad;
        }

        async ValueTask<bool> OfDirectory()
        {
            foreach (var type in target.Type is { } one ? [one] : FhirDefinitions.R4.RecordTypes.Where(IsCovered))
            {
                if (await vault.OpenShelf(ShelfId.ForDirectory(type), cancellation) is not { } shelf)
                {
                    continue;
                }

                foreach (var newest in shelf.Ever(type))
                {
                    for (ShelfEntry? version = newest, next = null; version is not null; (version, next) = (version.Previous, version))
                    {
                        Add(records.See(shelf, version), next);
                    }
                }
            }

            return true;
        }

        bool Add(Candidate? version, ShelfEntry? next)
        {
            if (version is not null)
            {
                found.Add(version, next);
            }

            return version is not null;
        }

        bool IsCovered(string type) => request.Caller.Covers(type, request.Scope);
    }

    private Selection Page(Target.History target, FoundVersions found, DecisionVersion everybody)
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
            Next = page.Length > 0 && end < ordered.Length ? new PagePosition(found.Snapshot, Offset: end) : null,
            Counted = page.IsEmpty && (count == 0 || target.Id is not null) ? [.. counted] : [],
            RestsOn = [everybody, .. records.RestsOn],
        };
    }

    /// <summary>The permitted versions that were asked for, each once, whatever shelf it was found on.</summary>
    private sealed class FoundVersions(HistoryQuery query, DateTimeOffset snapshot)
    {
        private readonly Dictionary<RecordKey, Candidate> _found = [];

        public DateTimeOffset Snapshot => snapshot;

        /// <summary>The shelves of the one record that was asked for.</summary>
        public HashSet<ShelfId> Shelves { get; } = [];

        public bool Wants(ShelfEntry version, ShelfEntry? next) =>
            version.LastUpdated <= snapshot && query.Asks(version.LastUpdated.UtcTicks, next?.LastUpdated.UtcTicks) && !_found.ContainsKey(version.Key);

        public void Add(Candidate candidate, ShelfEntry? next)
        {
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
