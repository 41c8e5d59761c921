using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>Something at rest that is not what was committed, by keyed names, which say nothing without the keys.</summary>
/// <param name="Place">The row at fault.</param>
/// <param name="Finding">What is wrong, in words that are of nobody.</param>
public readonly record struct StoredFault(RowPlace Place, string Finding);

/// <summary>A shelf as storage has it.</summary>
/// <param name="Records">How many records it has, deleted ones too; 0 where nothing of it opens.</param>
/// <param name="Versions">How many versions of records it has, those without content too.</param>
/// <param name="Rows">How many rows were read for it.</param>
/// <param name="Bytes">How many sealed bytes of records.</param>
/// <param name="Faults">What is wrong with it.</param>
public sealed record ShelfAtRest(int Records, long Versions, long Rows, long Bytes, IReadOnlyList<StoredFault> Faults);

/// <summary>Compares the rows of a shelf's records, and those that say where they are, with what the shelf says of them: by hashes alone, so that no record is opened and no data key used.</summary>
internal sealed class RowCheck(IVaultStore store, Locators locators)
{
    /// <summary>Rows that are read together.</summary>
    private const int Together = 64;

    /// <summary>Checks all rows of one shelf; the caller holds its gate.</summary>
    /// <param name="shelf">As it was loaded just now.</param>
    /// <param name="hasOthers">True where rows may lie here that are other patients': this patient was erased before.</param>
    /// <param name="cancellation">Stops the check.</param>
    internal async ValueTask<ShelfAtRest> Of(Shelf shelf, bool hasOthers, CancellationToken cancellation)
    {
        var faults = new List<StoredFault>();
        var (here, elsewhere, located) = (new Dictionary<KeyedName, ShelfEntry>(), new List<ShelfEntry>(), new List<(string Type, string Id)>());
        long versions = 0;
        foreach (var newest in shelf.Ever(null))
        {
            if (newest.State != EntryState.Departed)
            {
                located.Add((newest.Key.Type, newest.Key.Id));
            }

            for (var version = newest; version is not null; version = version.Previous)
            {
                versions++;
                if (version.State == EntryState.Live && version.Shared is { } shared && shared.Home != shelf.Tag)
                {
                    // Of one that left this shelf the rows may be gone with those whom it went to.
                    if (newest.State != EntryState.Departed)
                    {
                        elsewhere.Add(version);
                    }
                }
                else if (version.State == EntryState.Live)
                {
                    here[version.Handle] = version;
                }
            }
        }

        var (rows, bytes) = await Here(shelf, here, hasOthers, faults, cancellation);
        bytes += await Elsewhere(elsewhere, faults, cancellation);
        await Located(shelf.Id, located, faults, cancellation);
        return new ShelfAtRest(shelf.Count, versions, rows + elsewhere.Count + located.Count, bytes, faults);
    }

    /// <summary>The records' rows under the shelf's own name: each that should be there, as it was committed, and no other.</summary>
    private async ValueTask<(long Rows, long Bytes)> Here(Shelf shelf, Dictionary<KeyedName, ShelfEntry> expected, bool hasOthers, List<StoredFault> faults, CancellationToken cancellation)
    {
        var (rows, bytes) = (0L, 0L);
        KeyedName? after = null;
        while (await store.ReadPage(VaultTable.Record, shelf.Tag, after, Together, cancellation) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                (rows, bytes) = (rows + 1, bytes + row.Sealed.Length);
                if (expected.Remove(row.Place.Row, out var version))
                {
                    Compare(row.Place, row.Sealed.Span, version, faults);
                }
                else if (!hasOthers)
                {
                    faults.Add(new StoredFault(row.Place, "a row that no record has"));
                }
            }

            after = page[^1].Place.Row;
        }

        faults.AddRange(expected.Keys.Select(row => new StoredFault(new RowPlace(VaultTable.Record, shelf.Tag, row), "a record's row is missing")));
        return (rows, bytes);
    }

    private async ValueTask<long> Elsewhere(List<ShelfEntry> versions, List<StoredFault> faults, CancellationToken cancellation)
    {
        long bytes = 0;
        foreach (var part in versions.Chunk(Together))
        {
            RowPlace[] places = [.. part.Select(version => new RowPlace(VaultTable.Record, version.Shared!.Home, version.Handle))];
            foreach (var ((place, version), row) in places.Zip(part).Zip(await store.Read(places, cancellation)))
            {
                using (row)
                {
                    bytes += row?.Sealed.Length ?? 0;
                    if (row is null)
                    {
                        faults.Add(new StoredFault(place, "a record's row is missing"));
                    }
                    else
                    {
                        Compare(place, row.Sealed.Span, version, faults);
                    }
                }
            }
        }

        return bytes;
    }

    private async ValueTask Located(ShelfId shelf, List<(string Type, string Id)> records, List<StoredFault> faults, CancellationToken cancellation)
    {
        foreach (var part in records.Chunk(Together))
        {
            foreach (var (place, isThere, shelves) in await locators.Read(part, cancellation))
            {
                if (!isThere || shelves is null || !shelves.Value.Contains(shelf))
                {
                    faults.Add(new StoredFault(place, !isThere ? "a locator is missing" : shelves is null ? "a locator does not open" : "a locator leads elsewhere"));
                }
            }
        }
    }

    private static void Compare(RowPlace place, ReadOnlySpan<byte> stored, ShelfEntry version, List<StoredFault> faults)
    {
        if (Hash256.Of(stored) != version.CiphertextHash)
        {
            faults.Add(new StoredFault(place, "a record's row is not the one that was committed"));
        }
    }
}
