using System.Diagnostics;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger;

/// <summary>
/// The one thread that gives entries their place. <see cref="Commit"/> is the ledger's critical section and is kept in one piece, because the order of
/// its steps is what everybody relies on.
/// </summary>
/// <remarks>Tree, clock, journal position and lock checkpoint belong to this thread alone.</remarks>
internal sealed class Sequencer
{
    private readonly LedgerOptions _options;
    private readonly LedgerParts _parts;
    private readonly BatchDraft _draft;
    private readonly LedgerClock _clock;
    private readonly Thread _thread;
    private CompactRange _tree;
    private LockState? _locked;
    private ulong _factsEnd;
    private byte[] _readBack = [];
    private Exception? _stopped;

    public Sequencer(LedgerOptions options, LedgerParts parts, CompactRange tree, LockState? locked)
    {
        (_options, _parts, _tree, _locked) = (options, parts, tree, locked);
        _factsEnd = parts.Flat.FactsEnd(tree.Size);
        _draft = new BatchDraft(options, parts.Tags, parts.Versions, parts.States);
        _clock = new LedgerClock(options, locked?.Time ?? DateTimeOffset.UnixEpoch);
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger sequencer" };
    }

    public AppendQueue Queue => _parts.Queue;

    /// <summary>Why nothing is taken any more; null while the ledger runs.</summary>
    public Exception? Stopped => Volatile.Read(ref _stopped);

    /// <summary>Why the clock cannot be believed now; null where it can. For any thread.</summary>
    public string? DoubtsClock(DateTimeOffset last) => _clock.Doubt(_options.Time.GetUtcNow(), last);

    public void Start()
    {
        // Whatever the disk has now: what was taken before is still there, and on a full disk nothing else is asked for it.
        _parts.Reserve.Keep();
        _thread.Start();
    }

    /// <summary>Commits what waits, takes nothing more, and returns when the thread has ended.</summary>
    public void Finish()
    {
        Queue.Close();
        if (_thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted) is false)
        {
            _thread.Join();
        }
    }

    /// <summary>The first checkpoint of a new ledger: a STATE entry over the empty map, so that every checkpoint ends with one. Before <see cref="Start"/>.</summary>
    public void CommitFirst() => Commit([]);

    private void Run()
    {
        PromptThread.TryBecome();
        var batch = new List<PendingAppend>();
        while (Queue.Take(batch))
        {
            try
            {
                Commit(batch);
                batch.Clear();
                batch.AddRange(_draft.Deferred);
            }
            catch (Exception exception)
            {
                Stop(exception, batch);
                return;
            }
        }
    }

    /// <summary>
    /// One batch from its candidates to its released waiters. A crash or failure before the lock checkpoint is written loses the whole batch, which
    /// nobody was told of; after it the batch is there, and a start completes it.
    /// </summary>
    private void Commit(List<PendingAppend> candidates)
    {
        var began = Stopwatch.GetTimestamp();
        if (Refusal(out var time) is { } reason)
        {
            _draft.Deferred.Clear();
            candidates.ForEach(append => append.Unavailable(reason));
            LedgerMetrics.Unavailable.Add(candidates.Count);
            return;
        }

        var full = IsFull();
        if (full && !KeepOnlyReserved(candidates))
        {
            return;
        }

        // Guards are compared here and nowhere else: on this thread nothing can come between the comparison and the commit.
        _draft.Admit(candidates);
        if (_draft.Accepted.Count == 0 && _locked is not null)
        {
            TellStale();
            return;
        }

        var changing = _draft.ChangesConsents;
        if (changing)
        {
            _parts.States.BeginChange();
        }

        try
        {
            // In memory only: order, numbers, tags, the map's and the tree's new roots. A crash leaves nothing.
            _draft.Write(_tree, time, _locked?.MapRoot ?? default, _factsEnd, _locked?.LastRedo ?? 0);

            // Stage. A crash leaves at most one record behind the lock checkpoint, which the next start drops.
            try
            {
                if (full)
                {
                    _parts.Reserve.Require(_draft.Record);
                }

                _parts.Journal.Stage(_draft.Record, fromReserve: full);
            }
            catch (StorageFullException)
            {
                if (changing)
                {
                    _parts.States.Undo();
                }

                _draft.Accepted.ForEach(append => append.Unavailable("The disk is full."));
                LedgerMetrics.Unavailable.Add(_draft.Accepted.Count);
                TellStale();
                return;
            }

            // What gets signed is what lies on the disk, hashed a second time from there: a bit that flipped in memory must not be signed for ever.
            if (_options.VerifyStaged)
            {
                VerifyStaged();
            }

            // Sign. The note exists in memory only: a log must never show a checkpoint that it may have to take back.
            var size = _draft.Growth.Tree.Size;
            var signed = _options.Keys.Sign(new Checkpoint(_options.Keys.Origin, size, _draft.Growth.Root), time).ToBytes();
            var (segment, position) = _parts.Journal.StagedEnd;
            var next = new LockState(
                size, _draft.Growth.Root, _draft.MapRoot, _parts.FlatDurable, segment, position,
                _draft.HasRedo ? size : _locked?.LastRedo ?? 0, time, signed);

            // The point of no return. When this returns the batch is committed; when it throws nobody knows, and only a start can tell.
            _parts.Lock.Swap(_locked, next);
            _locked = next;

            // Apply by the code that recovery uses. A crash from here on leaves work that the next start does again from the journal.
            _parts.Flat.Apply(_draft.Record, _draft.Growth);
            if (_draft.HasRedo)
            {
                var redo = _draft.Record.Redo;
                foreach (var participant in _options.Participants)
                {
                    participant.Apply(size, redo);
                }
            }

            // Everything is stored; now it becomes visible, what rests on it after what it rests on.
            _tree = _draft.Growth.Tree;
            _factsEnd = _draft.Record.FactsOffset + _draft.Record.FactsLength;
            _clock.Commit(time);
            _parts.Indexing.Add(size, _draft.Tags, _draft.Leaves);
            _draft.Accepted.ForEach(append => append.Request.Committed?.Invoke());
            _draft.CommitVersions();
            var rotated = _parts.Journal.Commit();
            _parts.Publish(new Published(size, next.Root, next.MapRoot, time, signed), next, rotated);
            _draft.CommitCounts();
            if (full)
            {
                _parts.Reserve.Used();
                LedgerMetrics.FromReserve.Add(_draft.Accepted.Count);
            }
            else
            {
                _parts.Reserve.Passed(_draft.Record);
            }
        }
        finally
        {
            if (changing)
            {
                _parts.States.EndChange();
            }
        }

        // Release the waiters: only now may anything be disclosed.
        foreach (var append in _draft.Accepted)
        {
            append.Appended(_tree.Size, time);
        }

        TellStale();
        LedgerMetrics.Batches.Add(1);
        LedgerMetrics.Entries.Add(_draft.Record.EntryCount);
        LedgerMetrics.BatchSize.Record(_draft.Record.EntryCount);
        LedgerMetrics.CommitDuration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>Why no batch can be taken now; null where one can, at this time.</summary>
    private string? Refusal(out DateTimeOffset time)
    {
        time = _clock.Next(out var reason) ?? default;
        reason = _parts.Halted ?? reason;
        if (reason is not null)
        {
            return reason;
        }

        return _parts.Indexing.Waiting > Indexing.MaxWaiting ? "The ledger's index is behind." : null;
    }

    /// <summary>True where only what may use the reserve can be taken: there is too little room, or too little to keep the reserve whole.</summary>
    private bool IsFull() => _parts.Storage.FreeBytes < _options.MinFreeBytes || !_parts.Reserve.Keep();

    /// <summary>Answers those that must wait for room; false where nothing is left.</summary>
    private bool KeepOnlyReserved(List<PendingAppend> candidates)
    {
        var most = !_parts.Reserve.IsOffered || _locked is null ? ReserveUse.None : ReserveUse.All;
        var least = _parts.Reserve.Left > 0.5 ? ReserveUse.Half : ReserveUse.All;
        var waiting = candidates.FindAll(append => most == ReserveUse.None || append.Request.Reserve < least);
        waiting.ForEach(append => append.Unavailable("The disk is nearly full."));
        LedgerMetrics.Unavailable.Add(waiting.Count);
        candidates.RemoveAll(append => waiting.Contains(append));
        _draft.Deferred.Clear();
        return candidates.Count > 0;
    }

    private void VerifyStaged()
    {
        var staged = _parts.Journal.ReadStaged(_draft.Record.Length, ref _readBack);
        if (staged is null || staged.Root != _draft.Growth.Root || TreeGrowth.RootOf(_tree, staged.Entries) != staged.Root)
        {
            throw new InvalidDataException("A staged batch read back differs from what was staged.");
        }
    }

    private void TellStale()
    {
        foreach (var (append, subjects) in _draft.Stale)
        {
            append.Stale(subjects);
        }

        LedgerMetrics.Stale.Add(_draft.Stale.Count);
    }

    /// <summary>Takes nothing more. Whoever waits hears that the outcome is unknown, because for this batch it is.</summary>
    private void Stop(Exception exception, List<PendingAppend> batch)
    {
        Volatile.Write(ref _stopped, exception);
        var waiting = Queue.Drain();
        _options.Fatal.Stop("The ledger's storage failed while it committed a batch. The ledger stops; the next start decides from what is stored.", exception);
        foreach (var append in batch)
        {
            append.Fail(new LedgerStoppedException("its storage failed.", exception));
        }

        foreach (var append in waiting)
        {
            append.Unavailable("The ledger stopped.");
        }
    }
}
