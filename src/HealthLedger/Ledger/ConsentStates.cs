using HealthLedger.Proofs;
using HealthLedger.Proofs.ConsentStateMap;

namespace HealthLedger.Ledger;

/// <summary>
/// The consent-state map beside the checkpoint that commits to it. Only the sequencer changes it, from <see cref="BeginChange"/> until the new
/// checkpoint is published, and readers wait that long: so who reads always sees the map of the published checkpoint.
/// </summary>
internal sealed class ConsentStates(ConsentMap map)
{
    private readonly Lock _lock = new();
    private readonly List<(Hash Handle, ConsentState? Before)> _undo = [];
    private ConsentMap _map = map;

    /// <summary>Reads the map while nobody changes it.</summary>
    public T Read<T>(Func<ConsentMap, T> read)
    {
        lock (_lock)
        {
            return read(_map);
        }
    }

    /// <summary>The sequencer's own view, also between <see cref="BeginChange"/> and <see cref="EndChange"/>.</summary>
    public ConsentMap Map => _map;

    /// <summary>Keeps readers out. On the sequencer's thread, with one <see cref="EndChange"/> to follow on the same.</summary>
    public void BeginChange()
    {
        _lock.Enter();
        _undo.Clear();
    }

    public void Set(in Hash handle, in ConsentState state)
    {
        _undo.Add((handle, _map.TryGet(handle, out var before) ? before : null));
        _map.Set(handle, state);
    }

    /// <summary>Takes back what was set since <see cref="BeginChange"/>.</summary>
    /// <remarks>A map forgets no handle, so one that was granted for the first time needs a new map: slow, and only where the disk was full.</remarks>
    public void Undo()
    {
        var added = _undo.Where(change => change.Before is null).Select(change => change.Handle).ToHashSet();
        if (added.Count > 0)
        {
            var rebuilt = new ConsentMap();
            foreach (var (handle, state) in _map.Entries.Where(entry => !added.Contains(entry.Key)))
            {
                rebuilt.Set(handle, state);
            }

            _map = rebuilt;
        }

        foreach (var (handle, before) in Enumerable.Reverse(_undo))
        {
            if (before is { } state)
            {
                _map.Set(handle, state);
            }
        }

        _undo.Clear();
    }

    public void EndChange() => _lock.Exit();
}
