using HealthLedger.Ledger;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Vault;

/// <summary>An opened shelf: the snapshot that readers take, and what a writer needs to make the next one. Changed only under the shelf's write lock.</summary>
internal sealed class ShelfState : IDisposable
{
    private readonly SlotIndex index = new();
    private VersionSet versions = new();
    private ShelfKeys? keys;
    private Shelf? current;

    private ShelfState(ShelfId id, KeyedName tag)
    {
        Id = id;
        Tag = tag;
    }

    internal ShelfId Id { get; }

    /// <summary>What storage calls the shelf.</summary>
    internal KeyedName Tag { get; }

    /// <summary>False for a new shelf until a change is prepared for it: what is refused makes no keys.</summary>
    internal bool HasKeys => keys is not null;

    /// <exception cref="InvalidOperationException">It has none yet.</exception>
    internal ShelfKeys Keys => keys ?? throw new InvalidOperationException("A new shelf has no keys before a change is prepared for it.");

    /// <summary>Where its events are told; null while it has no keys.</summary>
    internal EventChain? Chain { get; private set; }

    internal ShelfHead Head { get; private set; } = ShelfHead.Empty;

    /// <summary>What an erasure of these records is named by: other keys have another.</summary>
    internal KeyedName Mark { get; private set; }

    /// <summary>Bytes of memory, estimated.</summary>
    internal long Weight { get; private set; } = 2048;

    /// <summary>The snapshot; null before the first change is committed.</summary>
    internal Shelf? Current => Volatile.Read(ref current);

    internal static ShelfState Empty(ShelfId id, KeyedName tag) => new(id, tag);

    /// <summary>Hands over the keys, durable by now.</summary>
    internal ShelfState With(ShelfKeys own, EventChain chain)
    {
        Chain = chain;
        Mark = KeyRing.MarkOf(own);
        keys = own;
        return this;
    }

    /// <summary>Empties the shelf and zeroes its keys: its patient's records were erased. Does not throw or block.</summary>
    internal void Erase()
    {
        Volatile.Write(ref current, null);
        keys?.Dispose();
        (keys, Chain, Head) = (null, null, ShelfHead.Empty);
    }

    /// <summary>Zeroes its keys.</summary>
    public void Dispose() => keys?.Dispose();

    /// <summary>Rebuilds a stored shelf; false where its entries do not add up to its head.</summary>
    internal static bool TryBuild(ShelfState state, ShelfHead head, IReadOnlyList<StoredEntry> stored)
    {
        var entries = new List<ShelfEntry>(Math.Min(head.Slots, stored.Count));
        foreach (var (slot, entry, _) in stored)
        {
            if (slot > entries.Count)
            {
                return false;
            }

            if (slot == entries.Count)
            {
                entries.Add(entry);
                continue;
            }

            var before = entries[slot];
            if (before.Key.Type != entry.Key.Type || before.Key.Id != entry.Key.Id || before.Key.Version >= entry.Key.Version)
            {
                return false;
            }

            entries[slot] = entry.After(before.Superseded());
        }

        if (entries.Count != head.Slots)
        {
            return false;
        }

        var versions = VersionSet.Of(entries.Select(VersionSet.Leaf));
        if (versions.Root != head.Root)
        {
            return false;
        }

        state.versions = versions;
        for (var slot = 0; slot < entries.Count; slot++)
        {
            state.index.Add(entries[slot].Key.Type, entries[slot].Key.Id, slot);
            state.Weight += entries[slot].Weight;
        }

        state.Publish(head, [.. entries]);
        return true;
    }

    /// <summary>Computes the state after these entries; nothing changes yet. At most one entry for each record.</summary>
    internal Draft Prepare(IReadOnlyList<(ShelfEntry Entry, ReadOnlyMemory<byte> Terms)> entries)
    {
        var next = Current is { } now ? now.Slots.ToArray() : [];
        var slots = new List<StoredEntry>(entries.Count);
        var added = next.Length;
        foreach (var (entry, terms) in entries)
        {
            slots.Add(new StoredEntry(index.Find(entry.Key.Type, entry.Key.Id) ?? added++, entry, terms));
        }

        Array.Resize(ref next, added);
        long weight = 0;
        for (var i = 0; i < slots.Count; i++)
        {
            var (slot, entry, terms) = slots[i];
            if (next[slot] is { } before)
            {
                weight -= before.Weight;
                entry = entry.After(before.Superseded());
                slots[i] = new StoredEntry(slot, entry, terms);
            }

            next[slot] = entry;
            weight += entry.Weight;
        }

        var change = versions.Preview([.. slots.Select(stored => KeyValuePair.Create(stored.Slot, VersionSet.Leaf(stored.Entry)))]);
        return new Draft(this, slots, next, change, weight);
    }

    private void Publish(ShelfHead head, ShelfEntry[] entries)
    {
        Head = head;
        Volatile.Write(ref current, new Shelf(this, head, entries, index));
    }

    /// <summary>The next state of a shelf, computed and not yet made.</summary>
    internal sealed class Draft(ShelfState state, IReadOnlyList<StoredEntry> changed, ShelfEntry[] next, VersionSet.Change versions, long weight)
    {
        internal ShelfState State => state;

        internal IReadOnlyList<StoredEntry> Changed => changed;

        internal int Slots => next.Length;

        internal Hash256 Root => versions.Root;

        /// <summary>Set when the segments are laid out, before <see cref="Commit"/>.</summary>
        internal ShelfHead Head { get; set; }

        /// <summary>Makes the state real. Does not throw or block.</summary>
        internal void Commit()
        {
            var before = state.Current?.Count ?? 0;
            foreach (var (slot, entry, _) in changed)
            {
                if (slot >= before)
                {
                    state.index.Add(entry.Key.Type, entry.Key.Id, slot);
                }
            }

            state.versions.Apply(versions);
            state.Weight += weight;
            state.Publish(Head, next);
        }
    }
}
