using System.Diagnostics;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger;

/// <summary>
/// What can wait, off the hot path: bringing the index up to date, writing the checkpoint file, making the flat files durable, filling the journal's next segment ahead and deleting
/// those that nobody needs any more.
/// </summary>
internal sealed class Keeper
{
    /// <summary>For who reads the directory, or a copy of it: by which keys the log's key was succeeded.</summary>
    public const string SuccessionsFile = "successions";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Tags go into the index in random places, so that a page is written once for all of a round: fewer rounds, fewer pages. What waits is found in memory
    /// meanwhile, and read again from the journal after a crash.
    /// </summary>
    private static readonly TimeSpan s_indexing = TimeSpan.FromSeconds(2);
    private const int EnoughToIndex = 100_000;

    /// <summary>Little by little, so that no batch waits for the disk behind a whole segment's worth of bytes.</summary>
    private const long EnoughToFlush = 2 << 20;
    private readonly LedgerOptions _options;
    private readonly LedgerParts _parts;
    private readonly Thread _thread;
    private Published? _written;
    private Published? _writtenFinal;
    private object? _writtenSuccessions;
    private readonly Func<SuccessionFile?> _successions;
    private long _indexed;
    private volatile bool _stopping;

    public Keeper(LedgerOptions options, LedgerParts parts, Func<SuccessionFile?> successions)
    {
        (_options, _parts, _successions) = (options, parts, successions);
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger keeper" };
    }

    public void Start() => _thread.Start();

    /// <summary>Ends the thread. What it had left to do, a start does again.</summary>
    public void Stop()
    {
        _stopping = true;
        _parts.Kept.Set();
        if (!_thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted))
        {
            _thread.Join();
        }
    }

    /// <summary>Does everything that is to do now. Not beside the thread.</summary>
    public void RunOnce()
    {
        CatchUpIndex();
        Keep();
    }

    /// <summary>Makes the flat files durable as of the published checkpoint.</summary>
    public void FlushFlatFiles()
    {
        // Applied before it was published, so this size is in the files when the flush begins.
        var size = _parts.Published.Size;
        _parts.Flat.Flush();
        _parts.FlatDurable = size;
    }

    private void Keep()
    {
        WriteCheckpoint();
        if (_parts.Rotated)
        {
            _parts.Rotated = false;
            FlushFlatFiles();
        }
        else if (_parts.Flat.Unflushed > EnoughToFlush)
        {
            FlushFlatFiles();
        }

        if (_parts.Journal.Segments.Count > 1)
        {
            // A participant is durable when its batch is published, so it needs nothing of the journal that lies behind a published checkpoint.
            var needed = Math.Min(_parts.Tail.NeededFrom, Math.Min(_parts.FlatDurableLocked, _parts.Indexing.AppliedSize));
            _parts.Journal.DeleteUpTo(needed);
        }
    }

    /// <summary>The next segment, as long as there is much more room than what is committed could need; the room of what was made is given back where there no longer is.</summary>
    private void FillAhead(long free)
    {
        if (free > _options.MinFreeBytes + (4L * _options.SegmentBytes) && !_parts.Reserve.IsShort)
        {
            _parts.Journal.FillNext();
        }
        else
        {
            _parts.Journal.GiveNextBack();
        }
    }

    private void CatchUpIndex()
    {
        try
        {
            _parts.Indexing.Apply();
        }
        catch (IOException)
        {
            // By its contract: no room, and it is asked again. What it lacks is in memory, and the sequencer sees to it that this does not grow for ever.
        }
    }

    private void WriteCheckpoint()
    {
        var published = _parts.Published;
        if (!ReferenceEquals(published, _written))
        {
            _parts.Storage.Replace("checkpoint", published.Note.Span);
            _written = published;
        }

        if (_parts.Cosignatures?.Final is { } final && !ReferenceEquals(final, _writtenFinal))
        {
            _parts.Storage.Replace(Cosignatures.FileName, final.Note.Span);
            _writtenFinal = final;
        }

        var stated = _options.Keys.Stated;
        if (!ReferenceEquals(stated, _writtenSuccessions) && _successions() is { } successions && successions.Statements.Count == stated.Count)
        {
            _parts.Storage.Replace(SuccessionsFile, successions.ToJson());
            _writtenSuccessions = stated;
        }
    }

    /// <summary>The free room; null where the disk does not say.</summary>
    private long? Measure()
    {
        try
        {
            var free = _parts.Storage.FreeBytes;
            LedgerMetrics.DiskFree.Record(free);
            LedgerMetrics.ReserveLeft.Record(_parts.Reserve.Left);
            return free;
        }
        catch (IOException)
        {
            return null; // whoever appends asks the disk again
        }
    }

    private void Run()
    {
        while (!_stopping)
        {
            _parts.Kept.WaitOne(s_pause);
            try
            {
                var free = Measure();
                if (Stopwatch.GetElapsedTime(_indexed) > s_indexing || _parts.Indexing.Waiting > EnoughToIndex)
                {
                    CatchUpIndex();
                    _indexed = Stopwatch.GetTimestamp();
                }

                Keep();
                if (free is { } bytes)
                {
                    FillAhead(bytes);
                }
            }
            catch (Storage.StorageFullException)
            {
                // The work stays where it is; the sequencer refuses appends while the disk is full, and the next round tries again.
            }
            catch (Exception exception)
            {
                _parts.Failed = true;
                _parts.Queue.Close();
                _options.Fatal.Stop("The ledger could not keep its files in order.", exception);
                return;
            }
        }
    }
}
