using System.Collections.Immutable;
using HealthLedger.Ledger.Promises;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Sealing;

namespace HealthLedger.Ledger;

/// <remarks>
/// What goes on while no entry can be made: a read in an emergency is promised, that is signed, written to the emergency journal and flushed, and recorded before anything else is once entries
/// can be made again (docs/decisions/0022, docs/formats/emergency-journal.md).
/// </remarks>
public sealed partial class LedgerLog : IPromising
{
    /// <summary>Promises whose appends are under way at once.</summary>
    private const int Together = 256;

    /// <summary>How many events of a chain are looked through for one that was recorded late.</summary>
    private const ulong MaxSought = 100_000;

    private const string Keys = "Put back the keys that belong to this ledger and its emergency journal.";

    private readonly SemaphoreSlim _promising = new(1, 1);
    private readonly EmergencyJournal? _promises;
    private volatile bool _waits;

    /// <summary>How many promises are not yet in the ledger.</summary>
    public int PromisesWaiting => _promises?.Waiting.Count ?? 0;

    /// <summary>True where a read in an emergency is promised now: the ledger stands, and there is a journal that has room.</summary>
    private bool PromisesNow => _promises is { CanPromise: true } && Stands();

    /// <inheritdoc/>
    public async ValueTask<PromiseOutcome> Promise(Func<LateMark, AppendRequest> requestAt, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(requestAt);
        if (_promises is null)
        {
            return new PromiseOutcome.Unavailable("There is no emergency journal.");
        }

        await _promising.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return !PromisesNow ? new PromiseOutcome.Unavailable("The ledger takes entries, or the emergency journal no promise.") : Promise(_promises, requestAt);
        }
        catch (IOException)
        {
            return new PromiseOutcome.Unavailable("The emergency journal failed.");
        }
        finally
        {
            _waits = _promises.Waiting.Count > 0;
            _promising.Release();
        }
    }

    /// <summary>
    /// Records what was promised, in order, each once however often this is broken off. Until that is done nothing else is taken but what may use the reserve. Call it at a start before anything
    /// is served, and again as long as promises wait.
    /// </summary>
    /// <param name="chainOf">The chain of this id; null where there is none.</param>
    /// <param name="cancellation">Stops between two promises.</param>
    /// <returns>How many were recorded; null where the ledger takes no entry now.</returns>
    /// <exception cref="LedgerRefusesToStartException">The keys are missing that open what was promised.</exception>
    public async ValueTask<int?> RecordPromised(Func<string, EventChain?> chainOf, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(chainOf);
        if (_promises is null)
        {
            return 0;
        }

        await _promising.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var waiting = _promises.Waiting;
            _waits = waiting.Count > 0;

            // Nothing is written beside a ledger that has stopped.
            return waiting.Count == 0 ? 0 : _sequencer.Stopped is not null || _parts.Failed || _parts.Halted is not null ? null : await RecordPromised(_promises, waiting, chainOf, cancellation).ConfigureAwait(false);
        }
        catch (Storage.StorageFullException)
        {
            return null;
        }
        finally
        {
            _waits = _promises.Waiting.Count > 0;
            _promising.Release();
        }
    }

    /// <summary>The promise of this number as its client gets it, with the fact of its first event where the chain is given; null where it is recorded, or none.</summary>
    internal PromisedReceipt? PromiseOf(ulong number, EventChain? chain, string id)
    {
        if (_promises?.Waiting.FirstOrDefault(slot => slot.Promise.Number == number) is not { } slot)
        {
            return null;
        }

        var fact = chain is null || slot.Open(_options.Promises!.Key.Span, _promises.Id) is not { } append
            ? null
            : Envelope.Open(chain.AuditKey.Span, FactLabel, FactPlace(slot.Promise.Commitments[0].Bytes), append.Events[0].Fact);
        return new PromisedReceipt(Origin, System.Text.Encoding.UTF8.GetString(slot.Note), fact, id);
    }

    /// <summary>The entry on a chain by which a promise was kept; null where there is none.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="number">The promise's number.</param>
    /// <param name="from">How many events the chain had when it was given.</param>
    /// <param name="client">To whom: where a journal was lost with its anchor, the numbers began anew.</param>
    internal ulong? FindKept(EventChain chain, ulong number, ulong from, string client)
    {
        var count = CountOf(chain);
        for (var at = from; at < count && at - from < MaxSought; at++)
        {
            var index = IndexOf(chain, at);
            if (FactOf(index, chain) is { } fact && LateMark.Of(fact[FactField.Obligations])?.Number == number && fact[FactField.Client] == client)
            {
                return index;
            }
        }

        return null;
    }

    /// <summary>Behind the last entry that records late what happened at or before an instant; 0 where none does. Entries say when they were made, not when it happened.</summary>
    internal ulong RecordedLateBehind(DateTimeOffset until) => Math.Min(_parts.Late.BehindOf(until), Published.Size);

    /// <summary>True where the ledger takes no ordinary entry for a reason that does not pass within moments, and its clock can be believed.</summary>
    private bool Stands()
    {
        if (_disposed != 0 || _sequencer.DoubtsClock(Published.Time) is not null)
        {
            return false;
        }

        try
        {
            return _sequencer.Stopped is not null || _parts.Failed || _parts.Halted is not null || ConditionOfDisk().State != LedgerState.Taking;
        }
        catch (IOException)
        {
            return true; // a disk that does not say how much room it has
        }
    }

    private PromiseOutcome Promise(EmergencyJournal journal, Func<LateMark, AppendRequest> requestAt)
    {
        var mark = new LateMark(journal.Next.Number, journal.Next.Previous);
        var request = requestAt(mark);
        if (!request.MayBePromised || !request.Redo.IsEmpty || !request.Raises.IsEmpty || request.Epoch is not null || request.Committed is not null || request.Events.IsDefaultOrEmpty
            || request.Events.Any(e => e.Operation is not null || e.Kind != EntryKind.Event || e.Commitment.Length != Hash.Length))
        {
            throw new ArgumentException("Only a read in an emergency is promised, which changes nothing.", nameof(requestAt));
        }

        // Withdrawals are recorded out of the reserve meanwhile: what was decided before one is decided again. The size first: versions are raised before a size is published, so no promise names
        // a tree with a withdrawal that its decision did not know.
        var published = Published;
        ImmutableArray<string> stale = [.. request.Expected.Where(expected => _parts.Versions[expected.Subject] != expected.Version).Select(expected => expected.Subject)];
        if (!stale.IsEmpty)
        {
            return new PromiseOutcome.Stale(stale);
        }

        if (request.Events.Length > EntryPromise.MaxCommitments)
        {
            return new PromiseOutcome.Unavailable("The request has more events than a promise.");
        }

        var time = DateTimeOffset.FromUnixTimeSeconds((long)LedgerEntry.CoarseTime(_options.Time.GetUtcNow()));
        var promise = new EntryPromise(Origin, mark.Number, mark.Previous, published.Size, published.Root, time, [.. request.Events.Select(e => new Hash(e.Commitment.Span))]);
        var append = new PromisedAppend([.. request.Events.Select(e => (e.Chain.Id, SealFact(e)))], request.Notice.ToArray());
        if (PromiseSlot.Seal(promise, append, _options.Keys, _options.Promises!.Key.Span, journal.Id) is not { } slot)
        {
            return new PromiseOutcome.Unavailable("The request has no room in a slot of the emergency journal.");
        }

        _waits = true;
        journal.Write(slot);
        append.Wipe();
        LedgerMetrics.Promised.Add(1);
        return new PromiseOutcome.Promised(new GivenPromise(promise.Number, CountBefore(request.Events[0].Chain)));
    }

    /// <summary>Where to look for the entry later. An index that is damaged is no reason to refuse: then everything is looked through.</summary>
    private ulong CountBefore(EventChain chain)
    {
        try
        {
            return CountOf(chain);
        }
        catch (InvalidDataException)
        {
            return 0;
        }
    }

    private async ValueTask<int?> RecordPromised(EmergencyJournal journal, IReadOnlyList<PromiseSlot> waiting, Func<string, EventChain?> chainOf, CancellationToken cancellation)
    {
        _parts.Late.Begin(Published.Size, waiting.Min(slot => slot.Promise.Time));
        var there = CommitmentsSince(waiting.Min(slot => slot.Promise.Size));
        foreach (var slots in waiting.Where(slot => !there.Contains(slot.Promise.Commitments[0])).Chunk(Together))
        {
            cancellation.ThrowIfCancellationRequested();
            var appends = slots.Select(slot => Append(RequestOf(journal, slot, chainOf), CancellationToken.None).AsTask()).ToArray();
            if ((await Task.WhenAll(appends).ConfigureAwait(false)).Any(outcome => outcome is not AppendOutcome.Appended))
            {
                return null;
            }
        }

        try
        {
            _parts.Late.End(Published.Size);
            journal.MarkRecorded();
        }
        catch (IOException)
        {
            // They stand in the ledger, which is what was promised; the next start finds them there.
        }

        return waiting.Count;
    }

    private AppendRequest RequestOf(EmergencyJournal journal, PromiseSlot slot, Func<string, EventChain?> chainOf)
    {
        var append = slot.Open(_options.Promises!.Key.Span, journal.Id)
            ?? throw new LedgerRefusesToStartException($"What promise {slot.Promise.Number} is about does not open.", Keys);
        var events = append.Events.Select((e, i) =>
        {
            var commitment = slot.Promise.Commitments[i].ToArray();
            return chainOf(e.Chain) is { } chain && Envelope.Open(chain.AuditKey.Span, FactLabel, FactPlace(commitment), e.Fact) is { } fact
                ? new PendingEvent(chain, fact, commitment)
                : throw new LedgerRefusesToStartException($"What promise {slot.Promise.Number} is about does not open.", Keys);
        });
        return new AppendRequest { Events = [.. events], Notice = append.Notice, WasPromised = true };
    }

    /// <summary>The commitments of the entries from a size on: few, since nothing but withdrawals and what was promised is recorded before the promises are kept.</summary>
    private HashSet<Hash> CommitmentsSince(ulong size)
    {
        const int Chunk = 4096;
        var found = new HashSet<Hash>();
        for (var (at, end) = (size, Published.Size); at < end; at += Chunk)
        {
            var count = (int)Math.Min(Chunk, end - at);
            var entries = _parts.Flat.ReadEntries(at, count);
            for (var i = 0; i < count; i++)
            {
                if (LedgerEntry.Parse(entries.AsSpan(i * LedgerEntry.Size, LedgerEntry.Size)).TryGet(out var entry, out _))
                {
                    found.Add(entry.Commitment);
                }
            }
        }

        return found;
    }

    /// <summary>Promises name the tree that they were given behind; one of another tree belongs to another history.</summary>
    private static void CheckPromises(LedgerLog log)
    {
        foreach (var slot in log._promises?.Waiting ?? [])
        {
            // One that is ahead was given by a newer ledger than this copy: who put the copy back has to say so first (seen-checkpoint), and then it is kept here all the same.
            if (slot.Promise.Size <= log.Published.Size && log.RootAt(slot.Promise.Size) != slot.Promise.Root)
            {
                throw new LedgerRefusesToStartException(
                    $"Promise {slot.Promise.Number} of the emergency journal was given by a ledger with another history.", "Put back the ledger's directory and the emergency journal that belong together.");
            }
        }
    }
}
