using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Which records the next page of an export has: patient by patient, each decided when it is reached, so a withdrawal takes out whatever no page has reached yet. Only permitted
/// records fill a page, so how many pages and entries there are depends on what is disclosed alone.
/// </summary>
/// <param name="vault">Where the records are.</param>
/// <param name="request">Whose export.</param>
/// <param name="look">What the request may see. One is taken for each patient and let go with it: an export goes through more of them than fit into memory.</param>
internal sealed class Populations(RecordVault vault, DisclosureRequest request, Func<VisibleRecords> look)
{
    /// <summary>Records of one page, and of one append.</summary>
    public const int PageSize = 200;

    /// <summary>Decides on the next page.</summary>
    public async ValueTask<Selection> Select(Target.Population target, DecisionVersion everybody, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        if (raced.Contains(DecisionVersion.Everybody))
        {
            // What decides about all changed twice: nobody is refused for that, the page is asked for again.
            return new Selection { Total = 0, Onward = target.From };
        }

        var page = ImmutableArray.CreateBuilder<Candidate>();
        var versions = new Dictionary<string, DecisionVersion>(StringComparer.Ordinal);
        CohortPosition? onward = null;
        var last = target.From;
        await foreach (var (candidate, records, at) in Permitted(target, cancellation))
        {
            if (page.Count == PageSize)
            {
                onward = last;
                break;
            }

            page.Add(candidate);
            last = new CohortPosition(at, candidate.Entry.Key.Id);
            foreach (var version in records.RestsOn)
            {
                // The first version seen is the one that the earliest decision rests on.
                versions.TryAdd(version.Subject, version);
            }
        }

        return new Selection { Page = page.ToImmutable(), Total = page.Count, Onward = onward, RestsOn = [everybody, .. versions.Values] };
    }

    private async IAsyncEnumerable<(Candidate Candidate, VisibleRecords Records, int At)> Permitted(Target.Population target, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var patients = target.Cohort.Patients;
        for (var at = target.From.Patient; at < patients.Length; at++)
        {
            cancellation.ThrowIfCancellationRequested();
            var id = ShelfId.ForPatient(patients.Span[at]);
            var records = look();
            if (!request.Caller.Covers(target.Type, request.Scope, id) || await records.Permitted(id) is not { } patient)
            {
                continue;
            }

            foreach (var entry in Asked(patient.Shelf, target, at))
            {
                if ((!entry.IsShared || await IsToldHere(entry, id, target.Cohort, cancellation)) && await records.See(patient, entry) is { } candidate)
                {
                    yield return (candidate, records, at);
                }
            }
        }

        var directory = look();
        if (target.WithDirectory && await directory.Directory(target.Type) is { } shelf)
        {
            foreach (var entry in Asked(shelf, target, patients.Length))
            {
                if (directory.See(shelf, entry) is { } candidate)
                {
                    yield return (candidate, directory, patients.Length);
                }
            }
        }
    }

    private static IEnumerable<ShelfEntry> Asked(Shelf shelf, Target.Population target, int at)
    {
        var after = at == target.From.Patient ? target.From.After : null;
        if (target.Deleted)
        {
            return shelf.Ever(target.Type)
                .Where(e => e.Deleted && string.CompareOrdinal(e.Key.Id, after) > 0 && !(e.LastUpdated <= target.Since) && e.LastUpdated <= target.Until)
                .OrderBy(e => e.Key.Id, StringComparer.Ordinal);
        }

        return shelf.OfType(target.Type)
            .Where(e => string.CompareOrdinal(e.Key.Id, after) > 0 && !(e.LastUpdated <= target.Since) && Candidates.WasThere(e, target.Until)
                && (target.Filters.IsEmpty || (e.Terms is not null && target.Filters.Any(f => f.Matches(RecordView.Candidate(e))))))
            .OrderBy(e => e.Key.Id, StringComparer.Ordinal);
    }

    /// <summary>A record of several patients is told once: with the one whose shelf comes first by name, of those that the export is about.</summary>
    private async ValueTask<bool> IsToldHere(ShelfEntry entry, ShelfId here, Cohort cohort, CancellationToken cancellation) =>
        (await vault.Locate(entry.Key.Type, entry.Key.Id, cancellation) ?? [])
            .Where(s => s.PatientId is { } patient && cohort.Contains(patient)).MinBy(s => s.Value, StringComparer.Ordinal) == here;
}
