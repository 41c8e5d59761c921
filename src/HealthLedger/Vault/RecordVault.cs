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
}
