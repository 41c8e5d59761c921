using System.Collections.Immutable;
using System.Globalization;
using HealthLedger.Fhir.Json;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Looks up which records conditional changes and conditional references mean (http://hl7.org/fhir/R4/http.html#cond-update, #trules). A condition is a search of the
/// caller and nothing else: decided for each patient and record like any other, so that what the caller may not see is no match, and recorded by the same events, in the
/// append of the change that it belongs to.
/// </summary>
internal sealed class Conditions(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    /// <summary>The most searches of one request that may span patients, by conditions and conditional references.</summary>
    private const int MaximumSearches = 100;

    private readonly Candidates _candidates = new(vault, consents, policy);
    private readonly AccessFacts _facts = new(vault);
    private readonly ShelfLocks _gates = new();

    /// <summary>Waits until nobody else changes anything on one of these conditions, so that of equal requests at once one creates and the others find.</summary>
    public async ValueTask<IDisposable> Hold(ChangeRequest request, CancellationToken cancellation) =>
        new Gates(_gates, await _gates.Take([], Of(request).Select(c => (c.Condition.Type, c.Condition.RawQuery)), cancellation));

    /// <summary>
    /// Runs the searches, conditions first, each in the request's order, up to the first condition that names no single record. What references lead to is judged beside what the
    /// request writes, by <see cref="ReferenceTargets"/>.
    /// </summary>
    /// <param name="request">The changes.</param>
    /// <param name="now">The time that decides.</param>
    /// <param name="raced">Subjects that changed under this request twice: they refuse.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async ValueTask<Found> Find(ChangeRequest request, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var search = new Searches(this, request, now, raced);
        var changes = request.Changes.ToBuilder();
        var settled = ImmutableDictionary.CreateBuilder<int, ShelfEntry?>();
        var chosen = ImmutableHashSet.CreateBuilder<int>();
        foreach (var (at, condition) in Of(request))
        {
            var (total, page) = await search.Run(condition, cancellation);
            if (search.TooBroad || total > 1)
            {
                return search.Refused(at, search.TooBroad ? ChangeFault.TooBroad : ChangeFault.SeveralMatch);
            }

            var match = page is [var one] ? one : null;
            if (Resolve(changes[at], match, out var fault) is { } resolved)
            {
                changes[at] = resolved;
                if (match is not null)
                {
                    chosen.Add(at);
                }
            }
            else if (fault is { } wrong)
            {
                return search.Refused(at, wrong);
            }
            else
            {
                settled.Add(at, match);
            }
        }

        var references = ImmutableDictionary.CreateBuilder<string, FoundTargets>(StringComparer.Ordinal);
        foreach (var (at, reference) in References(request, settled))
        {
            if (references.ContainsKey(reference.Text))
            {
                continue;
            }

            var (criteria, issue) = Criteria(request, reference.Text, now);
            if (criteria is null || search.Spanning >= MaximumSearches)
            {
                return search.Refused(at, ChangeFault.Invalid, new ValidationIssue(
                    IssueSeverity.Error,
                    criteria is null ? IssueType.NotFound : IssueType.TooCostly,
                    issue ?? $"A request has at most {MaximumSearches} conditions and conditional references.",
                    reference.Element));
            }

            var (total, page) = await search.Run(criteria, cancellation);
            if (search.TooBroad)
            {
                return search.Refused(at, ChangeFault.TooBroad);
            }

            references.Add(reference.Text, new FoundTargets(criteria.Query, [.. page.Select(e => $"{e.Key.Type}/{e.Key.Id}")], total > page.Count));
        }

        return search.Done(changes.ToImmutable(), settled.ToImmutable(), chosen.ToImmutable(), references.ToImmutable());
    }

    /// <summary>
    /// The change without its condition, of the record that was found and at its version; null with a fault where that cannot be, null without one where there is nothing left to do.
    /// </summary>
    private static Change? Resolve(Change change, ShelfEntry? match, out ChangeFault? fault)
    {
        fault = null;
        switch (change.Kind, match)
        {
            case (ChangeKind.Create, null):
                return change;
            case (ChangeKind.Create, _) or (ChangeKind.Delete, null):
                return null;
            case (_, null) when change.IfMatch is not null:
                fault = ChangeFault.VersionConflict;
                return null;
            case (_, null):
                // Under an id that the client chose only where it may choose, and never in the place of another record.
                return change.Id is null ? change with { Kind = ChangeKind.Create } : change with { IfMatch = 0 };
            default:
                fault = change.Id is { } id && id != match.Key.Id ? ChangeFault.OtherId
                    : change.IsOfAnother(match.Key.Version, match.Deleted) ? ChangeFault.VersionConflict
                    : null;
                return fault is null ? change with { Id = match.Key.Id, IfMatch = match.Key.Version } : null;
        }
    }

    /// <summary>The conditional references of what is written to types whose search spans patients; those to directory records are looked up where they are rewritten.</summary>
    private static IEnumerable<(int At, FoundReference Reference)> References(ChangeRequest request, IReadOnlyDictionary<int, ShelfEntry?> settled)
    {
        for (var i = 0; i < request.Changes.Length; i++)
        {
            var body = request.Changes[i].Body;
            if (settled.ContainsKey(i) || !body.Span.Contains((byte)'?'))
            {
                continue;
            }

            foreach (var reference in ResourceReferences.Of(body.Span))
            {
                if (reference.Kind == ReferenceKind.Conditional && RecordChange.SpansPatients(reference.Text[..reference.Text.IndexOf('?')]))
                {
                    yield return (i, reference);
                }
            }
        }
    }

    private static (Target.Criteria? Criteria, string? Issue) Criteria(ChangeRequest request, string reference, DateTimeOffset now)
    {
        var question = reference.IndexOf('?');
        var (type, raw) = (reference[..question], reference[(question + 1)..]);
        if (!request.Caller.Covers(type, ScopeInteraction.Search))
        {
            return (null, "No scope of this token covers searching the type of a conditional reference.");
        }

        // Two tell that there are several, beside those that the transaction itself changes.
        var enough = 2 + request.Changes.Count(c => c.Type == type && c.Kind != ChangeKind.Create);
        var parsed = SearchQuery.Parse(
            type, [.. QueryText.Split(raw), new("_count", enough.ToString(CultureInfo.InvariantCulture))], new SearchOptions { Now = now, LocalBase = request.LocalBase });
        return parsed.Query is not { Criteria.Count: > 0, Includes.Count: 0 } query ? (null, "A conditional reference has search parameters of its type, at least one.")
            : query.LooksAt.All(step => step.Any(t => request.Caller.Covers(t, ScopeInteraction.Search))) ? (new Target.Criteria(type, query, raw, default), null)
            : (null, "No scope of this token covers searching a type that a conditional reference looks through.");
    }

    private static IEnumerable<(int At, Target.Criteria Condition)> Of(ChangeRequest request)
    {
        for (var i = 0; i < request.Changes.Length; i++)
        {
            if (request.Changes[i].Condition is { } condition)
            {
                yield return (i, condition);
            }
        }
    }

    /// <summary>The searches of one request, and what has to be recorded of them.</summary>
    private sealed class Searches(Conditions conditions, ChangeRequest request, DateTimeOffset now, ImmutableHashSet<string> raced)
    {
        private readonly ImmutableArray<PendingEvent>.Builder _events = ImmutableArray.CreateBuilder<PendingEvent>();
        private readonly Dictionary<string, DecisionVersion> _versions = new(StringComparer.Ordinal);

        public bool TooBroad { get; private set; }

        public int Spanning { get; private set; }

        /// <summary>How many records match, and the first of them.</summary>
        public async ValueTask<(int Total, IReadOnlyList<ShelfEntry> Page)> Run(Target.Criteria criteria, CancellationToken cancellation)
        {
            Spanning += RecordChange.SpansPatients(criteria.Type) ? 1 : 0;
            var search = new DisclosureRequest
            {
                Caller = request.Caller,
                Purpose = request.Purpose,
                EmergencyReason = request.EmergencyReason,
                RequestId = request.RequestId,
                Target = criteria,
            };
            var selection = await conditions._candidates.Select(search, now, raced, cancellation);
            if (selection.TooBroad)
            {
                TooBroad = true;
                return (0, []);
            }

            var entry = conditions._facts.Describe(search, selection, now).Append;
            _events.AddRange(entry.Events);
            foreach (var version in entry.Expected)
            {
                _versions.TryAdd(version.Subject, version);
            }

            return (selection.Total ?? 0, [.. selection.Page.Select(match => match.Entry)]);
        }

        public Found Done(
            ImmutableArray<Change> changes, ImmutableDictionary<int, ShelfEntry?> settled, ImmutableHashSet<int> chosen, ImmutableDictionary<string, FoundTargets> references) =>
            new(changes, settled, chosen, references, null, _events.ToImmutable(), [.. _versions.Values]);

        public Found Refused(int at, ChangeFault fault, params ImmutableArray<ValidationIssue> issues) =>
            Done(request.Changes, ImmutableDictionary<int, ShelfEntry?>.Empty, [], ImmutableDictionary<string, FoundTargets>.Empty) with { Fault = new ChangeResult.Refused(at, fault, issues) };
    }

    private sealed class Gates(ShelfLocks locks, ImmutableArray<int> held) : IDisposable
    {
        public void Dispose() => locks.Release(held);
    }
}

/// <summary>What is stored and visible for a conditional reference.</summary>
/// <param name="Query">What it asks.</param>
/// <param name="Stored">The matches, as <c>Type/id</c>: at least two more than the request changes, where there are so many.</param>
/// <param name="HasMore">Whether there are more.</param>
internal sealed record FoundTargets(SearchQuery Query, ImmutableArray<string> Stored, bool HasMore);

/// <summary>What the conditions of a request came to.</summary>
/// <param name="Changes">The request's changes, each of the record that its condition found.</param>
/// <param name="Settled">By their place in the request, changes with nothing left to do: creates of the record that is there already, deletes (null) of what is not there.</param>
/// <param name="Chosen">The places of changes that are of the version that was found: where it moved meanwhile, it is looked for anew.</param>
/// <param name="References">What was found for each conditional reference to a type whose search spans patients.</param>
/// <param name="Fault">The first condition that names no single record, or search that cannot be made; null where there is none.</param>
/// <param name="Reads">The events of the searches: they belong into whatever this request appends, its refusal too.</param>
/// <param name="RestsOn">The decision versions that the matches rest on.</param>
internal sealed record Found(
    ImmutableArray<Change> Changes,
    ImmutableDictionary<int, ShelfEntry?> Settled,
    ImmutableHashSet<int> Chosen,
    ImmutableDictionary<string, FoundTargets> References,
    ChangeResult.Refused? Fault,
    ImmutableArray<PendingEvent> Reads,
    ImmutableArray<DecisionVersion> RestsOn);
