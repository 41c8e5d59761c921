using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HealthLedger.Ledger.Promises;

/// <remarks>What a start finds, and what it does about it: the table at the end of docs/formats/emergency-journal.md.</remarks>
internal sealed partial class EmergencyJournal
{
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

        if (header is null || PromiseSlot.Read(ReadSlot(0), _logs) is not { } first)
        {
            return;
        }

        var last = first;
        for (var at = 1; at < header.Slots && PromiseSlot.Read(ReadSlot(at), _logs) is { } next && next.Promise.Previous == last.Promise.Hash; at++)
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
            var slot = PromiseSlot.Read(ReadSlot(_waiting.Count), _logs);
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

        if (expected <= said.Promised)
        {
            throw Refuse($"Promise {expected} was given, and the journal's header names too few slots for it.");
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
