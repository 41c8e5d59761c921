using System.Diagnostics;

namespace HealthLedger.Ledger;

/// <summary>
/// What waits for the sequencer: bounded, in order. While a batch commits the next one gathers here. One append alone never waits for a clock, but in the batches just after a crowd. In a crowd, where who
/// was answered is likely to ask again, a batch waits up to a millisecond for two fifths of it: a commit costs the same for all, but while it waits for the disk the
/// others have to keep the processors busy.
/// </summary>
/// <param name="limit">Appends that wait at most.</param>
/// <param name="maxEntries">Entries in a batch at most, unless one append alone has more.</param>
/// <param name="maxBytes">Bytes in a batch at most, unless one append alone has more.</param>
/// <param name="gather">How long a batch waits for a crowd at most.</param>
internal sealed class AppendQueue(int limit, int maxEntries, long maxBytes, TimeSpan gather)
{
    /// <summary>How long a ledger waits: about two commits.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(1);

    private const int LeastAwaited = 6;
    private const double Awaited = 2.0 / 5;

    /// <summary>What a crowd shrinks to with each batch that does not show it: forgotten within some hundred batches. Most batches show a part of it only, since the others are being served.</summary>
    private const double Remembered = 63.0 / 64;

    /// <summary>Where nobody came for so long there is no crowd any more.</summary>
    private static readonly TimeSpan s_gone = TimeSpan.FromMilliseconds(10);
    private readonly Queue<PendingAppend> _waiting = new();
    private readonly object _gate = new();
    private int _wanted = 1;
    private int _last;
    private double _crowd;
    private bool _closed;

    /// <summary>Adds to the end; false where the queue is full or closed.</summary>
    public bool TryAdd(PendingAppend append)
    {
        lock (_gate)
        {
            if (_closed || _waiting.Count >= limit)
            {
                return false;
            }

            _waiting.Enqueue(append);
            if (_waiting.Count == _wanted)
            {
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    /// <summary>Waits until something is there, then takes as much as one batch may hold, at least one.</summary>
    /// <param name="batch">Holds what goes before; filled up.</param>
    /// <returns>False where the queue is closed and empty.</returns>
    public bool Take(List<PendingAppend> batch)
    {
        lock (_gate)
        {
            var empty = Stopwatch.GetTimestamp();
            while (_waiting.Count == 0 && batch.Count == 0)
            {
                if (_closed)
                {
                    return false;
                }

                _wanted = 1;
                Monitor.Wait(_gate);
            }

            if (Stopwatch.GetElapsedTime(empty) > s_gone)
            {
                (_last, _crowd) = (0, 0);
            }

            // Those who were answered with the last batch are on their way back, those who came meanwhile are here.
            _crowd = Math.Max(_last + _waiting.Count, _crowd * Remembered);
            var enough = (int)Math.Min(_crowd * Awaited, maxEntries);
            if (enough >= LeastAwaited && batch.Count == 0 && _waiting.Count < enough && !_closed)
            {
                _wanted = enough;
                Monitor.Wait(_gate, gather);
            }

            var entries = batch.Sum(append => append.Entries);
            var bytes = batch.Sum(append => append.Bytes);
            while (_waiting.TryPeek(out var next) && (batch.Count == 0 || (entries + next.Entries <= maxEntries && bytes + next.Bytes <= maxBytes)))
            {
                batch.Add(_waiting.Dequeue());
                entries += next.Entries;
                bytes += next.Bytes;
            }

            _last = batch.Count;
            return true;
        }
    }

    /// <summary>Takes nothing more in; what waits is still taken out.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Closes, and takes out what waits.</summary>
    public IReadOnlyList<PendingAppend> Drain()
    {
        lock (_gate)
        {
            _closed = true;
            PendingAppend[] rest = [.. _waiting];
            _waiting.Clear();
            Monitor.PulseAll(_gate);
            return rest;
        }
    }
}
