using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>What deciding and matching came to, before anything is recorded or opened.</summary>
internal sealed record Selection
{
    /// <summary>What may be opened, in the order of the answer.</summary>
    public ImmutableArray<Candidate> Page { get; init; } = [];

    /// <summary>What the page brings along; opened like it.</summary>
    public ImmutableArray<Candidate> Included { get; init; } = [];

    /// <summary>True where more would have been included than one page may bring along.</summary>
    public bool IncludesCut { get; init; }

    /// <summary>Everything that may be opened.</summary>
    public ImmutableArray<Candidate> Disclosed => Included.IsEmpty ? Page : Page.AddRange(Included);

    /// <summary>Permitted matches in all; null for a record that was addressed.</summary>
    public int? Total { get; init; }

    /// <summary>Where the next page begins.</summary>
    public PagePosition? Next { get; init; }

    /// <summary>Of an export: where it goes on; null where all was reached.</summary>
    public CohortPosition? Onward { get; init; }

    /// <summary>What the meta of all permitted matches has, where it was asked for.</summary>
    public UsedMeta? Meta { get; init; }

    /// <summary>The shelf that an addressed record stands on and that answers for the attempt; null where there is no such record.</summary>
    public ShelfId? Addressed { get; init; }

    /// <summary>For an addressed record that was refused: what refused it.</summary>
    public ShelfDecision? Refusal { get; init; }

    /// <summary>The decision versions that the permits rest on.</summary>
    public ImmutableArray<DecisionVersion> RestsOn { get; init; } = [];

    /// <summary>The shelves of which the answer tells something without their records: those counted, and those whose records made others match.</summary>
    public ImmutableArray<ShelfId> Counted { get; init; } = [];

    /// <summary>True where the record that was asked for is absent or refused. A history that is permitted has a total, even where no version is in its page.</summary>
    public bool IsNotThere(Target target) => (target.IsOneRecord || target is Target.Everything) && Page.IsEmpty && Total is null;

    /// <summary>True where more permitted patients would have to be opened than one request may.</summary>
    public bool TooBroad { get; init; }
}
