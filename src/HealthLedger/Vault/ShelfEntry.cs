using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>What a version of a record is to the shelf it stands on. The numbers are stored.</summary>
public enum EntryState : byte
{
    /// <summary>It has content.</summary>
    Live = 0,
    /// <summary>This version deleted the record.</summary>
    Deleted = 1,
    /// <summary>With this version the record left the shelf: it belongs to other patients now.</summary>
    Departed = 2,
}

/// <summary>
/// One version of one record as a shelf knows it, all but its content. Immutable. Its values are a patient's data: they decide and match inside, and go out
/// only by what a recorded entry permits.
/// </summary>
public sealed class ShelfEntry
{
    private object? held, derived;

    /// <summary>Which record, which version.</summary>
    public required RecordKey Key { get; init; }

    /// <summary>When this version was made, in UTC.</summary>
    public required DateTimeOffset LastUpdated { get; init; }

    /// <summary>Whether there is content.</summary>
    public required EntryState State { get; init; }

    /// <summary>True where this version deleted the record or took it off this shelf.</summary>
    public bool Deleted => State != EntryState.Live;

    /// <summary>The keyed name of the version's row: what facts call it by.</summary>
    public required KeyedName Handle { get; init; }

    /// <summary>The SHA-256 of the stored, sealed bytes; zeros where there is no content.</summary>
    public required Hash256 CiphertextHash { get; init; }

    /// <summary>Who answers for the record: <c>Organization/id</c>, or a client's id.</summary>
    public required string Custodian { get; init; }

    /// <summary>The search terms of the current version; null for an earlier or deleted one.</summary>
    public ResourceTerms? Terms => held as ResourceTerms ?? ReadTerms();

    /// <summary>The <see cref="Terms"/>, or the <see cref="UnreadTerms"/> that they are read from when first asked for; null for none. One reference, so that a copy has the one or the other.</summary>
    internal object? Held
    {
        get => Volatile.Read(ref held);
        init => held = value;
    }

    /// <summary>How many bytes the stored form of <see cref="Terms"/> has.</summary>
    internal int TermsLength { get; init; }

    /// <summary>What the caller of the write put beside the current version, such as a compiled consent; empty for an earlier one.</summary>
    public ReadOnlyMemory<byte> Annotation { get; init; }

    /// <summary>The version before this one on this shelf; null for the first.</summary>
    public ShelfEntry? Previous { get; init; }

    /// <summary>True where the record stands on other shelves too.</summary>
    public bool IsShared => Shared is not null;

    /// <summary>Where the content lies when several shelves share it; null where it lies on this shelf.</summary>
    internal SharedContent? Shared { get; init; }

    /// <summary>Bytes of memory, estimated from above.</summary>
    internal long Weight =>
        320 + (2L * (Key.Id.Length + Key.Type.Length)) + (4 * TermsLength) + Annotation.Length + (Shared is null ? 0 : 240) + PastWeight;

    /// <summary>The weight of all versions before; kept, because a record may have more of them than a walk along them could take.</summary>
    private long PastWeight { get; init; }

    /// <summary>What whoever decides on this version makes of it: made once, kept as long as the version. There is one such thing for a version.</summary>
    internal T? Derived<T>(Func<ShelfEntry, T?> make)
        where T : class
    {
        if (Volatile.Read(ref derived) is not T known && (known = make(this)!) is not null)
        {
            Volatile.Write(ref derived, known);
        }

        return known;
    }

    /// <summary>Several threads may do it at once, and come to the same.</summary>
    private ResourceTerms? ReadTerms()
    {
        if (Held is not UnreadTerms unread)
        {
            return Held as ResourceTerms;
        }

        var terms = ResourceTerms.Read(unread.Stored, unread.Pool);
        Volatile.Write(ref held, terms);
        return terms;
    }

    /// <summary>This version with the one before it.</summary>
    internal ShelfEntry After(ShelfEntry previous) => new()
    {
        Key = Key, LastUpdated = LastUpdated, State = State, Handle = Handle, CiphertextHash = CiphertextHash, Custodian = Custodian, Held = Held, TermsLength = TermsLength,
        Annotation = Annotation, Shared = Shared, Previous = previous, PastWeight = previous.Weight,
    };

    /// <summary>This version with its terms (<see cref="Held"/>), and its annotation in memory of its own.</summary>
    internal ShelfEntry With(object? terms, int termsLength, ReadOnlyMemory<byte> annotation) => new()
    {
        Key = Key, LastUpdated = LastUpdated, State = State, Handle = Handle, CiphertextHash = CiphertextHash, Custodian = Custodian, Held = terms, TermsLength = termsLength,
        Annotation = annotation, Shared = Shared, Previous = Previous, PastWeight = PastWeight,
    };

    /// <summary>This version with its content in place.</summary>
    internal ShelfEntry WithContent(Hash256 ciphertext, SharedContent? shared) => new()
    {
        Key = Key, LastUpdated = LastUpdated, State = State, Handle = Handle, CiphertextHash = ciphertext, Custodian = Custodian, Held = Held, TermsLength = TermsLength,
        Annotation = Annotation, Shared = shared, Previous = Previous, PastWeight = PastWeight,
    };

    /// <summary>This version as one of the past: without what only the current one needs.</summary>
    internal ShelfEntry Superseded() => new()
    {
        Key = Key, LastUpdated = LastUpdated, State = State, Handle = Handle, CiphertextHash = CiphertextHash, Custodian = Custodian, Previous = Previous, PastWeight = PastWeight, Shared = Shared,
    };
}

/// <summary>Content that several shelves share: sealed under a key of its own, which is wrapped under the data key of each shelf.</summary>
/// <param name="Home">The shelf under whose keyed name the row lies.</param>
/// <param name="WrappedKey">The content key, wrapped under this shelf's data key.</param>
internal sealed record SharedContent(KeyedName Home, ReadOnlyMemory<byte> WrappedKey);
