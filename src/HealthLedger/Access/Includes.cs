using System.Collections.Immutable;
using HealthLedger.Fhir.Compartments;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// What a page of matches brings along (R4 search.html#include): what its records refer to, and what refers to them. Each is decided on its own, like a match.
/// </summary>
internal sealed class Includes(VisibleRecords records, IReadOnlyList<SearchInclude> includes)
{
    /// <summary>The most records that one page brings along.</summary>
    public const int Limit = 1_000;

    /// <summary>Rounds of <c>:iterate</c>.</summary>
    private const int MaximumRounds = 8;

    private readonly Dictionary<(string Type, string Id), Candidate> _included = [];
    private readonly HashSet<(string Type, string Id)> _known = [];

    /// <summary>True where there would be more than <see cref="Limit"/>, or more rounds.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The included records, in the order in which they were found.</summary>
    public async ValueTask<ImmutableArray<Candidate>> Of(ImmutableArray<Candidate> page)
    {
        _known.UnionWith(page.Select(Name));
        IReadOnlyList<Candidate> frontier = page;
        for (var round = 0; frontier.Count > 0 && !IsCut; round++)
        {
            var before = _included.Count;
            foreach (var include in includes)
            {
                if (round > 0 && !include.IsIterating)
                {
                    continue;
                }

                await (include.IsReverse ? Referring(include, frontier) : Referred(include, frontier));
            }

            frontier = [.. _included.Values.Skip(before)];
            if (!includes.Any(i => i.IsIterating))
            {
                break;
            }

            IsCut |= round == MaximumRounds && frontier.Count > 0;
        }

        return [.. _included.Values];
    }

    private async ValueTask Referred(SearchInclude include, IReadOnlyList<Candidate> frontier)
    {
        foreach (var source in frontier)
        {
            foreach (var (type, id) in include.Targets(source.Entry.Terms!))
            {
                if (!_known.Contains((type, id)) && await records.Current(type, id) is { } target && !Add(target))
                {
                    return;
                }
            }
        }
    }

    private async ValueTask Referring(SearchInclude include, IReadOnlyList<Candidate> frontier)
    {
        var wanted = frontier.Select(Name).Where(n => include.TargetType is null || n.Type == include.TargetType).ToHashSet();
        foreach (var source in Sources(include, wanted))
        {
            await foreach (var found in records.All(source, Places(include, source, wanted), entry => include.Targets(entry.Terms!).Any(wanted.Contains)))
            {
                if (!_known.Contains(Name(found)) && !Add(found))
                {
                    return;
                }
            }
        }
    }

    /// <summary>The types that can refer to any of these.</summary>
    private static IEnumerable<string> Sources(SearchInclude include, HashSet<(string Type, string Id)> wanted)
    {
        var types = wanted.Select(w => w.Type).ToHashSet(StringComparer.Ordinal);
        return (include.SourceType is { } only ? [only] : FhirDefinitions.R4.ResourceTypes).Where(type => FhirDefinitions.R4.SearchParametersOf(type)
            .Any(p => p.Type == SearchParameterType.Reference && (include.Parameter is null || p.Code == include.Parameter) && (p.Targets.Count == 0 || p.Targets.Any(types.Contains))));
    }

    /// <summary>What refers to patients by a parameter of their compartment stands on their shelves and nowhere else.</summary>
    private static IReadOnlyList<ShelfId>? Places(SearchInclude include, string source, HashSet<(string Type, string Id)> wanted) =>
        include.Parameter is { } parameter && PatientCompartment.KindOf(source) == CompartmentKind.Clinical && SearchQuery.LeadsToCompartment(source, parameter) && wanted.All(w => w.Type == "Patient")
            ? [.. wanted.Select(w => ShelfId.ForPatient(w.Id))]
            : null;

    private bool Add(Candidate candidate)
    {
        if (_included.Count == Limit)
        {
            IsCut = true;
            return false;
        }

        _known.Add(Name(candidate));
        _included.Add(Name(candidate), candidate);
        return true;
    }

    private static (string Type, string Id) Name(Candidate candidate) => (candidate.Entry.Key.Type, candidate.Entry.Key.Id);
}
