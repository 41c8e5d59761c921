using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Ledger.Promises;

/// <summary>
/// The emergency journal: a file of slots that was filled beforehand, so that writing one needs no room, and the anchor that says apart from it how far it is. A promise is given out when both are
/// durable; one whose slot is durable without the anchor was given to nobody, and is kept all the same (docs/formats/emergency-journal.md).
/// </summary>
/// <remarks>Safe for several threads.</remarks>
internal sealed class PromiseJournal : IDisposable
{
    /// <summary>The file of slots.</summary>
    public const string FileName = "slots";

    /// <summary>Bytes of a slot.</summary>
    public const int SlotSize = PromiseSlot.Size;

    private readonly Lock _gate = new();
    private readonly PromiseOptions _options;
    private readonly NoteVerifier _log;
    private readonly ILedgerStorage _storage;
    private readonly ILedgerStorage _seen;
    private readonly PromiseAnchor _anchor;
    private readonly ILedgerFile _file;
    private readonly List<PromiseSlot> _waiting = [];
    private int _slots;
    private bool _failed;

    private PromiseJournal(PromiseOptions options, NoteVerifier log, ILedgerStorage storage, ILedgerStorage seen, PromiseAnchor anchor)
    {
        (_options, _log, _storage, _seen, _anchor) = (options, log, storage, seen, anchor);
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
    /// <exception cref="LedgerRefusesToStartException">A promise that was given is not there.</exception>
    public static PromiseJournal? Open(PromiseOptions options, NoteVerifier log)
    {
        options.Validate();
        if (!options.Permits && !File.Exists(Path.Combine(options.SeenDirectory, PromiseAnchor.FileName)) && !File.Exists(Path.Combine(options.Directory, FileName)))
        {
            return null;
        }

        var storage = DiskStorage.Hold(options.Directory);
        try
        {
            return Open(options, log, storage, DiskStorage.Hold(options.SeenDirectory));
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open(PromiseOptions, NoteVerifier)"/>, on storages that the journal then owns.</summary>
    public static PromiseJournal? Open(PromiseOptions options, NoteVerifier log, ILedgerStorage storage, ILedgerStorage seen)
    {
        PromiseAnchor? anchor = null;
        PromiseJournal? journal = null;
        try
        {
            anchor = PromiseAnchor.Open(seen, options.Key.Span, log.Name);
            journal = new PromiseJournal(options, log, storage, seen, anchor);
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

    /// <summary>Brings file and anchor together, or refuses; false where there is no journal and none is to be made.</summary>
    private bool Recover()
    {
        if (_anchor.IsDamaged)
        {
            throw Refuse("What the keys directory says of it is damaged.");
        }

        var (header, damaged) = PromiseHeader.Read(_file);
        if (_anchor.Last is null)
        {
            Adopt(header, damaged);
        }

        var progress = _anchor.Last;
        var owes = progress is { } said && said.Promised > said.Recorded;
        if (header is null || header.Journal != progress?.Journal)
        {
            if (owes)
            {
                throw Refuse(
                    damaged ? "Its header is damaged."
                    : header is null ? $"The promises {progress!.Value.Recorded + 1} to {progress.Value.Promised} were given, and there is no journal."
                    : "It belongs to another directory.");
            }

            return Make(progress);
        }

        _slots = header.Slots;
        ReadSlots(progress.Value);
        return (_waiting.Count == 0 && (header.Slots != _options.Slots || !_options.Permits)) ? Make(_anchor.Last) : true;
    }

    /// <summary>A journal without its anchor, as after keys were put back from a backup: what it holds is taken at its word.</summary>
    private void Adopt(PromiseHeader? header, bool damaged)
    {
        if (damaged)
        {
            throw Refuse("Its header is damaged.");
        }

        if (header is null || PromiseSlot.Read(ReadSlot(0), _log) is not { } first)
        {
            return;
        }

        var last = first;
        for (var at = 1; at < header.Slots && PromiseSlot.Read(ReadSlot(at), _log) is { } next && next.Promise.Previous == last.Promise.Hash; at++)
        {
            last = next;
        }

        _anchor.Write(new PromiseProgress(header.Journal, first.Promise.Number - 1, first.Promise.Previous, last.Promise.Number, last.Promise.Hash));
    }

    private void ReadSlots(PromiseProgress said)
    {
        var (expected, previous) = (said.Recorded + 1, said.RecordedHash);
        for (; _waiting.Count < _slots && expected <= said.Promised + 1; expected++)
        {
            var slot = PromiseSlot.Read(ReadSlot(_waiting.Count), _log);
            if (slot is null || slot.Promise.Number != expected || slot.Promise.Previous != previous || slot.Open(_options.Key.Span, said.Journal) is not { } append
                || (expected == said.Promised && slot.Promise.Hash != said.PromisedHash))
            {
                if (expected <= said.Promised)
                {
                    throw Refuse($"Promise {expected} was given, and its slot is damaged, or of an older copy.");
                }

                // What is behind the last promise was given to nobody: torn, or left when a wipe was broken off.
                break;
            }

            append.Wipe();
            _waiting.Add(slot);
            previous = slot.Promise.Hash;
        }

        if (_waiting is [.., var last] && last.Promise.Number > said.Promised)
        {
            _anchor.Write(said with { Promised = last.Promise.Number, PromisedHash = last.Promise.Hash });
        }

        if (_waiting.Count == 0)
        {
            WipeLeftovers();
        }
    }

    private void WipeLeftovers()
    {
        for (var slot = 0; slot < _slots && ReadSlot(slot).AsSpan().ContainsAnyExcept((byte)0); slot++)
        {
            Wipe(slot + 1);
        }
    }

    private byte[] ReadSlot(int slot)
    {
        var bytes = new byte[SlotSize];
        return _file.Read(bytes, PlaceOf(slot)) == SlotSize ? bytes : new byte[SlotSize];
    }

    /// <summary>A new file of slots, all of them written. The numbers go on.</summary>
    private bool Make(PromiseProgress? before)
    {
        if (!_options.Permits)
        {
            return false;
        }

        _file.SetLength(0);
        _file.Flush();
        _slots = _options.Slots;
        var zeros = new byte[1 << 20];
        for (long at = 0, end = PlaceOf(_slots); at < end; at += zeros.Length)
        {
            _file.Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - at)), at);
        }

        _file.Flush();
        var journal = BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16));
        _anchor.WriteTwice((before ?? default) with { Journal = journal });
        new PromiseHeader(journal, _slots).Write(_file);
        _storage.FlushDirectory();
        _seen.FlushDirectory();
        return true;
    }

    private static LedgerRefusesToStartException Refuse(string found) => new(
        $"The emergency journal does not hold what was promised. {found}",
        "Put back the journal that belongs to these keys, or set HealthLedger:EmergencyJournal:Directory to where it lies. To go on without it, delete the directory emergency of the keys: whoever holds a promise can then prove that it was broken.");
}

/// <summary>Which journal a file is, and how many slots it has: <c>magic "HLEJ0001" | id 16 | slots u32 | size of a slot u32 | SHA-256 of all before</c>.</summary>
/// <param name="Journal">16 random bytes.</param>
/// <param name="Slots">How many.</param>
internal sealed record PromiseHeader(UInt128 Journal, int Slots)
{
    /// <summary>Where the slots begin.</summary>
    public const int Size = 4096;

    private const int Length = 64;

    private static ReadOnlySpan<byte> Magic => "HLEJ0001"u8;

    /// <summary>Reads it; null where there is none, as in a file whose making was broken off.</summary>
    public static (PromiseHeader? Header, bool IsDamaged) Read(ILedgerFile file)
    {
        var bytes = new byte[Length];
        if (file.Read(bytes, 0) < Length || !bytes.AsSpan().ContainsAnyExcept((byte)0))
        {
            return (null, false);
        }

        var slots = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(24));
        return bytes.AsSpan().StartsWith(Magic) && SHA256.HashData(bytes.AsSpan(0, 32)).AsSpan().SequenceEqual(bytes.AsSpan(32))
            && BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(28)) == PromiseSlot.Size && slots is > 0 and <= 8_192
            ? (new PromiseHeader(BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(8)), (int)slots), false)
            : (null, true);
    }

    /// <summary>Writes it, durably.</summary>
    public void Write(ILedgerFile file)
    {
        var bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(8), Journal);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), (uint)Slots);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(28), PromiseSlot.Size);
        SHA256.HashData(bytes.AsSpan(0, 32), bytes.AsSpan(32));
        file.Write(bytes, 0);
        file.Flush();
    }
}
