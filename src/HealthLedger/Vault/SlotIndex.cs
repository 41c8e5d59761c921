using System.Collections.Concurrent;

namespace HealthLedger.Vault;

/// <summary>
/// Where the records of a shelf stand. A record keeps its slot for ever, so one index, which only grows, serves every snapshot: a snapshot with n slots
/// takes slots from n upwards as absent. One writer at a time, any number of readers.
/// </summary>
internal sealed class SlotIndex
{
    private readonly ConcurrentDictionary<(string Type, string Id), int> slots = new(concurrencyLevel: 1, capacity: 16);
    private readonly ConcurrentDictionary<string, TypeSlots> types = new(concurrencyLevel: 1, capacity: 8);

    internal IEnumerable<string> Types => types.Keys;

    internal int? Find(string type, string id) => slots.TryGetValue((type, id), out var slot) ? slot : null;

    /// <summary>The slots of one type, ascending.</summary>
    internal ReadOnlyMemory<int> OfType(string type) => types.TryGetValue(type, out var list) ? list.Read() : default;

    internal void Add(string type, string id, int slot)
    {
        slots[(type, id)] = slot;
        types.GetOrAdd(type, static _ => new TypeSlots()).Add(slot);
    }

    private sealed class TypeSlots
    {
        private int[] slots = new int[4];
        private int count;

        internal void Add(int slot)
        {
            if (count == slots.Length)
            {
                Array.Resize(ref slots, 2 * slots.Length);
            }

            slots[count] = slot;
            Volatile.Write(ref count, count + 1);
        }

        internal ReadOnlyMemory<int> Read()
        {
            var seen = Volatile.Read(ref count); // before the array: the array read afterwards has at least so many
            return slots.AsMemory(0, seen);
        }
    }
}
