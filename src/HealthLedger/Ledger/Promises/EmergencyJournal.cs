using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger.Promises;

/// <summary>
/// The emergency journal: a file of slots that was filled beforehand, so that writing one needs no room, and the anchor that says apart from it how far it is. A promise is given out when both are
/// durable; one whose slot is durable without the anchor was given to nobody, and is kept all the same (docs/formats/emergency-journal.md).
/// </summary>
/// <remarks>Safe for several threads.</remarks>
internal sealed partial class EmergencyJournal : IDisposable
{
    /// <summary>The file of slots.</summary>
    public const string FileName = "slots";

    /// <summary>Bytes of a slot.</summary>
    public const int SlotSize = PromiseSlot.Size;

    private readonly Lock _gate = new();
    private readonly PromiseOptions _options;
    private readonly IReadOnlyList<NoteVerifier> _logs;
    private readonly ILedgerStorage _storage;
    private readonly ILedgerStorage _seen;
    private readonly PromiseAnchor _anchor;
    private readonly ILedgerFile _file;
    private readonly List<PromiseSlot> _waiting = [];
    private int _slots;
    private bool _failed;

    private EmergencyJournal(PromiseOptions options, IReadOnlyList<NoteVerifier> logs, ILedgerStorage storage, ILedgerStorage seen, PromiseAnchor anchor)
    {
        (_options, _logs, _storage, _seen, _anchor) = (options, logs, storage, seen, anchor);
        _file = storage.Open(FileName);
    }

    /// <summary>Given and not yet in the ledger, in order.</summary>
    public IReadOnlyList<PromiseSlot> Waiting
    {
        get
        {
            lock (_gate)
            {
                return [.. _waiting];
            }
        }
    }

    /// <summary>True where another promise can be given.</summary>
    public bool CanPromise
    {
        get
        {
            lock (_gate)
            {
                return _options.Permits && !_failed && _waiting.Count < _slots;
            }
        }
    }

    /// <summary>The number of the next promise, and the hash of the one before it.</summary>
    public (ulong Number, Hash Previous) Next
    {
        get
        {
            lock (_gate)
            {
                return (Progress.Promised + 1, Progress.PromisedHash);
            }
        }
    }

    /// <summary>Which journal: part of what a slot is sealed for.</summary>
    public UInt128 Id => Progress.Journal;

    private PromiseProgress Progress => _anchor.Last ?? throw new InvalidOperationException("The emergency journal was not opened.");

    /// <summary>Opens the journal, made where promises are permitted and there is none; null where there is none and none is to be.</summary>
    /// <param name="options">Where it is, and what it may do.</param>
    /// <param name="logs">The keys that the log has and had, all of one origin: what one of them promised is kept when another took its place.</param>
    /// <exception cref="LedgerRefusesToStartException">A promise that was given is not there.</exception>
    public static EmergencyJournal? Open(PromiseOptions options, IReadOnlyList<NoteVerifier> logs)
    {
        options.Validate();
        if (!options.Permits && !File.Exists(Path.Combine(options.SeenDirectory, PromiseAnchor.FileName)) && !File.Exists(Path.Combine(options.Directory, FileName)))
        {
            return null;
        }

        var storage = DiskStorage.Hold(options.Directory);
        try
        {
            return Open(options, logs, storage, DiskStorage.Hold(options.SeenDirectory));
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open(PromiseOptions, IReadOnlyList{NoteVerifier})"/>, on storages that the journal then owns.</summary>
    public static EmergencyJournal? Open(PromiseOptions options, IReadOnlyList<NoteVerifier> logs, ILedgerStorage storage, ILedgerStorage seen)
    {
        PromiseAnchor? anchor = null;
        EmergencyJournal? journal = null;
        try
        {
            anchor = PromiseAnchor.Open(seen, options.Key.Span, logs[0].Name);
            journal = new EmergencyJournal(options, logs, storage, seen, anchor);
            if (!journal.Recover())
            {
                journal.Dispose();
                return null;
            }

            return journal;
        }
        catch
        {
            if (journal is null)
            {
                anchor?.Dispose();
                storage.Dispose();
                seen.Dispose();
            }

            journal?.Dispose();
            throw;
        }
    }

    /// <summary>Makes a promise durable. Only on return may it be given to anybody.</summary>
    /// <exception cref="StorageFullException">There is no room after all; nothing was promised.</exception>
    /// <exception cref="IOException">The disk failed: nothing more is promised before the next start, which finds out what is there.</exception>
    public void Write(PromiseSlot slot)
    {
        lock (_gate)
        {
            if (!CanPromise)
            {
                throw new InvalidOperationException("The emergency journal takes no promise.");
            }

            try
            {
                _file.Write(slot.ToBytes(), PlaceOf(_waiting.Count));
                _file.Flush();
            }
            catch (Exception exception) when (exception is not StorageFullException)
            {
                _failed = true;
                throw;
            }

            Keep(Progress with { Promised = slot.Promise.Number, PromisedHash = slot.Promise.Hash });
            _waiting.Add(slot);
        }
    }

    /// <summary>The entries of all promises are in the ledger: says so, and wipes the slots. Where that cannot be stored, the next start finds the entries and says so again.</summary>
    /// <exception cref="IOException">It could not be stored.</exception>
    public void MarkRecorded()
    {
        lock (_gate)
        {
            var count = _waiting.Count;
            _waiting.Clear();
            Keep(Progress with { Recorded = Progress.Promised, RecordedHash = Progress.PromisedHash }, twice: true);
            Wipe(count);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _anchor.Dispose();
        _storage.Dispose();
        _seen.Dispose();
    }

    private static long PlaceOf(int slot) => PromiseHeader.Size + ((long)slot * SlotSize);

    private void Keep(PromiseProgress progress, bool twice = false)
    {
        try
        {
            if (twice)
            {
                _anchor.WriteTwice(progress);
            }
            else
            {
                _anchor.Write(progress);
            }
        }
        catch
        {
            _failed = true;
            throw;
        }
    }

    private void Wipe(int count)
    {
        try
        {
            var zeros = new byte[SlotSize];
            for (var slot = 0; slot < count; slot++)
            {
                _file.Write(zeros, PlaceOf(slot));
            }

            _file.Flush();
        }
        catch
        {
            _failed = true;
            throw;
        }
    }
}
