using System.Collections.Immutable;
using HealthLedger.Consents;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// A record that answers a request, with what was decided about it: by handle, never by value. A record in several patients' compartments carries the
/// decision of each; one refusal refuses it.
/// </summary>
/// <param name="Shelf">The snapshot of the shelf that it was found on.</param>
/// <param name="Entry">The record's place on that shelf.</param>
/// <param name="Decisions">For each shelf the record stands on, what was decided there, in the shelves' order.</param>
internal sealed record Candidate(Shelf Shelf, ShelfEntry Entry, ImmutableArray<ShelfDecision> Decisions)
{
    /// <summary>True where every shelf permits it.</summary>
    public bool Permitted => Decisions.All(d => d.Decision.Permitted);

    /// <summary>The first refusal; null where permitted.</summary>
    public ShelfDecision? Refusal => Decisions.FirstOrDefault(d => !d.Decision.Permitted);
}

/// <summary>What one shelf says about a record.</summary>
/// <param name="Shelf">The shelf.</param>
/// <param name="Decision">The decision.</param>
internal sealed record ShelfDecision(ShelfId Shelf, ConsentDecision Decision);
