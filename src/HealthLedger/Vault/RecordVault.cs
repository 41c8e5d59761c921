using System.Collections.Immutable;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// The sealed records. Plaintext leaves only through <see cref="Open(Recorded{AccessEntry}, Shelf, RecordKey, CancellationToken)"/>, which takes nothing but a recorded entry and opens nothing but what that entry permits;
/// shelves hold the opened terms for deciding and matching inside. A change is prepared here, becomes real with the ledger's commit, and is seen from then on.
/// </summary>
public sealed partial class RecordVault : IDisposable
{
    /// <summary>How many records' sealed rows are read together at most.</summary>
    private const int Together = 64;

    private readonly VaultOptions options;
    private readonly KeyRing ring;
    private readonly IKeyHolder holder;
    private readonly RowSealer sealer;
    private readonly IVaultStore store;
    private readonly RowCache rowCache;
    private readonly RecordRows rows;
    private readonly PinnedSecret shelfNames, locatorNames, tenantKey;
    private readonly ShelfStorage shelves;
    private readonly ShelfCache cache;
    private readonly Locators locators;
    private readonly RowCheck check;
    private readonly ShelfLocks locks = new();

    /// <param name="ring">Not disposed by the vault.</param>
    /// <param name="holder">Who unwraps data keys.</param>
    /// <param name="store">Not disposed by the vault; its redo bytes are applied again before the vault is made.</param>
    /// <param name="options">The limits.</param>
    public RecordVault(KeyRing ring, IKeyHolder holder, IVaultStore store, VaultOptions options)
    {
        options.Validate();
        this.options = options;
        this.ring = ring;
        this.holder = holder;
        this.store = store;
        sealer = new RowSealer(ring.Tenant);
        shelfNames = ring.Derive("vault/shelf");
        locatorNames = ring.Derive("vault/locator");
        tenantKey = ring.GetOrCreate("vault/tenant", Envelope.SecretSize);
        TenantChain = new EventChain("Tenant", ring.GetOrCreate("vault/tenant-audit", Envelope.SecretSize).Memory);
        rowCache = new RowCache(options.RowCacheBytes);
        rows = new RecordRows(store, rowCache, sealer, ring.Tenant);
        shelves = new ShelfStorage(store, ring, sealer, shelfNames, new TermsReader(rows, holder, Vocabulary, options.LocalBase), TenantChain);
        cache = new ShelfCache(options.ShelfCacheBytes, shelves.Load);
        locators = new Locators(store, sealer, locatorNames, tenantKey, options.LocatorCacheEntries);
        Patients = new PatientDirectory(store, sealer, locatorNames, tenantKey);
        Erasures = new Erasures(store, ring, sealer, tenantKey);
        check = new RowCheck(store, locators);
    }

    /// <summary>The chain of events that concern no patient.</summary>
    public EventChain TenantChain { get; }

    /// <summary>The most bytes of search terms that one record may have.</summary>
    public int MaxTermsBytes => options.MaxTermsBytes;

    /// <summary>Which patients there are.</summary>
    public PatientDirectory Patients { get; }

    /// <summary>Shares the strings of search terms; those that name people only within one patient's shelf.</summary>
    public TermPool Vocabulary { get; } = new();

    /// <summary>The shelf as of its last committed change; null where nothing was ever committed to it.</summary>
    /// <exception cref="TamperedRecordException">What is stored is not what was committed.</exception>
    public ValueTask<Shelf?> OpenShelf(ShelfId shelf, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return cache.Get(shelf);
    }

    /// <summary>The shelves on which a record's current version lives, in no particular order; null where there never was such a record. Both take the same steps.</summary>
    /// <exception cref="TamperedRecordException">What is stored is not what was committed.</exception>
    public ValueTask<ImmutableArray<ShelfId>?> Locate(string type, string id, CancellationToken cancellation) =>
        ShelfId.IsType(type) && FhirId.IsValid(id) ? locators.Find(type, id, cancellation) : ValueTask.FromResult<ImmutableArray<ShelfId>?>(null);

    /// <summary>The chain that events about a shelf's records are told on: the patient's, the tenant's for a directory shelf; null where there is no such patient.</summary>
    public EventChain? ChainOf(ShelfId shelf) => cache.Held(shelf)?.Chain ?? shelves.FindChain(shelf);

    /// <summary>The chain with this id, the tenant's too; null where there is none, or none any more.</summary>
    public EventChain? ChainOf(string id) => id == TenantChain.Id ? TenantChain : ShelfId.Parse(id) is { } shelf ? ChainOf(shelf) : null;

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
                await Open(entry, versions[from..Math.Min(from + Together, versions.Length)], opened, cancellation);
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
        if (!entry.Value.Permitted.Contains(key))
        {
            throw new ArgumentException("The entry does not permit this record version.", nameof(key));
        }

        var found = await Locate(key.Type, key.Id, cancellation) ?? throw new ArgumentException("There is no such record.", nameof(key));
        var shelf = await OpenShelf(found[0], cancellation)
            ?? throw new TamperedRecordException(new RowPlace(VaultTable.Head, shelves.TagOf(found[0]), default), "the shelf of a record is missing");
        return await Open(entry, shelf, key, cancellation);
    }

    /// <inheritdoc cref="LockForWrite(IEnumerable{ShelfId}, IReadOnlyCollection{ValueTuple{string, string}}, CancellationToken)"/>
    public ValueTask<ShelfLock> LockForWrite(IEnumerable<ShelfId> wanted, CancellationToken cancellation) => LockForWrite(wanted, [], cancellation);

    /// <summary>
    /// Waits for the right to change these shelves, and all on which these records live, and loads them. A lock alone leaves nothing in storage, not even keys.
    /// </summary>
    /// <param name="wanted">The shelves that records will live on.</param>
    /// <param name="records">The records that may exist: those to be updated or deleted, and those whose id a client chose. Fresh random ids need not be told.</param>
    /// <param name="cancellation">Stops the waiting.</param>
    public async ValueTask<ShelfLock> LockForWrite(IEnumerable<ShelfId> wanted, IReadOnlyCollection<(string Type, string Id)> records, CancellationToken cancellation)
    {
        var ids = wanted.ToHashSet();
        await AddShelvesOf(records, ids, cancellation);
        while (true)
        {
            var held = await Lock(ids, records, cancellation);
            try
            {
                // a record may have moved while we waited; from now on it stays
                if (!await AddShelvesOf(records, ids, cancellation))
                {
                    return held;
                }
            }
            catch
            {
                held.Dispose();
                throw;
            }

            held.Dispose();
        }
    }

    /// <summary>
    /// Seals a change of records. Shelves that are new get their keys here, durably, before anything is sealed under them; nothing else is stored or seen before
    /// the ledger commits it: put <see cref="PreparedChange.Redo"/> and
    /// <see cref="PreparedChange.Commit"/> into the append, and keep the lock until its outcome is known.
    /// </summary>
    /// <param name="held">Holds every shelf that the writes touch, those that a record leaves too.</param>
    /// <param name="writes">At least one; one for each record.</param>
    /// <param name="cancellation">Stops the preparation.</param>
    /// <exception cref="ArgumentException">A write is not what its documentation asks for: a bug of the caller.</exception>
    /// <exception cref="InvalidOperationException">The lock is released, or another change prepared under it is pending.</exception>
    /// <exception cref="LostKeysException">A shelf has rows and no keys.</exception>
    public async ValueTask<PreparedChange> Prepare(ShelfLock held, IReadOnlyList<RecordWrite> writes, CancellationToken cancellation)
    {
        if (held.IsReleased || held.Pending is not null)
        {
            throw new InvalidOperationException("The lock is released, or a change prepared under it is neither committed nor abandoned.");
        }

        WriteRules.Check(writes, options);
        Erasures.Settle(); // whoever comes anew gets new keys
        var standing = new List<ImmutableArray<ShelfId>>(writes.Count);
        foreach (var write in writes)
        {
            standing.Add(await Locate(write.Key.Type, write.Key.Id, cancellation) ?? []);
            WriteRules.Check(write, standing[^1], held);
        }

        var written = writes.SelectMany(write => write.Shelves).ToHashSet();
        ShelfState[] fresh = [.. held.States.Values.Where(state => !state.HasKeys && written.Contains(state.Id))];
        foreach (var state in fresh)
        {
            using var lost = await store.Read(HeadOf(state.Tag), cancellation);
            if (lost is not null)
            {
                throw new LostKeysException();
            }
        }

        await shelves.GiveKeys(fresh, holder, cancellation);
        using var sealing = await holder.UnwrapToSeal(Preparation.UsesOf(held, writes), cancellation);
        var preparation = new Preparation(held, sealer, sealing, ring.Tenant, options.MaxTermsBytes);
        var moved = new List<RecordWrite>();
        foreach (var (write, before) in writes.Zip(standing))
        {
            preparation.Add(write, before.Except(write.Shelves));
            if (!before.ToHashSet().SetEquals(write.Shelves))
            {
                preparation.Rows.Add(locators.Change(write.Key.Type, write.Key.Id, write.Shelves));
                moved.Add(write);
            }
        }

        var drafts = new List<ShelfState.Draft>();
        foreach (var (shelf, entries) in preparation.Entries)
        {
            var draft = held.States[shelf].Prepare(entries);
            await shelves.Layout(draft, preparation.Rows, cancellation);
            drafts.Add(draft);
            if (shelf.PatientId is { } patient && draft.Head.Sequence == 1)
            {
                preparation.Rows.Add(Patients.Change(patient));
            }
        }

        return new PreparedChange(held, RedoCodec.Encode(preparation.Rows), [.. drafts.Select(Describe)], () => Commit(drafts, moved));
    }

    /// <summary>Zeroes the vault's keys. No request may be under way.</summary>
    public void Dispose()
    {
        cache.Dispose();
        erasing.Dispose();
        shelfNames.Dispose();
        locatorNames.Dispose();
        tenantKey.Dispose();
    }

    private static ShelfChange Describe(ShelfState.Draft draft) => new(
        draft.State.Id,
        draft.State.Chain!,
        VersionSet.RootOf([.. draft.Changed.Select(stored => VersionSet.Leaf(stored.Entry))]),
        draft.Root,
        draft.Head.Sequence,
        [.. draft.Changed.Select(stored => stored.Entry)]);

    private void Commit(List<ShelfState.Draft> drafts, List<RecordWrite> moved)
    {
        foreach (var draft in drafts)
        {
            draft.Commit();
            if (draft.State.Id.PatientId is { } patient && draft.Head.Sequence == 1)
            {
                Patients.Committed(patient);
            }
        }

        moved.ForEach(write => locators.Committed(write.Key.Type, write.Key.Id, write.Shelves));
    }

    private async ValueTask<bool> AddShelvesOf(IReadOnlyCollection<(string Type, string Id)> records, HashSet<ShelfId> ids, CancellationToken cancellation)
    {
        var before = ids.Count;
        foreach (var (type, id) in records)
        {
            ids.UnionWith(await Locate(type, id, cancellation) ?? []);
        }

        return ids.Count > before;
    }

    private async ValueTask<ShelfLock> Lock(HashSet<ShelfId> ids, IReadOnlyCollection<(string Type, string Id)> records, CancellationToken cancellation)
    {
        var gates = await locks.Take(ids, records, cancellation);
        var pinned = new List<ShelfState>(ids.Count);
        try
        {
            foreach (var id in ids)
            {
                pinned.Add(await cache.Pin(id, shelves.Create));
            }

            return new ShelfLock(pinned, () => Release(pinned, gates));
        }
        catch
        {
            Release(pinned, gates);
            throw;
        }
    }

    private void Release(List<ShelfState> pinned, ImmutableArray<int> gates)
    {
        pinned.ForEach(state => cache.Unpin(state.Id));
        locks.Release(gates);
    }

    private static ShelfEntry Permitted(Recorded<AccessEntry> entry, Shelf shelf, RecordKey key) =>
        !entry.Value.Permitted.Contains(key) ? throw new ArgumentException("The entry does not permit this record version.", nameof(key))
        : shelf.Find(key) is { Deleted: false } version ? version
        : throw new ArgumentException("The shelf has no content of this record version.", nameof(key));

    private async ValueTask Open(Recorded<AccessEntry> entry, WantedVersion[] part, OpenedBytes?[] opened, CancellationToken cancellation)
    {
        while (part.Length > 0)
        {
            IReadOnlyList<StoredRow> fetched = [];
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
    private sealed record WantedVersion(Shelf Shelf, ShelfEntry Version, int At);
}
