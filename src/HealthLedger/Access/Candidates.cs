using System.Collections.Immutable;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// The first half of a disclosure: who is permitted at all, which of their records answer, and which of those may leave. Consent comes before match, count,
/// sort, paging and includes; nothing here sees plaintext beyond search terms, and nothing leaves.
/// </summary>
internal sealed class Candidates(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    public const int DefaultPage = 50;
    public const int MaximumPage = 500;

    /// <summary>Decides and matches.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="now">The time that decides.</param>
    /// <param name="raced">Subjects that changed under this request twice: they refuse.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async ValueTask<Selection> Select(DisclosureRequest request, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var everybody = consents.OfEverybody();
        var records = new VisibleRecords(vault, consents, policy, request, now, raced, cancellation);
        return request.Target switch
        {
            Target.Record target => await One(target, records, everybody, cancellation),
            Target.Criteria target => await Matching(target, request, records, everybody, now, cancellation),
            Target.History target => await new Histories(vault, records, request).Select(target, everybody, now, cancellation),
            Target.Everything target => await new WholeRecords(vault, records).Select(target, everybody, now, cancellation),
            Target.Population target => await Cohort(target, request, now, everybody, raced, cancellation),
            Target.Compartment target => await All(target, records, everybody),
            _ => throw new ArgumentException("Unknown target.", nameof(request)),
        };
    }

    private async ValueTask<Selection> One(Target.Record target, VisibleRecords records, DecisionVersion everybody, CancellationToken cancellation)
    {
        if (await vault.Locate(target.Type, target.Id, cancellation) is not { } shelves || await records.Judge(shelves, target.Type, target.Id, target.Version) is not var (candidate, versions))
        {
            return new Selection();
        }

        return candidate.Permitted
            ? new Selection { Page = [candidate], Addressed = shelves[0], RestsOn = [everybody, .. versions] }
            : new Selection { Addressed = candidate.Refusal!.Shelf, Refusal = candidate.Refusal };
    }

    private async ValueTask<Selection> Matching(
        Target.Criteria target, DisclosureRequest request, VisibleRecords records, DecisionVersion everybody, DateTimeOffset now, CancellationToken cancellation)
    {
        var matches = new Dictionary<(string Type, string Id), Match>();
        var scopes = new List<IReadOnlyList<ShelfId>?>();
        var snapshot = target.Page.Snapshot ?? now;
        foreach (var query in target.Queries)
        {
            // A compartment is that of a record that the caller may see.
            if (query.Compartment is { Type: not "Patient" } focus && await records.Current(focus.Type, focus.Id) is null)
            {
                continue;
            }

            records.Scope = await ScopeOf(query, records);
            scopes.Add(records.Scope);
            if (PatientCompartment.KindOf(query.ResourceType) is CompartmentKind.Clinical or CompartmentKind.Patient)
            {
                await MatchPatients(query, request, records, snapshot, matches);
            }

            if (query.PatientIds() is null && await records.Directory(query.ResourceType) is { } directory)
            {
                foreach (var entry in directory.OfType(query.ResourceType))
                {
                    if (Answers(entry, query, snapshot) && records.See(directory, entry) is { } candidate)
                    {
                        await Add(query, candidate, records, matches);
                    }
                }
            }

            if (records.IsTooBroad)
            {
                return new Selection { TooBroad = true };
            }
        }

        // What the matches bring along is of the patients of all queries.
        records.Scope = scopes.Contains(null) ? null : [.. scopes.SelectMany(scope => scope!).Distinct()];
        var selection = await Page(target, matches.Values, records, everybody, snapshot);
        return records.IsTooBroad ? new Selection { TooBroad = true } : selection;
    }

    private static async ValueTask MatchPatients(
        SearchQuery query, DisclosureRequest request, VisibleRecords records, DateTimeOffset snapshot, Dictionary<(string Type, string Id), Match> matches)
    {
        var conditions = query.PatientConditions().ToList();
        foreach (var id in await records.Patients())
        {
            // decide per patient
            if (!request.Caller.Covers(query.ResourceType, request.Scope, id) || await records.Permitted(id) is not { } patient || !await MeetsAll(id, conditions, records))
            {
                continue;
            }

            // match inside, then decide per record
            foreach (var entry in patient.Shelf.OfType(query.ResourceType))
            {
                if (Answers(entry, query, snapshot) && !matches.ContainsKey((entry.Key.Type, entry.Key.Id)) && await records.See(patient, entry) is { } candidate)
                {
                    await Add(query, candidate, records, matches);
                }
            }
        }
    }

    private static async ValueTask<bool> MeetsAll(ShelfId patient, List<SearchQuery> conditions, VisibleRecords records)
    {
        foreach (var condition in conditions)
        {
            if (!await records.Meets("Patient", patient.PatientId!, condition))
            {
                return false;
            }
        }

        return true;
    }

    private static async ValueTask Add(SearchQuery query, Candidate candidate, VisibleRecords records, Dictionary<(string Type, string Id), Match> matches)
    {
        var judged = RecordView.Candidate(candidate.Entry);
        records.Witnesses.Clear();
        if (query.IsLocal || await query.Matches(judged, records))
        {
            matches.TryAdd((candidate.Entry.Key.Type, candidate.Entry.Key.Id), new Match(candidate, query.KeyOf(judged), [.. records.Witnesses]));
        }
    }

    private static async ValueTask<Selection> Page(Target.Criteria target, IEnumerable<Match> matches, VisibleRecords records, DecisionVersion everybody, DateTimeOffset snapshot)
    {
        var query = target.Query;
        var ordered = target.Latest is { } latest ? LastOf([.. matches], latest) : matches.ToArray();
        Array.Sort(ordered, (a, b) => query.Compare(a.Key, b.Key));
        var begin = target.Page.After is { } after ? Array.FindIndex(ordered, m => query.Compare(m.Key, after) > 0) : 0;
        var count = query.IsCountOnly ? 0 : Math.Min(query.Count ?? DefaultPage, MaximumPage);
        var page = begin < 0 ? [] : ordered.AsSpan(begin, Math.Min(count, ordered.Length - begin)).ToImmutableArray();
        var candidates = ImmutableArray.CreateRange(page, m => m.Candidate);
        var includes = new Includes(records, query.Includes);
        return new Selection
        {
            Page = candidates,
            Included = query.Includes.Count == 0 ? [] : await includes.Of(candidates),
            IncludesCut = includes.IsCut,
            Total = ordered.Length,
            Next = page.Length > 0 && begin + page.Length < ordered.Length ? new PagePosition(snapshot, page[^1].Key) : null,
            Meta = target.WithMeta ? UsedMeta.Of(ordered.Select(m => m.Candidate.Entry.Terms!)) : null,
            Counted = [.. (query.IsCountOnly ? ordered : [.. page]).SelectMany(m => m.Spoken(query.IsCountOnly)).Distinct()],
            RestsOn = [everybody, .. records.RestsOn],
        };
    }

    private static Match[] LastOf(Match[] matches, int count)
    {
        var last = LatestPerCode.Of([.. matches.Select(m => RecordView.Candidate(m.Candidate.Entry))], count);
        return [.. matches.Where((_, i) => last.Contains(i))];
    }

    /// <summary>Apart, because what the function captures is made anew at each call of the method that has it: for a cohort, and not for every read.</summary>
    private ValueTask<Selection> Cohort(
        Target.Population target, DisclosureRequest request, DateTimeOffset now, DecisionVersion everybody, ImmutableHashSet<string> raced, CancellationToken cancellation) =>
        new Populations(vault, request, () => new VisibleRecords(vault, consents, policy, request, now, raced, cancellation)).Select(target, everybody, raced, cancellation);

    private static async ValueTask<Selection> All(Target.Compartment target, VisibleRecords records, DecisionVersion everybody)
    {
        var page = ImmutableArray.CreateBuilder<Candidate>();
        if (await records.Permitted(ShelfId.ForPatient(target.Patient)) is { } patient)
        {
            foreach (var entry in patient.Shelf.All)
            {
                if (await records.See(patient, entry) is { } candidate)
                {
                    page.Add(candidate);
                }
            }
        }

        return new Selection { Page = page.ToImmutable(), Total = page.Count, RestsOn = [everybody, .. records.RestsOn] };
    }

    /// <summary>The patients that a search is about: those it names, or those on whose shelves the records stand that it names; null where it names none.</summary>
    private static async ValueTask<IReadOnlyList<ShelfId>?> ScopeOf(SearchQuery query, VisibleRecords visible)
    {
        if (query.PatientIds() is { } named)
        {
            return [.. named.Where(id => FhirId.IsValid(id)).Select(ShelfId.ForPatient)];
        }

        var records = query.RecordIds() is { } ids && PatientCompartment.KindOf(query.ResourceType) == CompartmentKind.Clinical ? ids.Select(id => (query.ResourceType, id))
            : query.Compartment is { } focus && PatientCompartment.KindOf(focus.Type) == CompartmentKind.Clinical ? [focus]
            : null;
        if (records is null)
        {
            return null;
        }

        var shelves = new HashSet<ShelfId>();
        foreach (var (type, id) in records)
        {
            // One that the caller may not see names nobody: where it stands would show in what else is looked at.
            if (await visible.Current(type, id) is { } seen)
            {
                shelves.UnionWith(seen.Decisions.Select(d => d.Shelf));
            }
        }

        return shelves.All(s => s.IsPatient) ? [.. shelves] : null;
    }

    private static bool Answers(ShelfEntry entry, SearchQuery query, DateTimeOffset snapshot) =>
        entry.Terms is not null && WasThere(entry, snapshot) && query.MatchesAlone(RecordView.Candidate(entry));

    /// <summary>A record that was changed since the first page stays part of the search, so that it shifts no other out of the pages to come; a new one is none.</summary>
    public static bool WasThere(ShelfEntry entry, DateTimeOffset snapshot)
    {
        ShelfEntry? version = entry;
        while (version is not null && version.LastUpdated > snapshot)
        {
            version = version.Previous;
        }

        return version is not null;
    }

    /// <summary>A permitted match.</summary>
    /// <param name="Candidate">The record.</param>
    /// <param name="Key">Its place in the order.</param>
    /// <param name="Witnesses">The patients whose other records made it match.</param>
    private sealed record Match(Candidate Candidate, SearchKey Key, ImmutableArray<ShelfId> Witnesses)
    {
        /// <summary>The patients of whom it tells something: for a count its own too.</summary>
        public IEnumerable<ShelfId> Spoken(bool isCounted) => isCounted ? Candidate.Decisions.Select(d => d.Shelf).Where(s => s.IsPatient).Concat(Witnesses) : Witnesses;
    }
}
