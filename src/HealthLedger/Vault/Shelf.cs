using HealthLedger.Ledger;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Vault;

/// <summary>
/// A patient's opened terms (or one directory type's), as of one change: immutable, so that one request decides, matches and opens on one state. Only for
/// deciding and matching inside; nothing of it goes out but by a recorded entry.
/// </summary>
public sealed class Shelf
{
    private readonly ShelfEntry[] entries;
    private readonly SlotIndex index;
    private object? decided;

    internal Shelf(ShelfState state, ShelfHead head, ShelfEntry[] entries, SlotIndex index)
    {
        Id = state.Id;
        Chain = state.Chain!;
        Tag = state.Tag;
        Mark = state.Mark;
        DataKey = state.Keys.Data;
        Sequence = head.Sequence;
        Root = head.Root;
        this.entries = entries;
        this.index = index;
    }

    /// <summary>Whose shelf.</summary>
    public ShelfId Id { get; }

    /// <summary>The chain that events about its records are told on: the patient's, or the tenant's for a directory shelf.</summary>
    public EventChain Chain { get; }

    /// <summary>How many changes it has seen, from 1 upwards.</summary>
    public ulong Sequence { get; }

    /// <summary>The Merkle root over the current versions.</summary>
    public Hash256 Root { get; }

    /// <summary>How many records it has, deleted ones too.</summary>
    public int Count => entries.Length;

    /// <summary>The types it has had records of.</summary>
    public IEnumerable<string> Types => index.Types;

    /// <summary>The current version of every record that is not deleted, in the order in which the records came.</summary>
    public IEnumerable<ShelfEntry> All => entries.Where(entry => !entry.Deleted);

    /// <summary>What storage calls the shelf.</summary>
    internal KeyedName Tag { get; }

    /// <summary>What an erasure of these records is named by.</summary>
    internal KeyedName Mark { get; }

    /// <summary>Wrapped: only a receipt opens it.</summary>
    internal WrappedKey DataKey { get; }

    internal ReadOnlySpan<ShelfEntry> Slots => entries;

    /// <summary>What whoever decides about this snapshot made of it, kept as long as it; null until then.</summary>
    internal object? Decided
    {
        get => Volatile.Read(ref decided);
        set => Volatile.Write(ref decided, value);
    }

    /// <summary>The current version of a record, which may be a deletion; null where it never was here.</summary>
    public ShelfEntry? Find(string type, string id) => index.Find(type, id) is { } slot && slot < entries.Length ? entries[slot] : null;

    /// <summary>One version of a record; null where it is not here.</summary>
    public ShelfEntry? Find(RecordKey key)
    {
        var entry = Find(key.Type, key.Id);
        while (entry is not null && entry.Key.Version > key.Version)
        {
            entry = entry.Previous;
        }

        return entry?.Key.Version == key.Version ? entry : null;
    }

    /// <summary>The newest version of every record that ever was here, of one type or (null) of all; it may be a deletion.</summary>
    public IEnumerable<ShelfEntry> Ever(string? type)
    {
        if (type is null)
        {
            return entries;
        }

        var slots = index.OfType(type);
        return Enumerable.Range(0, slots.Length).Select(i => slots.Span[i]).TakeWhile(slot => slot < entries.Length).Select(slot => entries[slot]);
    }

    /// <summary>The current version of every record of one type that is not deleted; no other type is looked at.</summary>
    public IEnumerable<ShelfEntry> OfType(string type)
    {
        var slots = index.OfType(type);
        for (var i = 0; i < slots.Length; i++)
        {
            var slot = slots.Span[i];
            if (slot >= entries.Length)
            {
                yield break;
            }

            if (entries[slot] is { Deleted: false } entry)
            {
                yield return entry;
            }
        }
    }
}
