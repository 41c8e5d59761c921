using System.Collections.Concurrent;

namespace HealthLedger.Review;

/// <summary>
/// Whose the events are that were shown lately: so that reading one by its id need not try the key of every chain. In memory alone, since an index at rest would say which entries
/// belong together. It holds patients and no keys: what is erased meanwhile is not opened by it. Safe for many threads.
/// </summary>
/// <param name="capacity">Entries that are remembered, about 100 bytes each; when there are more, all are forgotten.</param>
internal sealed class KnownOwners(int capacity = KnownOwners.DefaultCapacity)
{
    private const int DefaultCapacity = 50_000;
    private readonly ConcurrentDictionary<ulong, string> _patients = new();

    /// <summary>Remembers that an entry is of a chain.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="patient"><c>Patient/id</c>; null for the tenant's chain.</param>
    public void Remember(ulong entry, string? patient)
    {
        if (_patients.Count >= capacity)
        {
            _patients.Clear();
        }

        _patients[entry] = patient ?? "";
    }

    /// <summary>Whether the owner is remembered, and who it is.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="patient"><c>Patient/id</c>; null for the tenant's chain.</param>
    public bool TryGet(ulong entry, out string? patient)
    {
        var known = _patients.TryGetValue(entry, out var owner);
        patient = owner is { Length: > 0 } ? owner : null;
        return known;
    }
}
