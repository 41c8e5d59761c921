using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;

namespace HealthLedger.Ledger;

/// <summary>A tag's place in the ledger.</summary>
/// <param name="Tag">The first 16 bytes of the entry's tag, big-endian.</param>
/// <param name="Index">The entry.</param>
public readonly record struct TagPlace(UInt128 Tag, ulong Index);

/// <summary>The state of one consent handle.</summary>
/// <param name="Handle">The handle.</param>
/// <param name="State">Its state.</param>
public readonly record struct ConsentLeaf(Hash Handle, ConsentState State);

/// <summary>
/// What is looked up often and can be computed from the entries again: where a tag stands, and the leaves of the consent-state map. It may lag behind
/// the ledger, which keeps the rest in memory and applies it in bulk.
/// </summary>
public interface ILedgerIndex : IDisposable
{
    /// <summary>The entries up to this size are in the index, durably.</summary>
    ulong AppliedSize { get; }

    /// <summary>The entry that carries a tag; null where none up to <see cref="AppliedSize"/> does. Called by several threads, beside <see cref="Apply"/>.</summary>
    /// <exception cref="InvalidDataException">What is stored cannot be read.</exception>
    ulong? Find(UInt128 tag);

    /// <summary>All handles with their states as of <see cref="AppliedSize"/>.</summary>
    /// <exception cref="InvalidDataException">What is stored cannot be read.</exception>
    IEnumerable<ConsentLeaf> Leaves();

    /// <summary>
    /// Adds what the entries up to <paramref name="size"/> brought. MUST be one transaction: after a crash all of it is there or none, with
    /// <see cref="AppliedSize"/> to match. MUST accept what it already has. Called by one thread at a time.
    /// </summary>
    /// <exception cref="IOException">There is no room; the call is repeated later.</exception>
    void Apply(ulong size, IReadOnlyCollection<TagPlace> tags, IReadOnlyCollection<ConsentLeaf> leaves);

    /// <summary>Empties the index, also one that cannot be read: it is rebuilt from the entries. Nobody else uses it meanwhile.</summary>
    void Clear();
}
