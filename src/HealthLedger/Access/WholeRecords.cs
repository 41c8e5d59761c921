using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// What <c>$everything</c> shows of a patient's record, of an encounter or of a group's members: the records of the compartment, each decided like any other, and what these lead to: records of no patient,
/// such as practitioners and organizations, and of an encounter also its patient and the records that it names. Where nothing of a patient may be seen, the patient is absent.
/// </summary>
internal sealed class WholeRecords(RecordVault vault, VisibleRecords records)
{
    /// <summary>The most records of no patient that one answer brings along.</summary>
    private const int MaximumBeside = 2_000;

    /// <summary>Decides on every record of the compartment, patients first; records of no patient come after them all.</summary>
    public async ValueTask<Selection> Select(Target.Everything target, DecisionVersion everybody, DateTimeOffset now, CancellationToken cancellation)
    {
        var visible = target.Type switch
        {
            "Encounter" => await OfEncounter(target.Id, now, cancellation),
            "Group" => await OfPatients(target.Members, cancellation),
            _ => await OfPatients([target.Id], cancellation),
        };
        if (visible.Count == 0 && target.Type != "Group")
        {
            return await Refused(target, cancellation);
        }

        var snapshot = target.Page.Snapshot ?? now;
        var inTime = visible.FindAll(c => c.Entry.Terms is { } terms && Candidates.WasThere(c.Entry, snapshot) && target.Query.IsInTime(terms));
        var matches = inTime.Select(c => (c.Entry.Key.Type, c.Entry.Key.Id)).ToHashSet();
        var all = inTime.Concat(await Beside(inTime, matches, target.Type == "Encounter", snapshot)).Where(c => target.Query.Wants(c.Entry.Key.Type, c.Entry.LastUpdated)).ToList();
        all.Sort((a, b) => Compare(KeyOf(a), KeyOf(b)));
        var begin = target.Page.After is { } after ? all.FindIndex(c => Compare(KeyOf(c), after) > 0) : 0;
        var page = all.Skip(begin < 0 ? all.Count : begin).Take(Math.Min(target.Query.Count ?? Candidates.MaximumPage, Candidates.MaximumPage)).ToList();
        return new Selection
        {
            Page = [.. page.Where(IsMatch)],
            Included = [.. page.Where(c => !IsMatch(c))],
            Total = all.Count(IsMatch),
            Next = page.Count > 0 && page[^1] != all[^1] ? new PagePosition(snapshot, KeyOf(page[^1])) : null,

            // That the patient is there is told even where this page shows none of its records. That of a group's members is told, and recorded, by the Group that was read.
            Counted = target.Type switch
            {
                "Patient" => [ShelfId.ForPatient(target.Id)],
                "Encounter" => [.. visible[0].Decisions.Select(d => d.Shelf).Where(s => s.IsPatient)],
                _ => [],
            },
            RestsOn = [everybody, .. records.RestsOn],
        };

        bool IsMatch(Candidate candidate) => matches.Contains((candidate.Entry.Key.Type, candidate.Entry.Key.Id));
    }

    /// <summary>What is visible on the shelves of these patients, each record once.</summary>
    private async ValueTask<List<Candidate>> OfPatients(IEnumerable<string> patients, CancellationToken cancellation)
    {
        var visible = new List<Candidate>();
        var seen = new HashSet<(string Type, string Id)>();
        foreach (var id in patients)
        {
            var patient = await records.Permitted(ShelfId.ForPatient(id));
            foreach (var entry in patient?.Shelf.All ?? [])
            {
                cancellation.ThrowIfCancellationRequested();
                if (await records.See(patient!, entry) is { } candidate && (!entry.IsShared || seen.Add((entry.Key.Type, entry.Key.Id))))
                {
                    visible.Add(candidate);
                }
            }
        }

        return visible;
    }

    /// <summary>The encounter, and what of its compartment is visible on the same patients' shelves and among the records of no patient; nothing where the encounter itself may not be seen.</summary>
    private async ValueTask<List<Candidate>> OfEncounter(string id, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await records.Current("Encounter", id) is not { } focus)
        {
            return [];
        }

        var visible = new List<Candidate> { focus };
        var seen = new HashSet<(string Type, string Id)> { ("Encounter", id) };
        var places = focus.Decisions.Select(d => d.Shelf).Where(s => s.IsPatient).ToList();
        foreach (var type in FhirDefinitions.R4.ResourceTypes.Where(t => FhirDefinitions.R4.Compartment("Encounter")!.Parameters(t).Count > 0))
        {
            cancellation.ThrowIfCancellationRequested();
            var within = SearchQuery.Parse(type, [], new SearchOptions { Now = now }).Query!.Within("Encounter", id);
            bool IsWithin(ShelfEntry entry) => within.MatchesAlone(RecordView.Candidate(entry));
            await foreach (var candidate in records.All(type, places, IsWithin))
            {
                if (seen.Add((candidate.Entry.Key.Type, candidate.Entry.Key.Id)))
                {
                    visible.Add(candidate);
                }
            }

            foreach (var entry in (await records.Directory(type))?.OfType(type) ?? [])
            {
                if (entry.Terms is not null && IsWithin(entry) && records.See((await records.Directory(type))!, entry) is { } candidate && seen.Add((type, entry.Key.Id)))
                {
                    visible.Add(candidate);
                }
            }
        }

        return visible;
    }

    /// <summary>Whatever refused, told as the refusal of the record in the address where there is one.</summary>
    private async ValueTask<Selection> Refused(Target.Everything target, CancellationToken cancellation) =>
        await vault.Locate(target.Type, target.Id, cancellation) is { } shelves && await records.Judge(shelves, target.Type, target.Id, null) is var (candidate, _)
            ? new Selection { Addressed = shelves[0], Refusal = candidate.Refusal }
            : new Selection();

    /// <summary>
    /// The records of no patient that the given ones refer to, and that those refer to in turn: a role's practitioner, a place's organization. With <paramref name="alsoOfPatients"/> the records of patients
    /// too that the given ones refer to, but not what those lead to.
    /// </summary>
    private async ValueTask<IReadOnlyList<Candidate>> Beside(IReadOnlyList<Candidate> from, HashSet<(string Type, string Id)> known, bool alsoOfPatients, DateTimeOffset snapshot)
    {
        var found = new List<Candidate>();
        foreach (var reference in alsoOfPatients ? from.SelectMany(r => RecordView.Attributes(r.Entry)?.References ?? []).Distinct(StringComparer.Ordinal) : [])
        {
            if (found.Count < MaximumBeside && reference.Split('/') is [var type, var id] && FhirDefinitions.R4.ResourceType(type) is not null && !IsBeside(type) && !known.Contains((type, id))
                && await records.Current(type, id) is { } candidate && Candidates.WasThere(candidate.Entry, snapshot))
            {
                found.Add(candidate);
            }
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var left = new Queue<ShelfEntry>(from.Select(r => r.Entry));
        while (left.TryDequeue(out var entry) && found.Count < MaximumBeside)
        {
            foreach (var reference in RecordView.Attributes(entry)?.References ?? [])
            {
                if (reference.Split('/') is [var type, var id] && seen.Add(reference) && FhirDefinitions.R4.ResourceType(type) is not null && IsBeside(type)
                    && await records.Directory(type) is { } shelf && shelf.Find(type, id) is { Deleted: false, Terms: not null } target
                    && Candidates.WasThere(target, snapshot) && records.See(shelf, target) is { } candidate)
                {
                    found.Add(candidate);
                    left.Enqueue(target);
                }
            }
        }

        return found;
    }

    private static bool IsBeside(string type) => PatientCompartment.KindOf(type) is CompartmentKind.Directory or CompartmentKind.None;

    private static SearchKey KeyOf(Candidate candidate) => SearchKey.OfRecord(candidate.Entry.Key.Type, candidate.Entry.Key.Id);

    /// <summary>The patient, the compartment, what it leads to; within each by type and id.</summary>
    private static int Compare(SearchKey one, SearchKey other)
    {
        var order = Rank(one.Type).CompareTo(Rank(other.Type));
        order = order != 0 ? order : string.CompareOrdinal(one.Type, other.Type);
        return order != 0 ? order : string.CompareOrdinal(one.Id, other.Id);
    }

    private static int Rank(string type) => type == "Patient" ? 0 : IsBeside(type) ? 2 : 1;
}
