using HealthLedger.Ledger;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Review;

/// <summary>
/// Walks the events of several chains from the newest down, in the exact order of their entries. A batch's entries are shuffled, so within a batch a chain's numbers do not
/// follow the entries: an event is given out only once no older number can stand above it, which a STATE entry between them shows.
/// </summary>
internal sealed class EventWalk(LedgerLog ledger)
{
    /// <summary>How much earlier than its entry a fact may have been decided, and how much later by a clock that went back.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    /// <summary>Events at or above <paramref name="from"/> and below <paramref name="before"/>.</summary>
    /// <param name="chains">Each once.</param>
    /// <param name="before">At most the published size.</param>
    /// <param name="from">The lowest entry.</param>
    /// <param name="cancellation">Stops between two events.</param>
    public IEnumerable<(ulong Index, EventChain Chain)> NewestFirst(IEnumerable<EventChain> chains, ulong before, ulong from, CancellationToken cancellation)
    {
        if (before <= from)
        {
            yield break;
        }

        var queue = new PriorityQueue<Cursor, ulong>();
        var cut = NextState(before - 1);
        foreach (var chain in chains)
        {
            cancellation.ThrowIfCancellationRequested();
            Enqueue(new Cursor(this, chain, before, from, cut));
        }

        while (queue.TryDequeue(out var cursor, out var rank))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return (ulong.MaxValue - rank, cursor.Chain);
            Enqueue(cursor);
        }

        void Enqueue(Cursor cursor)
        {
            if (cursor.Take() is { } index)
            {
                queue.Enqueue(cursor, ulong.MaxValue - index);
            }
        }
    }

    /// <summary>Entries that can hold facts decided in a span of time: from the first to before the second.</summary>
    public (ulong From, ulong Before) Span(DateTimeOffset? since, DateTimeOffset? until) =>
        (since is { } first && first > DateTimeOffset.UnixEpoch + Slack ? FirstAt(first - Slack) : 0,
        until is not { } last ? ledger.Published.Size : last < DateTimeOffset.UnixEpoch ? 0 : last > DateTimeOffset.MaxValue - Slack ? ledger.Published.Size
        : Math.Max(FirstAt(last + Slack), ledger.RecordedLateBehind(last)));

    /// <summary>The first entry of this minute or later; the size where there is none. The time of entries never goes back.</summary>
    private ulong FirstAt(DateTimeOffset time)
    {
        var wanted = LedgerEntry.CoarseTime(time);
        var (low, high) = (0UL, ledger.Published.Size);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = Entry(middle).Time < wanted ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The end of the batch that an entry is in.</summary>
    private ulong NextState(ulong index)
    {
        while (Entry(index).Kind != EntryKind.State)
        {
            index++;
        }

        return index;
    }

    /// <summary>True where a batch ends between the two, so that the first is in an earlier one.</summary>
    private bool IsInEarlierBatch(ulong index, ulong above)
    {
        while (index < above && Entry(index).Kind != EntryKind.State)
        {
            index++;
        }

        return index < above;
    }

    private LedgerEntry Entry(ulong index) =>
        LedgerEntry.Parse(ledger.ReadEntry(index)).TryGet(out var entry, out var fault) ? entry : throw new InvalidDataException($"Entry {index} cannot be read ({fault.Code}).");

    private ulong IndexOf(EventChain chain, ulong number) => ledger.EventsOf(chain, number, 1)[0].Index;

    /// <summary>One chain, from its newest event below the bound down.</summary>
    private sealed class Cursor
    {
        private const ulong LargestStep = 64;
        private readonly EventWalk _walk;
        private readonly PriorityQueue<ulong, ulong> _seen = new();
        private readonly ulong _before;
        private readonly ulong _from;
        private ulong _unseen;
        private ulong _lowest;
        private ulong _step = 1;

        public Cursor(EventWalk walk, EventChain chain, ulong before, ulong from, ulong cut)
        {
            (_walk, Chain, _before, _from) = (walk, chain, before, from);
            _unseen = CountUpTo(cut);
        }

        public EventChain Chain { get; }

        /// <summary>The entry of the next event; null where there is none above the bound.</summary>
        public ulong? Take()
        {
            while (true)
            {
                if (_seen.TryPeek(out var newest, out _) && (_unseen == 0 || _walk.IsInEarlierBatch(_lowest, newest)))
                {
                    _seen.Dequeue();
                    if (newest < _from)
                    {
                        return null;
                    }

                    if (newest < _before)
                    {
                        return newest;
                    }
                }
                else if (_unseen == 0)
                {
                    return null;
                }
                else
                {
                    Look();
                }
            }
        }

        private void Look()
        {
            var step = Math.Min(_step, _unseen);
            var older = _walk.Ledger.EventsOf(Chain, _unseen - step, (int)step);
            foreach (var found in older)
            {
                _seen.Enqueue(found.Index, ulong.MaxValue - found.Index);
            }

            (_unseen, _lowest, _step) = (_unseen - step, older[0].Index, Math.Min(_step * 4, LargestStep));
        }

        /// <summary>How many events of the chain are in batches up to the one that ends at <paramref name="cut"/>: batches follow each other, if not what is in them.</summary>
        private ulong CountUpTo(ulong cut)
        {
            var (low, high) = (0UL, _walk.Ledger.CountOf(Chain));
            if (high > 0 && _walk.IndexOf(Chain, high - 1) <= cut)
            {
                return high;
            }

            while (low < high)
            {
                var middle = low + ((high - low) / 2);
                (low, high) = _walk.IndexOf(Chain, middle) <= cut ? (middle + 1, high) : (low, middle);
            }

            return low;
        }
    }

    private LedgerLog Ledger => ledger;
}
