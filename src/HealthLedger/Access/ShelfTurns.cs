using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>
/// Who waits for a shelf to add records to it. Whoever's turn it is takes along those who came meanwhile, and all of them share one commit: alone each would wait
/// for the syncs of all before it.
/// </summary>
internal sealed class ShelfTurns(RecordVault vault, ShelfTurns.Commit commit)
{
    /// <summary>The most changes that share a commit.</summary>
    internal const int Most = 64;

    private readonly Dictionary<ShelfId, Queue<Waiter>> _waiting = [];

    /// <summary>Makes all changes real or none, under a lock on their shelf; a result for each.</summary>
    internal delegate ValueTask<IReadOnlyList<ChangeResult>> Commit(ShelfLock held, IReadOnlyList<PlannedChange> changes, CancellationToken cancellation);

    /// <summary>Makes a change real that <see cref="PlannedChange.Shares"/>.</summary>
    /// <param name="change">It waits on one shelf.</param>
    /// <param name="cancellation">Honoured until the change's turn comes; for a change that nobody shares with, until it is sequenced.</param>
    public async ValueTask<ChangeResult> Take(PlannedChange change, CancellationToken cancellation)
    {
        var shelf = change.Planned.Shelves[0];
        var mine = new Waiter(change, cancellation);
        if (!IsFirst(shelf, mine) && await mine.Outcome.Task is { } done)
        {
            return done;
        }

        List<Waiter> along = [];
        try
        {
            using var held = await vault.LockForWrite([shelf], cancellation);
            along = TakeAlong(shelf);
            var results = await commit(held, [change, .. along.Select(waiter => waiter.Change)], along.Count == 0 ? cancellation : CancellationToken.None);
            for (var i = 0; i < along.Count; i++)
            {
                along[i].Outcome.TrySetResult(results[i + 1]);
            }

            return results[0];
        }
        catch (Exception exception)
        {
            along.ForEach(waiter => waiter.Outcome.TrySetException(exception));
            throw;
        }
        finally
        {
            PassOn(shelf);
        }
    }

    /// <summary>True where nobody has the turn: then it is this one's.</summary>
    private bool IsFirst(ShelfId shelf, Waiter waiter)
    {
        lock (_waiting)
        {
            if (_waiting.TryAdd(shelf, []))
            {
                return true;
            }

            _waiting[shelf].Enqueue(waiter);
            return false;
        }
    }

    private List<Waiter> TakeAlong(ShelfId shelf)
    {
        var along = new List<Waiter>();
        lock (_waiting)
        {
            while (along.Count < Most - 1 && _waiting[shelf].TryDequeue(out var waiter))
            {
                if (!waiter.GaveUp)
                {
                    along.Add(waiter);
                }
            }
        }

        return along;
    }

    /// <summary>The next one waiting has the turn, also where it gave up: it passes the turn on in its own time.</summary>
    private void PassOn(ShelfId shelf)
    {
        Waiter? next;
        lock (_waiting)
        {
            if (!_waiting[shelf].TryDequeue(out next))
            {
                _waiting.Remove(shelf);
            }
        }

        next?.Outcome.TrySetResult(null);
    }

    private sealed class Waiter(PlannedChange change, CancellationToken cancellation)
    {
        public PlannedChange Change => change;

        /// <summary>What became of the change in another's turn; null where its own turn has come.</summary>
        public TaskCompletionSource<ChangeResult?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>True where the caller is gone; the change is not made then.</summary>
        public bool GaveUp => cancellation.IsCancellationRequested && Outcome.TrySetCanceled(cancellation);
    }
}

/// <summary>A change about to be made: what was asked, when, and what it comes to.</summary>
internal sealed record PlannedChange(ChangeRequest Request, Found Found, Planned Planned, DateTimeOffset Now)
{
    /// <summary>The most bytes of resources in a change that shares a commit: a larger one would make the others wait.</summary>
    private const int MostBytes = 64 << 10;

    /// <summary>
    /// True where nothing that is stored can refuse the change: small, all of it new records on one shelf, unconditional, and no consents. One that can be refused is made alone,
    /// so that what becomes of it depends on nobody else.
    /// </summary>
    public bool Shares => !Request.OnlyOfKnownPatients && Found is { Fault: null, Reads.IsEmpty: true, Settled.IsEmpty: true }
        && Planned is { Fault: null, Shelves.Length: 1 }
        && Planned.Drafts.All(draft => draft is { Change: { Kind: ChangeKind.Create, Condition: null }, Consent: null })
        && Planned.Drafts.Sum(draft => (long)draft.Body.Length) <= MostBytes;
}
