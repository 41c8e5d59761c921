using System.Collections.Immutable;
using System.Text;
using HealthLedger.Sealing;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// Where a record lives, by type and id: one sealed row for each record, named under the tenant's locator key. Finding and not finding take the same steps:
/// one keyed name, one row read, one envelope opened, one place in the cache.
/// </summary>
internal sealed class Locators
{
    private const byte Format = 1;
    private const int Shards = 64;
    private const int MaxShelves = 1000;
    private const int PageSize = 1000;
    private readonly IVaultStore store;
    private readonly RowSealer sealer;
    private readonly PinnedSecret names;
    private readonly PinnedSecret tenantKey;
    private readonly Shard[] shards;
    private readonly RowPlace decoyPlace = new(VaultTable.Locator, default, default);
    private readonly byte[] decoy;

    internal Locators(IVaultStore store, RowSealer sealer, PinnedSecret names, PinnedSecret tenantKey, int capacity)
    {
        this.store = store;
        this.sealer = sealer;
        this.names = names;
        this.tenantKey = tenantKey;
        shards = [.. Enumerable.Range(0, Shards).Select(_ => new Shard(Math.Max(1, capacity / Shards)))];
        decoy = sealer.Seal(tenantKey.Span, decoyPlace, 0, Encode([ShelfId.ForPatient("0")]));
    }

    /// <summary>The shelves on which the record's current version lives; null where there never was such a record.</summary>
    internal async ValueTask<ImmutableArray<ShelfId>?> Find(string type, string id, CancellationToken cancellation)
    {
        var name = NameOf(type, id);
        var shard = shards[(int)(name.Value & (Shards - 1))];
        if (shard.TryGet(name, out var shelves, out var generation))
        {
            return shelves;
        }

        var place = new RowPlace(VaultTable.Locator, default, name);
        using var row = await store.Read(place, cancellation);
        using var opened = row is null ? sealer.Open(tenantKey.Span, decoyPlace, 0, decoy) : sealer.Open(tenantKey.Span, place, 0, row.Sealed.Span);
        var found = Decode(opened, place);
        shelves = row is null ? null : found;
        shard.Add(name, shelves, generation);
        return shelves;
    }

    /// <summary>The row that says where a record lives from now on.</summary>
    internal RowChange Change(string type, string id, ImmutableArray<ShelfId> shelves)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shelves.Length, MaxShelves, nameof(shelves));
        var place = new RowPlace(VaultTable.Locator, default, NameOf(type, id));
        return new RowChange(place, sealer.Seal(tenantKey.Span, place, 0, Encode(shelves)));
    }

    /// <summary>The row of a record that is nowhere any more.</summary>
    internal RowChange Removal(string type, string id) => new(new RowPlace(VaultTable.Locator, default, NameOf(type, id)), default);

    /// <summary>The rows that lead to one of these shelves and to no other: what a restored copy of the data brought back of erased patients.</summary>
    internal async Task<List<RowPlace>> LeadingTo(Func<ShelfId, bool> erased, CancellationToken cancellation)
    {
        var found = new List<RowPlace>();
        KeyedName? after = null;
        while (await store.ReadPage(VaultTable.Locator, default, after, PageSize, cancellation) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                using var opened = sealer.Open(tenantKey.Span, row.Place, 0, row.Sealed.Span);
                if (Decode(opened, row.Place).All(erased))
                {
                    found.Add(row.Place);
                }
            }

            after = page[^1].Place.Row;
        }

        return found;
    }

    /// <summary>Takes note of a committed change; null where the record is nowhere any more. Does not throw or block for long.</summary>
    internal void Committed(string type, string id, ImmutableArray<ShelfId>? shelves)
    {
        var name = NameOf(type, id);
        shards[(int)(name.Value & (Shards - 1))].Set(name, shelves);
    }

    /// <summary>The rows as storage has them now, by ascending row.</summary>
    /// <param name="after">The last row of the page before; null for the first.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>Each row with the shelves it leads to; null where it does not open.</returns>
    internal async ValueTask<IReadOnlyList<(RowPlace Place, ImmutableArray<ShelfId>? Shelves)>> ReadPage(KeyedName? after, int max, CancellationToken cancellation) =>
        [.. (await store.ReadPage(VaultTable.Locator, default, after, max, cancellation)).Select(row => (row.Place, TryRead(row.Place, row.Sealed.Span)))];

    /// <summary>What storage says now of where these records are, past the cache: each row's place, whether there is one, and its shelves, null where it does not open.</summary>
    internal async ValueTask<IReadOnlyList<(RowPlace Place, bool IsThere, ImmutableArray<ShelfId>? Shelves)>> Read(IReadOnlyList<(string Type, string Id)> records, CancellationToken cancellation)
    {
        RowPlace[] places = [.. records.Select(record => new RowPlace(VaultTable.Locator, default, NameOf(record.Type, record.Id)))];
        var read = new List<(RowPlace, bool, ImmutableArray<ShelfId>?)>(places.Length);
        foreach (var (place, row) in places.Zip(await store.Read(places, cancellation)))
        {
            using (row)
            {
                read.Add((place, row is not null, row is null ? null : TryRead(place, row.Sealed.Span)));
            }
        }

        return read;
    }

    /// <summary>Where one row leads now; null where it is gone or does not open.</summary>
    internal async ValueTask<ImmutableArray<ShelfId>?> Reread(RowPlace place, CancellationToken cancellation)
    {
        using var row = await store.Read(place, cancellation);
        return row is null ? null : TryRead(place, row.Sealed.Span);
    }

    private ImmutableArray<ShelfId>? TryRead(RowPlace place, ReadOnlySpan<byte> stored)
    {
        using var opened = sealer.Open(tenantKey.Span, place, 0, stored);
        try
        {
            return Decode(opened, place);
        }
        catch (TamperedRecordException)
        {
            return null;
        }
    }

    private static byte[] Encode(ImmutableArray<ShelfId> shelves) => [Format, .. Encoding.UTF8.GetBytes(string.Join('\n', shelves.Select(shelf => shelf.Value)))];

    private static ImmutableArray<ShelfId> Decode(OpenedBytes? opened, RowPlace place)
    {
        if (opened is null || opened.Length < 2 || opened.Memory.Span[0] != Format)
        {
            throw new TamperedRecordException(place, "a locator does not open");
        }

        var names = Encoding.UTF8.GetString(opened.Memory.Span[1..]).Split('\n');
        return [.. names.Select(text => ShelfId.Parse(text) ?? throw new TamperedRecordException(place, "a locator is damaged"))];
    }

    private KeyedName NameOf(string type, string id) => KeyedName.Of(names.Span, type, id);

    /// <summary>One part of the cache: two generations, the younger filled until it takes the place of the elder.</summary>
    private sealed class Shard(int capacity)
    {
        private readonly Lock gate = new();
        private Dictionary<KeyedName, ImmutableArray<ShelfId>?> young = [], old = [];
        private long changes;

        internal bool TryGet(KeyedName name, out ImmutableArray<ShelfId>? shelves, out long generation)
        {
            lock (gate)
            {
                generation = changes;
                if (young.TryGetValue(name, out shelves))
                {
                    return true;
                }

                if (!old.TryGetValue(name, out shelves))
                {
                    return false;
                }

                Insert(name, shelves);
                return true;
            }
        }

        /// <summary>Keeps what was read from storage, unless something was committed since the reading began.</summary>
        internal void Add(KeyedName name, ImmutableArray<ShelfId>? shelves, long generation)
        {
            lock (gate)
            {
                if (generation == changes)
                {
                    Insert(name, shelves);
                }
            }
        }

        internal void Set(KeyedName name, ImmutableArray<ShelfId>? shelves)
        {
            lock (gate)
            {
                changes++;
                Insert(name, shelves);
            }
        }

        private void Insert(KeyedName name, ImmutableArray<ShelfId>? shelves)
        {
            if (young.Count >= (capacity + 1) / 2)
            {
                old = young;
                young = [];
            }

            young[name] = shelves;
        }
    }
}
