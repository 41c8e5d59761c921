using HealthLedger.Ledger;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>The way out, behind a recorded entry.</summary>
public sealed partial class RecordVault
{
    /// <summary>How many records' sealed rows are read together at most.</summary>
    private const int Together = 64;

    /// <summary>
    /// Opens one version of one record on a shelf: the only door to a record's plaintext. The caller disposes the result.
    /// </summary>
    /// <param name="entry">The recorded entry that permits it.</param>
    /// <param name="shelf">The snapshot that the decision was made on.</param>
    /// <param name="key">Which version.</param>
    /// <param name="cancellation">Stops before the record is opened.</param>
    /// <exception cref="ArgumentException">The entry does not permit this key, or the shelf has no content of it: a bug of the caller.</exception>
    /// <exception cref="TamperedRecordException">The stored bytes are not those that were committed.</exception>
    public async ValueTask<OpenedBytes> Open(Recorded<AccessEntry> entry, Shelf shelf, RecordKey key, CancellationToken cancellation)
    {
        var version = Permitted(entry, shelf, key);
        using var row = await rows.Fetch(shelf.Tag, version, cancellation);
        using var keys = await holder.Unwrap(entry, [rows.Sealed(shelf.Id, shelf.Tag, shelf.DataKey, version, row)], cancellation);
        return rows.Open(shelf.Tag, version, row, keys[0]);
    }

    /// <summary>
    /// Opens several versions of records as the other opens one. Their rows are read together, and their keys are asked for together: at most
    /// <see cref="Together"/> at a time, so that no more sealed rows are in memory.
    /// </summary>
    /// <returns>In the order of <paramref name="wanted"/>; null for what was erased since the snapshot was taken. The caller disposes each.</returns>
    /// <inheritdoc cref="Open(Recorded{AccessEntry}, Shelf, RecordKey, CancellationToken)"/>
    public async ValueTask<OpenedBytes?[]> Open(Recorded<AccessEntry> entry, IReadOnlyList<(Shelf Shelf, RecordKey Key)> wanted, CancellationToken cancellation)
    {
        var versions = new WantedVersion[wanted.Count];
        for (var at = 0; at < versions.Length; at++)
        {
            var (shelf, key) = wanted[at];
            versions[at] = new WantedVersion(shelf, Permitted(entry, shelf, key), at);
        }

        var opened = new OpenedBytes?[wanted.Count];
        try
        {
            for (var from = 0; from < versions.Length; from += Together)
            {
                await Open(entry, versions.Length <= Together ? versions : versions[from..Math.Min(from + Together, versions.Length)], opened, cancellation);
            }

            return opened;
        }
        catch
        {
            foreach (var record in opened)
            {
                record?.Dispose();
            }

            throw;
        }
    }

    /// <summary>As the other, on the newest snapshot of the record's first shelf.</summary>
    /// <inheritdoc cref="Open(Recorded{AccessEntry}, Shelf, RecordKey, CancellationToken)"/>
    public async ValueTask<OpenedBytes> Open(Recorded<AccessEntry> entry, RecordKey key, CancellationToken cancellation)
    {
        if (!entry.Value.Permits(key))
        {
            throw new ArgumentException("The entry does not permit this record version.", nameof(key));
        }

        var found = await Locate(key.Type, key.Id, cancellation) ?? throw new ArgumentException("There is no such record.", nameof(key));
        var shelf = await OpenShelf(found[0], cancellation)
            ?? throw new TamperedRecordException(new RowPlace(VaultTable.Head, shelves.TagOf(found[0]), default), "the shelf of a record is missing");
        return await Open(entry, shelf, key, cancellation);
    }

    private static ShelfEntry Permitted(Recorded<AccessEntry> entry, Shelf shelf, RecordKey key) =>
        !entry.Value.Permits(key) ? throw new ArgumentException("The entry does not permit this record version.", nameof(key))
        : shelf.Find(key) is { Deleted: false } version ? version
        : throw new ArgumentException("The shelf has no content of this record version.", nameof(key));

    private async ValueTask Open(Recorded<AccessEntry> entry, WantedVersion[] part, OpenedBytes?[] opened, CancellationToken cancellation)
    {
        while (part.Length > 0)
        {
            StoredRow[] fetched = [];
            EnvelopeKeys? keys = null;
            try
            {
                fetched = part is [var only] ? [await rows.Fetch(only.Shelf.Tag, only.Version, cancellation)]
                    : await rows.Fetch([.. part.Select(v => (v.Shelf.Tag, v.Version))], cancellation);
                var asked = new SealedVersion[part.Length];
                for (var i = 0; i < asked.Length; i++)
                {
                    var (shelf, version, _) = part[i];
                    asked[i] = rows.Sealed(shelf.Id, shelf.Tag, shelf.DataKey, version, fetched[i]);
                }

                keys = await holder.Unwrap(entry, asked, cancellation);
                for (var i = 0; i < part.Length; i++)
                {
                    opened[part[i].At] = rows.Open(part[i].Shelf.Tag, part[i].Version, fetched[i], keys[i]);
                }

                return;
            }
            catch (Exception exception) when (keys is null && exception is TamperedRecordException or DamagedKeysException)
            {
                // Rows and keys go when a patient is erased, and what is missing for any other reason was not.
                var left = await Standing(part, cancellation);
                if (left.Length == part.Length)
                {
                    throw;
                }

                part = left;
            }
            finally
            {
                keys?.Dispose();
                foreach (var row in fetched)
                {
                    row.Dispose();
                }
            }
        }
    }

    /// <summary>What is left of a part once all erasures are through that were under way.</summary>
    private async ValueTask<WantedVersion[]> Standing(WantedVersion[] part, CancellationToken cancellation)
    {
        // An erasure's rows go before memory is told, and who erases holds the shelf until both are done.
        foreach (var shelf in part.Select(v => v.Shelf).Where(s => !IsErased(s)).Select(s => s.Id).Distinct().Where(id => id.IsPatient))
        {
            using var passed = await LockForWrite([shelf], cancellation);
        }

        return [.. part.Where(v => !IsErased(v.Shelf))];
    }

    /// <summary>A version that is to be opened.</summary>
    /// <param name="Shelf">The snapshot that was decided on.</param>
    /// <param name="Version">Its entry there.</param>
    /// <param name="At">Its place in the answer.</param>
    private readonly record struct WantedVersion(Shelf Shelf, ShelfEntry Version, int At);
}
