using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;

namespace HealthLedger.StoreContract;

/// <summary>A store in memory whose rows a test can read, change, swap and put back. Disposing keeps its content.</summary>
public sealed class MemoryVaultStore : IVaultStore
{
    private readonly Lock gate = new();

    /// <summary>The rows, for tests to tamper with while nothing reads.</summary>
    public Dictionary<RowPlace, byte[]> Rows { get; } = [];

    /// <summary>How many rows were read, for tests that count work.</summary>
    public int Reads { get; private set; }

    /// <summary>Runs before each read of head and segments.</summary>
    public Action? BeforeShelf { get; set; }

    public ulong AppliedSize { get; private set; }

    public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo)
    {
        var changes = redo.SelectMany(RedoCodec.Decode).ToList();
        lock (gate)
        {
            if (size <= AppliedSize)
            {
                return;
            }

            foreach (var change in changes)
            {
                if (change.Sealed.IsEmpty)
                {
                    Rows.Remove(change.Place);
                }
                else
                {
                    Rows[change.Place] = change.Sealed.ToArray();
                }
            }

            AppliedSize = size;
        }
    }

    public void Erase(IReadOnlyList<RowPlace> places)
    {
        lock (gate)
        {
            foreach (var place in places)
            {
                Rows.Remove(place);
            }
        }
    }

    public ValueTask<StoredRow?> Read(RowPlace place, CancellationToken cancellation)
    {
        lock (gate)
        {
            Reads++;
            return ValueTask.FromResult(Rows.TryGetValue(place, out var bytes) ? StoredRow.CopyOf(bytes) : null);
        }
    }

    public async ValueTask<IReadOnlyList<StoredRow?>> Read(IReadOnlyList<RowPlace> places, CancellationToken cancellation)
    {
        var rows = new List<StoredRow?>();
        foreach (var place in places)
        {
            rows.Add(await Read(place, cancellation));
        }

        return rows;
    }

    public ValueTask<IReadOnlyList<RowChange>> ReadPage(VaultTable table, KeyedName shelf, KeyedName? after, int limit, CancellationToken cancellation)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<RowChange>>([.. Shelf(table, shelf).Where(row => after is null || row.Place.Row.Value > after.Value.Value).Take(limit)]);
        }
    }

    public ValueTask<IReadOnlyList<RowChange>> ReadHeadAndSegments(KeyedName shelf, CancellationToken cancellation)
    {
        BeforeShelf?.Invoke();
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<RowChange>>([.. Shelf(VaultTable.Head, shelf), .. Shelf(VaultTable.Segment, shelf)]);
        }
    }

    /// <summary>A copy of all rows, to put back later.</summary>
    public Dictionary<RowPlace, byte[]> Copy()
    {
        lock (gate)
        {
            return Rows.ToDictionary(row => row.Key, row => row.Value.ToArray());
        }
    }

    public void Dispose()
    {
    }

    private IEnumerable<RowChange> Shelf(VaultTable table, KeyedName shelf) =>
        Rows.Where(row => row.Key.Table == table && row.Key.Shelf == shelf).OrderBy(row => row.Key.Row.Value).Select(row => new RowChange(row.Key, row.Value));
}

/// <summary>Wrapped keys in memory. Disposing keeps its content.</summary>
public sealed class MemoryKeyStore : IKeyStore
{
    private readonly Lock gate = new();

    /// <summary>The keys, for tests to tamper with while nothing reads.</summary>
    public List<WrappedKey> Keys { get; } = [];

    /// <summary>What happens between the decision to destroy keys and their end.</summary>
    public Action BeforeDestroy { get; set; } = () => { };

    /// <summary>The list of erasures.</summary>
    public Dictionary<KeyedName, ErasedKeys> Listed { get; } = [];

    public IReadOnlyList<WrappedKey> Of(KeyedName subject)
    {
        lock (gate)
        {
            return [.. Keys.Where(key => key.Subject == subject)];
        }
    }

    public bool TryAdd(IReadOnlyList<WrappedKey> keys)
    {
        lock (gate)
        {
            if (keys.Any(key => Keys.Any(stored => stored.Subject == key.Subject && stored.Kind == key.Kind)))
            {
                return false;
            }

            Keys.AddRange(keys);
            return true;
        }
    }

    public void Destroy(KeyedName subject, IReadOnlyList<KeyKind> kinds)
    {
        BeforeDestroy();
        lock (gate)
        {
            Keys.RemoveAll(key => key.Subject == subject && kinds.Contains(key.Kind));
        }
    }

    public void Replace(WrappedKey key)
    {
        lock (gate)
        {
            Destroy(key.Subject, [key.Kind]);
            Keys.Add(key);
        }
    }

    public int Rewrap(int epoch, int max, Func<WrappedKey, WrappedKey> rewrap)
    {
        lock (gate)
        {
            var earlier = Keys.Where(key => key.Epoch < epoch).Take(max).ToList();
            earlier.Select(rewrap).ToList().ForEach(Replace);
            return earlier.Count;
        }
    }

    public bool Has(KeyKind kind)
    {
        lock (gate)
        {
            return Keys.Any(key => key.Kind == kind);
        }
    }

    public IReadOnlyList<ErasedKeys> Erased()
    {
        lock (gate)
        {
            return [.. Listed.Values];
        }
    }

    public void List(ErasedKeys erased)
    {
        lock (gate)
        {
            Listed[erased.Mark] = erased;
        }
    }

    public void Dispose()
    {
    }
}
