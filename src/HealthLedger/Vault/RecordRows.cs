using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>Fetches and opens the rows of records, checked against their shelf's entry. Internal to the vault: who opens answers for why.</summary>
internal sealed class RecordRows(IVaultStore store, RowCache cache, RowSealer sealer, TenantId tenant)
{
    /// <summary>The sealed row of a version that has content.</summary>
    /// <exception cref="TamperedRecordException">It is missing, or not the one that was committed.</exception>
    internal async ValueTask<StoredRow> Fetch(KeyedName shelf, ShelfEntry version, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (cache.Find(version) is { } kept)
        {
            return kept;
        }

        var place = PlaceOf(shelf, version);
        return Kept(version, Checked(place, version, await store.Read(place, cancellation)));
    }

    /// <summary>As the other, for several versions with the names of their shelves; in their order.</summary>
    /// <exception cref="TamperedRecordException">One is missing, or not the one that was committed.</exception>
    internal async ValueTask<StoredRow[]> Fetch(IReadOnlyList<(KeyedName Shelf, ShelfEntry Version)> versions, CancellationToken cancellation)
    {
        var rows = versions.Select(v => cache.Find(v.Version)).ToArray();
        int[] missing = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i] is null)];
        try
        {
            RowPlace[] places = [.. missing.Select(i => PlaceOf(versions[i].Shelf, versions[i].Version))];
            var read = places.Length == 0 ? [] : await store.Read(places, cancellation);
            foreach (var (i, row) in missing.Zip(read))
            {
                rows[i] = row;
            }

            foreach (var (i, place) in missing.Zip(places))
            {
                rows[i] = Kept(versions[i].Version, Checked(place, versions[i].Version, rows[i]));
            }

            return rows!;
        }
        catch
        {
            foreach (var row in rows)
            {
                row?.Dispose();
            }

            throw;
        }
    }

    /// <summary>What a key holder is asked to open.</summary>
    internal SealedVersion Sealed(ShelfId id, KeyedName shelf, WrappedKey data, ShelfEntry version, StoredRow row) => new(
        id, data, version.Key, row.Sealed,
        version.Shared is { } shared ? new SharedKey(shared.WrappedKey, Preparation.ContentKeyPlace(tenant, PlaceOf(shelf, version), shelf)) : null);

    /// <summary>Opens a fetched row by the key of its envelope.</summary>
    /// <exception cref="TamperedRecordException">It does not open.</exception>
    internal OpenedBytes Open(KeyedName shelf, ShelfEntry version, StoredRow row, ReadOnlySpan<byte> key)
    {
        var place = PlaceOf(shelf, version);
        return sealer.OpenWith(key, place, version.Key.Version, row.Sealed.Span) ?? throw new TamperedRecordException(place, "a record does not open");
    }

    private StoredRow Kept(ShelfEntry version, StoredRow row)
    {
        cache.Keep(version, row.Sealed.Span);
        return row;
    }

    private static StoredRow Checked(RowPlace place, ShelfEntry version, StoredRow? row)
    {
        if (row is null)
        {
            throw new TamperedRecordException(place, "a record's row is missing");
        }

        if (Hash256.Of(row.Sealed.Span) == version.CiphertextHash)
        {
            return row;
        }

        row.Dispose();
        throw new TamperedRecordException(place, "a record's row is not the one that was committed");
    }

    private static RowPlace PlaceOf(KeyedName shelf, ShelfEntry version) => new(VaultTable.Record, version.Shared?.Home ?? shelf, version.Handle);
}
