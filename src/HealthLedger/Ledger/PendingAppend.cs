using System.Collections.Immutable;
using System.Runtime.InteropServices;
using HealthLedger.Proofs;

namespace HealthLedger.Ledger;

/// <summary>
/// An append on its way: what can be computed before the sequencer (sealing, checks, first numbers of chains) is done on the caller's thread and lies
/// here.
/// </summary>
internal sealed class PendingAppend
{
    private readonly TaskCompletionSource<AppendOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _givingUp;
    private int _state;

    public required AppendRequest Request { get; init; }

    /// <summary>The sealed fact of each event.</summary>
    public required byte[][] Facts { get; init; }

    /// <summary>The chain of each event.</summary>
    public required ChainNumber[] Chains { get; init; }

    /// <summary>Bytes of facts, redo and notice.</summary>
    public required long Bytes { get; init; }

    public int Events => Facts.Length;

    /// <summary>Entries that the request needs.</summary>
    public int Entries => Events + (Request.HasOwnEntry ? 1 : 0);

    /// <summary>The number of each event in its chain; set by the sequencer.</summary>
    public required ulong[] Numbers { get; init; }

    /// <summary>The entry index of each event, or of the ledger's own entry; set by the sequencer.</summary>
    public required ulong[] Indices { get; init; }

    public Task<AppendOutcome> Outcome => _done.Task;

    /// <summary>The sequencer takes the request; false where the caller gave it up before.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

    /// <summary>Lets the caller give up, until the sequencer begins. Once, before it is queued.</summary>
    public void GiveUpWith(CancellationToken cancellation) =>
        _givingUp = cancellation.UnsafeRegister(static (state, token) => ((PendingAppend)state!).GiveUp(token), this);

    public void Appended(ulong size, DateTimeOffset time) => End(new AppendOutcome.Appended(ImmutableArray.Create(Indices), size, time));

    public void Stale(ImmutableArray<string> subjects) => End(new AppendOutcome.Stale(subjects));

    public void Unavailable(string reason) => End(new AppendOutcome.Unavailable(reason));

    public void Fail(Exception exception)
    {
        _givingUp.Unregister();
        _done.TrySetException(exception);
    }

    private void End(AppendOutcome outcome)
    {
        _givingUp.Unregister();
        _done.TrySetResult(outcome);
    }

    private void GiveUp(CancellationToken cancellation)
    {
        if (Interlocked.CompareExchange(ref _state, 2, 0) == 0)
        {
            _done.TrySetCanceled(cancellation);
        }
    }
}

/// <summary>How many events a chain has. The sequencer alone changes it.</summary>
internal sealed class ChainNumber(ulong count)
{
    private ulong _count = count;

    /// <summary>Committed events, and so the number of the next one.</summary>
    public ulong Count
    {
        get => Volatile.Read(ref _count);
        set => Volatile.Write(ref _count, value);
    }
}
