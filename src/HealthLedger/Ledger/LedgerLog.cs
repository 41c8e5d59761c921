using System.Collections.Immutable;
using System.Text;
using HealthLedger.Ledger.Epochs;
using HealthLedger.Ledger.Promises;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Sealing;

namespace HealthLedger.Ledger;

/// <summary>
/// The embedded ledger: an append-only Merkle log in one directory, held by one process. An append is answered only when it is durable and covered by a
/// signed checkpoint that everybody can see (docs/formats/ledger-files.md has the files, <see cref="Sequencer"/> the order of a commit).
/// </summary>
/// <remarks>
/// Safe for many threads. The bytes that anybody but the right key holder can read are: how many entries there are, when (to the minute), and which of
/// them change the consent map under which random handles.
/// </remarks>
public sealed partial class LedgerLog : IAppendOnly, IAsyncDisposable
{
    private const string FactLabel = "fact";
    private readonly LedgerOptions _options;
    private readonly LedgerParts _parts;
    private readonly Sequencer _sequencer;
    private readonly Keeper _keeper;
    private readonly TreeNodes _nodes;
    private readonly Enrolments _enrolments;
    private readonly EpochBook _epochs;
    private readonly EpochClock? _epochClock;
    private readonly byte[] _origin;
    private int _disposed;

    private LedgerLog(LedgerOptions options, LedgerParts parts, Sequencer sequencer, EmergencyJournal? promises)
    {
        _promises = promises;
        (_options, _parts, _sequencer) = (options, parts, sequencer);
        _keeper = new Keeper(options, parts, Successions);
        _enrolments = new Enrolments(options, parts, this);
        _epochs = new EpochBook(parts, Append);
        _epochClock = options.EpochEvery is { } every ? new EpochClock(_epochs, parts, options.Time, every, options.Fatal) : null;
        _nodes = new TreeNodes(parts.Flat, () => parts.Published.Size);
        _origin = Encoding.UTF8.GetBytes(options.Keys.Origin);
    }

    /// <summary>The log's name.</summary>
    public string Origin => _options.Keys.Origin;

    /// <summary>What checks the log's signatures: a C2SP verifier key.</summary>
    public string VerifierKey => _options.Keys.VerifierKey;

    /// <summary>What checks the local cosigner's signatures.</summary>
    public string CosignerVerifierKey => _options.Keys.CosignerVerifierKey;

    /// <summary>The newest checkpoint that everybody may see.</summary>
    public Published Published => _parts.Published;

    /// <summary>The notices of committed batches.</summary>
    public NoticeTail Tail => _parts.Tail;

    /// <summary>
    /// Opens the ledger in its directory, a new one where there is none: takes the directory for this process, completes what a crash left, checks what
    /// is stored against what was signed. Reads what the index lacks, so it may take seconds for each million entries.
    /// </summary>
    /// <exception cref="DirectoryInUseException">Another process holds the directory.</exception>
    /// <exception cref="LedgerRefusesToStartException">What is stored is not what was acknowledged.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static LedgerLog Open(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var storage = DiskStorage.Hold(options.Directory);
        return Open(options, storage, () => options.Promises is { } promises ? EmergencyJournal.Open(promises, options.Keys.Verifiers) : null);
    }

    /// <summary>As <see cref="Open(LedgerOptions)"/>, on a storage that the ledger then owns.</summary>
    internal static LedgerLog Open(LedgerOptions options, ILedgerStorage storage, Func<EmergencyJournal?>? promises = null)
    {
        EmergencyJournal? journal = null;
        try
        {
            var (parts, tree, locked) = LedgerStart.Open(options, storage);
            var sequencer = new Sequencer(options, parts, tree, locked);
            if (locked is null)
            {
                sequencer.CommitFirst();
            }

            if (!parts.HasCheckpoint)
            {
                throw new LedgerRefusesToStartException("There is no room for a new ledger's first checkpoint.", "Make room on the disk that holds its directory.");
            }

            journal = promises?.Invoke();
            var log = new LedgerLog(options, parts, sequencer, journal);
            CheckPromises(log);
            log._keeper.RunOnce();
            sequencer.Start();
            log._keeper.Start();
            log._epochClock?.Start();
            return log;
        }
        catch
        {
            journal?.Dispose();
            options.Index.Dispose();
            storage.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Seals the facts and takes its place in the queue on the caller's thread. An append that names a chain for the first time looks its length up in
    /// the index.
    /// </remarks>
    /// <exception cref="ArgumentException">The request is empty or too large, or grants or withdraws what it may not.</exception>
    /// <exception cref="LedgerStoppedException">The ledger's storage failed; whether the append is durable is not known.</exception>
    public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        if (_waits && request is { Reserve: ReserveUse.None, WasPromised: false })
        {
            LedgerMetrics.Unavailable.Add(1);
            return Unavailable("Emergency reads wait to be recorded.");
        }

        PendingAppend append;
        try
        {
            append = Prepare(request);
        }
        catch (InvalidDataException)
        {
            // A number that was given to two events of a chain could never be taken back.
            _parts.Halted = "The ledger's index is damaged: stop the gateway, delete ledger-index.db and start it again; the index is made anew from the entries.";
            return Unavailable(_parts.Halted);
        }

        append.GiveUpWith(cancellation);
        if (_sequencer.Stopped is not null || !_parts.Queue.TryAdd(append))
        {
            LedgerMetrics.Unavailable.Add(1);
            var stopped = _sequencer.Stopped is not null || _parts.Failed || _disposed != 0;
            append.Unavailable(stopped ? "The ledger stopped." : "Too many appends are waiting.");
        }

        return new ValueTask<AppendOutcome>(append.Outcome);
    }

    /// <summary>
    /// The version of everything that decides about a subject (a patient's chain id, or <see cref="DecisionVersion.Everybody"/>), as committed. Read it
    /// before the state it stands for; name it in <see cref="AppendRequest.Expected"/>.
    /// </summary>
    public DecisionVersion DecisionVersionOf(string subject) => new(subject, _parts.Versions[subject]);

    /// <summary>
    /// Begins a copy of the directory while the ledger goes on. A store that rides on the commit is copied after this and before <see cref="LedgerCopy.Write"/>: then it is
    /// never ahead of the copied ledger, and the copied journal has everything that it lacks.
    /// </summary>
    public LedgerCopy BeginCopy() => new(_parts);

    /// <summary>Commits what waits, brings the files in order and lets go of the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_epochClock is not null)
        {
            await _epochClock.DisposeAsync().ConfigureAwait(false);
        }

        _sequencer.Finish();
        _keeper.Stop();
        try
        {
            if (_sequencer.Stopped is null && !_parts.Failed)
            {
                CloseInOrder();
            }
        }
        catch (IOException)
        {
            // Everything acknowledged is in the journal; the next start brings the rest in order.
        }
        finally
        {
            _options.Index.Dispose();
            _epochs.Dispose();
            _promises?.Dispose();
            _parts.Dispose();
        }
    }

    private void CloseInOrder()
    {
        _keeper.RunOnce();
        _keeper.FlushFlatFiles();

        // So that the next start need not apply anything again.
        if (_parts.Lock.Current is { } locked && locked.FlatDurable != _parts.FlatDurable)
        {
            _parts.Lock.Swap(locked, locked with { FlatDurable = _parts.FlatDurable });
        }
    }

    private static ValueTask<AppendOutcome> Unavailable(string reason) => ValueTask.FromResult<AppendOutcome>(new AppendOutcome.Unavailable(reason));

    private PendingAppend Prepare(AppendRequest request)
    {
        CheckShape(request);
        var facts = new byte[request.Events.Length][];
        var chains = new ChainNumber[request.Events.Length];
        long bytes = request.Redo.Length + request.Notice.Length;
        for (var i = 0; i < facts.Length; i++)
        {
            var pending = request.Events[i];
            facts[i] = SealFact(pending);
            chains[i] = _parts.Chains.Load(pending.Chain);
            bytes += facts[i].Length;
        }

        if (bytes > _options.MaxRequestBytes)
        {
            throw new ArgumentException($"One append has at most {_options.MaxRequestBytes} bytes.", nameof(request));
        }

        return new PendingAppend
        {
            Request = request,
            Facts = facts,
            Chains = chains,
            Bytes = bytes,
            Numbers = new ulong[facts.Length],
            Indices = new ulong[facts.Length + (request.HasOwnEntry ? 1 : 0)],
        };
    }

    private void CheckShape(AppendRequest request)
    {
        if (request.Events.IsDefault || (request.Events.IsEmpty && !request.HasOwnEntry) || request.Events.Length > _options.MaxEvents)
        {
            throw new ArgumentException($"One append has 1 to {_options.MaxEvents} events.", nameof(request));
        }

        HashSet<Hash>? handles = null;
        foreach (var pending in request.Events)
        {
            if (pending.Commitment.Length != Hash.Length || pending.Fact.Length > _options.MaxFactBytes)
            {
                throw new ArgumentException($"An event has a commitment of {Hash.Length} bytes and a fact of at most {_options.MaxFactBytes}.", nameof(request));
            }

            if (pending.Kind is not (EntryKind.Event or EntryKind.Enrol or EntryKind.Erase) || (pending.Kind != EntryKind.Event && pending.Operation is not null))
            {
                throw new ArgumentException("What is appended is an EVENT, or an ENROL or ERASE without an operation.", nameof(request));
            }

            if (pending.Operation is not { } operation)
            {
                continue;
            }

            if (operation.Handle.Length != Hash.Length || operation.ScopeCommitment.Length != Hash.Length || operation.NotAfter < 1
                || new Hash(operation.Handle.Span).IsZero || !(handles ??= []).Add(new Hash(operation.Handle.Span)))
            {
                throw new ArgumentException("A consent operation has a handle of its own, a scope commitment of 32 bytes and an expiry after 1970.", nameof(request));
            }
        }
    }

    private byte[] SealFact(PendingEvent pending) =>
        pending.Fact.IsEmpty ? [] : Envelope.Seal(pending.Chain.AuditKey.Span, FactLabel, FactPlace(pending.Commitment.Span), pending.Fact.Span);

    /// <summary>A sealed fact belongs to this log and to the entry with its commitment; under another entry it does not open.</summary>
    private byte[] FactPlace(ReadOnlySpan<byte> commitment) => [.. _origin, 0, .. commitment];
}
