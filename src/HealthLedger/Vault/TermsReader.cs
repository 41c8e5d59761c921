using HealthLedger.Fhir.Search;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Vault;

/// <summary>
/// Holds stored terms for a shelf. Terms written under other definitions than this version's are extracted again from the record, within the vault: what comes of it
/// is what was on the shelf all along, so it needs no entry. They are stored anew when the shelf's segments are next merged.
/// </summary>
internal sealed class TermsReader(RecordRows rows, IKeyHolder holder, TermPool vocabulary, string localBase)
{
    /// <summary>Where a shelf's strings are shared: those that name people go with the patient's shelf.</summary>
    internal TermPool PoolOf(ShelfId shelf) => shelf.IsPatient ? vocabulary.ForPatient() : vocabulary;

    /// <summary>The terms of a current version for <see cref="ShelfEntry.Held"/>; null where it has none.</summary>
    internal async ValueTask<object?> Read(ShelfId id, KeyedName shelf, ShelfKeys keys, StoredEntry stored, TermPool pool)
    {
        if (stored.Terms.IsEmpty)
        {
            return null;
        }

        if (ResourceTerms.IsCurrent(stored.Terms.Span))
        {
            return new UnreadTerms(stored.Terms.ToArray(), pool);
        }

        using var row = await rows.Fetch(shelf, stored.Entry, CancellationToken.None);
        using var key = await holder.UnwrapToIndex(rows.Sealed(id, shelf, keys.Data, stored.Entry, row), CancellationToken.None);
        using var record = rows.Open(shelf, stored.Entry, row, key[0]);
        return SearchTermExtractor.Extract(record.Memory, pool, localBase);
    }
}
