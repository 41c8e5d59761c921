using System.Collections.Frozen;

namespace HealthLedger.Vault;

/// <summary>
/// The right to change some shelves, until disposed. Read what a change rests on (current versions, If-Match) from <see cref="Current"/>: nobody else changes it
/// meanwhile. Whoever holds one MUST NOT ask for another; give it back and ask for all.
/// </summary>
public sealed class ShelfLock : IDisposable
{
    private Action release;
    private int released;

    internal ShelfLock(IEnumerable<ShelfState> states, Action release)
    {
        States = states.ToFrozenDictionary(state => state.Id);
        this.release = release;
    }

    /// <summary>The shelves held.</summary>
    public IReadOnlyCollection<ShelfId> Shelves => States.Keys;

    internal FrozenDictionary<ShelfId, ShelfState> States { get; }

    /// <summary>The change that was prepared and neither committed nor abandoned.</summary>
    internal PreparedChange? Pending { get; set; }

    /// <summary>True where no other patient is erased meanwhile.</summary>
    internal bool Erases { get; private set; }

    internal bool IsReleased => Volatile.Read(ref released) != 0;

    /// <summary>A held shelf as it is now; null where nothing was committed to it yet.</summary>
    /// <exception cref="ArgumentException">The shelf is not held.</exception>
    public Shelf? Current(ShelfId shelf) =>
        States.TryGetValue(shelf, out var state) ? state.Current : throw new ArgumentException("This lock does not hold that shelf.", nameof(shelf));

    /// <summary>The same lock for an erasure, which ends with it; called once, before anybody else has the lock.</summary>
    internal ShelfLock ToErase(Action ended)
    {
        Erases = true;
        release += ended;
        return this;
    }

    /// <summary>Lets others change the shelves. A change that was prepared and not committed is abandoned.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref released, 1) == 0)
        {
            Pending?.Dispose();
            release();
        }
    }
}
