using System.Collections.Immutable;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Looks up what conditional creates would make twice. A condition is a search of the caller and nothing else: decided for each patient and record like any
/// other, so that what the caller may not see is no match, and recorded by the same events, in the append of the change that it belongs to.
/// </summary>
internal sealed class Conditions(RecordVault vault, ConsentStates consents, AccessPolicy policy)
{
    private readonly Candidates _candidates = new(vault, consents, policy);
    private readonly AccessFacts _facts = new(vault);
    private readonly ShelfLocks _gates = new();

    /// <summary>Waits until nobody else creates on one of these conditions, so that of equal requests at once one creates and the others find.</summary>
    public async ValueTask<IDisposable> Hold(ChangeRequest request, CancellationToken cancellation) =>
        new Gates(_gates, await _gates.Take([], Of(request).Select(c => (c.Condition.Type, c.Condition.RawQuery)), cancellation));

    /// <summary>Runs the searches in the request's order, up to the first that names no single record.</summary>
    /// <param name="request">The changes.</param>
    /// <param name="now">The time that decides.</param>
    /// <param name="raced">Subjects that changed under this request twice: they refuse.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async ValueTask<Found> Find(ChangeRequest request, DateTimeOffset now, ImmutableHashSet<string> raced, CancellationToken cancellation)
    {
        var existing = ImmutableDictionary.CreateBuilder<int, ShelfEntry>();
        var events = ImmutableArray.CreateBuilder<PendingEvent>();
        var versions = new Dictionary<string, DecisionVersion>(StringComparer.Ordinal);
        foreach (var (at, condition) in Of(request))
        {
            var search = new DisclosureRequest
            {
                Caller = request.Caller,
                Purpose = request.Purpose,
                EmergencyReason = request.EmergencyReason,
                RequestId = request.RequestId,
                Target = condition,
            };
            var selection = await _candidates.Select(search, now, raced, cancellation);
            if (selection.TooBroad)
            {
                return Refused(at, ChangeFault.TooBroad);
            }

            var entry = _facts.Describe(search, selection, now).Append;
            events.AddRange(entry.Events);
            foreach (var version in entry.Expected)
            {
                versions.TryAdd(version.Subject, version);
            }

            if (selection.Total > 1)
            {
                return Refused(at, ChangeFault.SeveralMatch);
            }

            if (selection.Page is [var match])
            {
                existing.Add(at, match.Entry);
            }
        }

        return new Found(existing.ToImmutable(), null, events.ToImmutable(), [.. versions.Values]);

        Found Refused(int at, ChangeFault fault) => new(
            ImmutableDictionary<int, ShelfEntry>.Empty, new ChangeResult.Refused(at, fault, ImmutableArray<ValidationIssue>.Empty), events.ToImmutable(), [.. versions.Values]);
    }

    private static IEnumerable<(int At, Target.Criteria Condition)> Of(ChangeRequest request)
    {
        for (var i = 0; i < request.Changes.Length; i++)
        {
            if (request.Changes[i].IfNoneExist is { } condition)
            {
                yield return (i, condition);
            }
        }
    }

    private sealed class Gates(ShelfLocks locks, ImmutableArray<int> held) : IDisposable
    {
        public void Dispose() => locks.Release(held);
    }
}

/// <summary>What the conditions of a request came to.</summary>
/// <param name="Existing">By the place in the request, the one record that is there already.</param>
/// <param name="Fault">The first condition that names no single record; null where none is so.</param>
/// <param name="Reads">The events of the searches: they belong into whatever this request appends, its refusal too.</param>
/// <param name="RestsOn">The decision versions that the matches rest on.</param>
internal sealed record Found(
    ImmutableDictionary<int, ShelfEntry> Existing, ChangeResult.Refused? Fault, ImmutableArray<PendingEvent> Reads, ImmutableArray<DecisionVersion> RestsOn);
