using HealthLedger.Events;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using MassTransit;

namespace HealthLedger.Gateway.Events;

/// <summary>
/// Publishes what the ledger committed, as far as somebody listens for it: reads its journal behind the commits, with a durable cursor that moves only after publishing, so that each event
/// comes at least once. Nothing waits for it, and it holds one message in memory: what is not yet published stays in the journal. While nobody listens it moves the cursor alone.
/// </summary>
internal sealed class NoticePublisher(LedgerLog ledger, IBus bus, IEnumerable<IEventListener> listeners, TimeProvider time, ILogger<NoticePublisher> logger) : BackgroundService
{
    /// <summary>A message is sent once it holds this many events or batches, or when nothing more waits.</summary>
    private const int Enough = 512;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long a message waits for more events once it has one.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    private readonly IEventListener[] _listeners = [.. listeners];

    private bool IsAnybodyListening => Array.Exists(_listeners, listener => listener.IsListening);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Pass(stopping);
                await Follow(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was not acknowledged comes again at the next start.
        }
    }

    /// <summary>Moves the cursor past what is committed, until somebody listens.</summary>
    private async Task Pass(CancellationToken stopping)
    {
        while (true)
        {
            // The size first: whoever begins to listen after it was read hears of everything behind it.
            var size = ledger.Published.Size;
            if (IsAnybodyListening)
            {
                return;
            }

            await Acknowledge(size, stopping);
            await Task.Delay(Pause, time, stopping);
        }
    }

    /// <summary>Publishes what comes behind the cursor, until nobody listens any more.</summary>
    private async Task Follow(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await using var notices = ledger.Tail.Read(ending.Token).GetAsyncEnumerator(ending.Token);
        Task<bool>? next = null;
        try
        {
            await Follow(notices, asked => next = asked, stopping);
        }
        finally
        {
            // Who is still asked for more cannot be let go: that would hide why it ends.
            await ending.CancelAsync();
            await (next ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Follow(IAsyncEnumerator<LedgerNotice> notices, Action<Task<bool>> asked, CancellationToken stopping)
    {
        var batch = new List<LedgerNotice>();
        var message = new EventMessage();
        while (true)
        {
            var next = notices.MoveNextAsync().AsTask();
            asked(next);
            if (!next.IsCompleted && (batch.Count > 0 || message.Batches > 0))
            {
                // Nothing more waits, so the last batch is whole.
                Resolve(batch, message);
                await Publish(message, stopping);
            }

            if (message.Batches == 0 && !IsAnybodyListening)
            {
                return;
            }

            if (!await next)
            {
                return;
            }

            if (batch.Count == 0 && message.Batches == 0)
            {
                await Task.Delay(Gather, time, stopping);
            }

            var notice = notices.Current;
            if (batch.Count > 0 && batch[0].Size != notice.Size)
            {
                Resolve(batch, message);
                if (message.Count >= Enough || message.Batches >= Enough)
                {
                    await Publish(message, stopping);
                }
            }

            batch.Add(notice);
        }
    }

    /// <summary>Finds the entries of one committed batch's events that somebody listens for, by their commitments, and adds the events to the message.</summary>
    private void Resolve(List<LedgerNotice> batch, EventMessage message)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var told = new Dictionary<Hash, (NoticedEvent Event, DateTimeOffset Time)>();
        foreach (var notice in batch)
        {
            if (EventNotice.Read(notice.Bytes) is not var (at, events))
            {
                logger.LogError("A notice of the batch that ends at {Size} is of a format that this version does not know; its events are not published.", notice.Size);
                continue;
            }

            foreach (var noticed in events.Where(noticed => Array.Exists(_listeners, listener => listener.ListensFor(noticed.Patient))))
            {
                told[new Hash(noticed.Commitment.Span)] = (noticed, at);
            }
        }

        var entries = batch[0].Entries.Span;
        for (var index = batch[0].First; told.Count > 0 && !entries.IsEmpty; index++, entries = entries[LedgerEntry.Size..])
        {
            if (LedgerEntry.Parse(entries[..LedgerEntry.Size]).TryGet(out var entry, out _) && told.Remove(entry.Commitment, out var found))
            {
                message.Add(found.Event, index, found.Time);
            }
        }

        message.Size = batch[0].Size;
        message.Batches++;
        batch.Clear();
    }

    private async Task Publish(EventMessage message, CancellationToken stopping)
    {
        while (message.Count > 0)
        {
            try
            {
                await bus.Publish(message.ToEvents(), stopping);
                break;
            }
            catch (Exception broken) when (!stopping.IsCancellationRequested)
            {
                logger.LogWarning("Events up to entry {Size} were not taken ({Type}); trying again.", message.Size, broken.GetType().Name);
                await Task.Delay(Pause, time, stopping);
            }
        }

        await Acknowledge(message.Size, stopping);
        message.Clear();
    }

    private async Task Acknowledge(ulong size, CancellationToken stopping)
    {
        for (var tries = 0; !Acknowledge(size, isFirst: tries == 0); tries++)
        {
            await Task.Delay(Pause, time, stopping);
        }
    }

    /// <summary>False where the cursor cannot be written now: a disk that is full or broken is no reason to stop what still can be done.</summary>
    private bool Acknowledge(ulong size, bool isFirst)
    {
        try
        {
            ledger.Tail.Acknowledge(size);
            return true;
        }
        catch (IOException broken)
        {
            if (isFirst)
            {
                logger.LogWarning("That events up to entry {Size} were taken could not be kept ({Type}); trying again.", size, broken.GetType().Name);
            }

            return false;
        }
    }
}
