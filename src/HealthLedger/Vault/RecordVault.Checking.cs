using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>The vault at rest, checked without opening a record for anybody.</summary>
public sealed partial class RecordVault
{
    /// <summary>
    /// Checks a shelf as storage has it now, past what is in memory: that head and segments open and add up, and that each row of its records is there and the one that was committed. Nobody changes the
    /// shelf meanwhile.
    /// </summary>
    /// <param name="shelf">A patient's that is in the directory, or a type's.</param>
    /// <param name="recorded">Says while nobody changes the shelf what is wrong with it by the ledger; null for nothing.</param>
    /// <param name="cancellation">Stops the check.</param>
    public async ValueTask<ShelfAtRest> CheckShelf(ShelfId shelf, Func<Shelf, string?> recorded, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var gates = await locks.Take([shelf], [], cancellation);
        ShelfState? state = null;
        try
        {
            var tag = shelves.TagOf(shelf);
            state = await shelves.LoadWithoutTerms(shelf);
            if (state?.Current is not { } current)
            {
                // A type's shelf has no row that says that it is there; a patient may have been erased since the directory was read.
                StoredFault[] faults = await Absence(shelf, cancellation) switch
                {
                    null => [new StoredFault(HeadOf(tag), "the keys of a shelf are missing")],
                    { Place.Table: VaultTable.Head } missing when shelf.IsPatient => [missing],
                    _ => [],
                };
                return new ShelfAtRest(0, 0, 0, 0, faults);
            }

            var found = await check.Of(current, Erasures.All.Any(erasure => erasure.Shelf == tag), cancellation);
            var segments = (long)(state.Head.NextSegment - state.Head.FirstSegment);
            found = found with { Rows = found.Rows + segments + 1 };
            return recorded(current) is { } finding ? found with { Faults = [.. found.Faults, new StoredFault(HeadOf(tag), finding)] } : found;
        }
        catch (TamperedRecordException tampered)
        {
            return new ShelfAtRest(0, 0, 1, 0, [new StoredFault(tampered.Place, tampered.Finding)]);
        }
        catch (DamagedKeysException)
        {
            return new ShelfAtRest(0, 0, 1, 0, [new StoredFault(HeadOf(shelves.TagOf(shelf)), "the keys of a shelf do not open, or some are missing")]);
        }
        finally
        {
            state?.Dispose();
            locks.Release(gates);
        }
    }

    /// <summary>True where a shelf has a head, and a patient's a row in the directory, and no keys.</summary>
    public async ValueTask<bool> HasLostKeys(ShelfId shelf, CancellationToken cancellation) =>
        ring.LacksRecordKeys(shelf) && await Absence(shelf, cancellation) is null && ring.LacksRecordKeys(shelf); // once more: whoever was erased may have come anew between

    /// <summary>The patients that storage names, by ascending row: which, the last row, and the rows that do not open.</summary>
    /// <param name="after">The last row of the page before; null for the first.</param>
    /// <param name="max">How many rows at most.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public async ValueTask<(IReadOnlyList<(ShelfId Shelf, KeyedName Row)> Shelves, KeyedName? Last, IReadOnlyList<StoredFault> Faults)> PatientsAtRest(KeyedName? after, int max, CancellationToken cancellation)
    {
        var page = await Patients.ReadPage(after, max, cancellation);
        return (
            [.. page.Where(row => row.PatientId is not null).Select(row => (ShelfId.ForPatient(row.PatientId!), row.Place.Row))],
            page.Count == 0 ? null : page[^1].Place.Row,
            [.. page.Where(row => row.PatientId is null).Select(row => new StoredFault(row.Place, "a patient's row in the directory does not open"))]);
    }

    /// <summary>Checks the rows that say where records are: that each opens, and leads to shelves that are there and to patients who are in the directory.</summary>
    /// <param name="after">The last row of the page before; null for the first.</param>
    /// <param name="max">How many rows at most.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>The last row, null where there are none any more; how many rows; what is wrong.</returns>
    public async ValueTask<(KeyedName? Last, int Rows, IReadOnlyList<StoredFault> Faults)> CheckLocators(KeyedName? after, int max, CancellationToken cancellation)
    {
        var page = await locators.ReadPage(after, max, cancellation);
        var faults = new List<StoredFault>();
        var known = new Dictionary<ShelfId, StoredFault?>();
        foreach (var (place, shelvesOf) in page)
        {
            if (shelvesOf is null)
            {
                faults.Add(new StoredFault(place, "a locator does not open"));
            }

            foreach (var shelf in shelvesOf ?? [])
            {
                if (!known.ContainsKey(shelf) && (known[shelf] = await Absence(shelf, cancellation)) is { } fault && !await WasMoved(place, shelf, cancellation))
                {
                    faults.Add(fault);
                }
            }
        }

        return (page.Count == 0 ? null : page[^1].Place.Row, page.Count, faults);
    }

    private static RowPlace HeadOf(KeyedName tag) => new(VaultTable.Head, tag, default);

    /// <summary>What lacks of a shelf that a record is said to be on; null for nothing.</summary>
    private async ValueTask<StoredFault?> Absence(ShelfId shelf, CancellationToken cancellation)
    {
        RowPlace[] places = [.. shelf.PatientId is { } patient ? [Patients.Removal(patient).Place] : Array.Empty<RowPlace>(), HeadOf(shelves.TagOf(shelf))];
        var read = await store.Read(places, cancellation);
        try
        {
            for (var i = 0; i < places.Length; i++)
            {
                if (read[i] is null)
                {
                    return new StoredFault(places[i], places[i].Table == VaultTable.Head ? "the head of a shelf is missing" : "a patient's row in the directory is missing");
                }
            }

            return null;
        }
        finally
        {
            foreach (var row in read)
            {
                row?.Dispose();
            }
        }
    }

    /// <summary>True where the row has gone, or leads elsewhere, since its page was read: an erasure came between.</summary>
    private async ValueTask<bool> WasMoved(RowPlace locator, ShelfId shelf, CancellationToken cancellation)
    {
        locks.Release(await locks.Take([shelf], [], cancellation)); // not loaded for it: it may be what is damaged
        return await locators.Reread(locator, cancellation) is not { } now || !now.Contains(shelf);
    }
}
