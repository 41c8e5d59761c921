using System.Collections.Concurrent;

namespace HealthLedger.Vault;

/// <summary>
/// The opened shelves, up to a number of bytes; the ones not used for longest go first. A shelf is loaded once however many ask for it. A shelf under a
/// write lock is pinned: were it dropped and loaded again before the change is committed, the change would be missing from memory.
/// </summary>
internal sealed class ShelfCache(long capacity, Func<ShelfId, Task<ShelfState?>> load) : IDisposable
{
    private readonly ConcurrentDictionary<ShelfId, Holder> holders = new();
    private readonly Lock gate = new();
    private long weight;

    /// <summary>Estimated bytes of all shelves held.</summary>
    internal long Weight => Interlocked.Read(ref weight);

    /// <summary>How many shelves are held.</summary>
    internal int Count => holders.Count;

    /// <summary>The snapshot of a shelf; null where nothing was ever committed to it.</summary>
    internal ValueTask<Shelf?> Get(ShelfId id) => Held(id) is { } state ? ValueTask.FromResult(state.Current) : new ValueTask<Shelf?>(GetLoaded(id));

    /// <summary>The shelf if it is loaded; nothing is loaded for it.</summary>
    internal ShelfState? Held(ShelfId id) =>
        holders.TryGetValue(id, out var holder) && holder.Loading.IsValueCreated && holder.Loading.Value is { IsCompletedSuccessfully: true, Result: { } state }
            ? holder.Touch(state)
            : null;

    /// <summary>Loads a shelf, or makes it by <paramref name="create"/>, and keeps it until <see cref="Unpin"/>. The caller holds its write lock.</summary>
    internal async Task<ShelfState> Pin(ShelfId id, Func<ShelfId, ShelfState> create)
    {
        Holder holder;
        lock (gate)
        {
            holder = Obtain(id);
            holder.Pins++;
        }

        try
        {
            if (await holder.Loading.Value is { } state)
            {
                Admit(holder, state);
                return holder.Touch(state);
            }

            var created = create(id);
            holder.Loading = new Lazy<Task<ShelfState?>>(Task.FromResult<ShelfState?>(created));
            Admit(holder, created);
            return created;
        }
        catch
        {
            lock (gate)
            {
                holder.Pins--;
                Drop(id, holder);
            }

            throw;
        }
    }

    /// <summary>Lets a shelf go that <see cref="Pin"/> kept, and counts what it weighs now.</summary>
    internal void Unpin(ShelfId id)
    {
        lock (gate)
        {
            var holder = holders[id];
            holder.Pins--;
            if (holder.Loading.Value.Result is not { } state || (holder.Pins == 0 && state.Current is null))
            {
                Drop(id, holder);
            }
        }

        if (holders.TryGetValue(id, out var kept) && kept.Loading.Value is { IsCompletedSuccessfully: true, Result: { } now })
        {
            Admit(kept, now);
        }
    }

    /// <summary>Zeroes the keys of all shelves.</summary>
    public void Dispose()
    {
        foreach (var holder in holders.Values)
        {
            if (holder.Loading is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result: { } state } })
            {
                state.Dispose();
            }
        }
    }

    private async Task<Shelf?> GetLoaded(ShelfId id)
    {
        Holder holder;
        lock (gate)
        {
            holder = Obtain(id);
        }

        try
        {
            if (await holder.Loading.Value is { } state)
            {
                Admit(holder, state);
                return holder.Touch(state).Current;
            }
        }
        catch
        {
            lock (gate)
            {
                Drop(id, holder);
            }

            throw;
        }

        lock (gate)
        {
            Drop(id, holder);
        }

        return null;
    }

    private Holder Obtain(ShelfId id)
    {
        if (!holders.TryGetValue(id, out var holder))
        {
            holders[id] = holder = new Holder(new Lazy<Task<ShelfState?>>(() => load(id)));
        }

        return holder;
    }

    /// <summary>Counts a loaded shelf, and makes room where there are too many. Under the gate only where something changes.</summary>
    private void Admit(Holder holder, ShelfState state)
    {
        if (holder.Counted == state.Weight)
        {
            return;
        }

        lock (gate)
        {
            if (holder.Dropped)
            {
                return;
            }

            weight += state.Weight - holder.Counted;
            holder.Counted = state.Weight;
            if (weight > capacity)
            {
                MakeRoom();
            }
        }
    }

    private void MakeRoom()
    {
        foreach (var (id, holder) in holders.Where(pair => pair.Value is { Pins: 0, Counted: > 0 }).OrderBy(pair => pair.Value.LastUse).ToList())
        {
            if (weight <= capacity - (capacity / 8))
            {
                return;
            }

            Drop(id, holder);
        }
    }

    private void Drop(ShelfId id, Holder holder)
    {
        if (holder.Pins > 0 || holder.Dropped || !holders.TryRemove(KeyValuePair.Create(id, holder)))
        {
            return;
        }

        holder.Dropped = true;
        weight -= holder.Counted;
        if (holder.Loading is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result: { } state } })
        {
            state.Dispose(); // nobody writes to it, and readers hold a snapshot, which needs no key
        }
    }

    private sealed class Holder(Lazy<Task<ShelfState?>> loading)
    {
        private long lastUse = Environment.TickCount64;

        internal Lazy<Task<ShelfState?>> Loading { get; set; } = loading;

        internal int Pins { get; set; }

        internal long Counted { get; set; }

        internal bool Dropped { get; set; }

        internal long LastUse => Volatile.Read(ref lastUse);

        internal ShelfState Touch(ShelfState state)
        {
            Volatile.Write(ref lastUse, Environment.TickCount64);
            return state;
        }
    }
}
