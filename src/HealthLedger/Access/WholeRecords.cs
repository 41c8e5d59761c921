using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// What of one patient's record <c>$everything</c> shows: the records of the compartment, each decided like any other, and the records of no patient that these lead to,
/// such as practitioners and organizations. Where nothing of a patient may be seen, the patient is absent.
/// </summary>
internal sealed class WholeRecords(RecordVault vault, VisibleRecords records)
{
    /// <summary>The most records of no patient that one answer brings along.</summary>
    private const int MaximumBeside = 2_000;

    /// <summary>Decides on every record of the compartment, the patient first; what they refer to comes after them all.</summary>
    public async ValueTask<Selection> Select(Target.Everything target, DecisionVersion everybody, DateTimeOffset now, CancellationToken cancellation)
    {
        var place = ShelfId.ForPatient(target.Patient);
        var visible = new List<Candidate>();
        var patient = await records.Permitted(place);
        foreach (var entry in patient?.Shelf.All ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            if (await records.See(patient!, entry) is { } candidate)
            {
                visible.Add(candidate);
            }
        }

        if (visible.Count == 0)
        {
            return await Refused(target, cancellation);
        }

        var snapshot = target.Page.Snapshot ?? now;
        var inTime = visible.FindAll(c => c.Entry.Terms is { } terms && Candidates.WasThere(c.Entry, snapshot) && target.Query.IsInTime(terms));
        var all = inTime.Concat(await Beside(inTime, snapshot)).Where(c => target.Query.Wants(c.Entry.Key.Type, c.Entry.LastUpdated)).ToList();
        all.Sort((a, b) => Compare(KeyOf(a), KeyOf(b)));
        var begin = target.Page.After is { } after ? all.FindIndex(c => Compare(KeyOf(c), after) > 0) : 0;
        var page = all.Skip(begin < 0 ? all.Count : begin).Take(Math.Min(target.Query.Count ?? Candidates.MaximumPage, Candidates.MaximumPage)).ToList();
        return new Selection
        {
            Page = [.. page.Where(c => !IsBeside(c.Entry.Key.Type))],
            Included = [.. page.Where(c => IsBeside(c.Entry.Key.Type))],
            Total = all.Count(c => !IsBeside(c.Entry.Key.Type)),
            Next = page.Count > 0 && page[^1] != all[^1] ? new PagePosition(snapshot, KeyOf(page[^1])) : null,

            // That the patient is there is told even where this page shows none of its records.
            Counted = [place],
            RestsOn = [everybody, .. records.RestsOn],
        };
    }

    /// <summary>Whatever of the patient refused, told as the refusal of the Patient record where there is one.</summary>
    private async ValueTask<Selection> Refused(Target.Everything target, CancellationToken cancellation) =>
        await vault.Locate("Patient", target.Patient, cancellation) is { } shelves && await records.Judge(shelves, "Patient", target.Patient, null) is var (candidate, _)
            ? new Selection { Addressed = shelves[0], Refusal = candidate.Refusal }
            : new Selection();

    /// <summary>The records of no patient that the given ones refer to, and that those refer to in turn: a role's practitioner, a place's organization.</summary>
    private async ValueTask<IReadOnlyList<Candidate>> Beside(IReadOnlyList<Candidate> from, DateTimeOffset snapshot)
    {
        var found = new List<Candidate>();
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
