using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Sealing;

namespace HealthLedger.Ledger.Promises;

/// <summary>
/// One slot of the emergency journal: the signed promise, and sealed what will be appended.
/// <code>magic "HLEJSLOT" | number u64 | length of the note u16 | zeros 14 | note 2,048 | envelope 30,656 | SHA-256 of all before</code>
/// </summary>
/// <param name="Promise">What was promised.</param>
/// <param name="Note">The promise with its signature.</param>
/// <param name="Envelope">The sealed append.</param>
internal sealed record PromiseSlot(EntryPromise Promise, byte[] Note, byte[] Envelope)
{
    /// <summary>Bytes of a slot.</summary>
    public const int Size = 32 * 1024;

    /// <summary>Bytes of the plaintext, always all of them: what was promised cannot be told by its length.</summary>
    public const int PlainSize = EnvelopeSize - Sealing.Envelope.Overhead;

    private const int NoteAt = 32;
    private const int NoteSize = 2048;
    private const int EnvelopeAt = NoteAt + NoteSize;
    private const int EnvelopeSize = Size - EnvelopeAt - Hash.Length;
    private const string Label = "promise";

    private static ReadOnlySpan<byte> Magic => "HLEJSLOT"u8;

    /// <summary>Signs a promise, as the log signs its checkpoints, and seals what it is about; null where it has no room in a slot.</summary>
    public static PromiseSlot? Seal(EntryPromise promise, PromisedAppend append, LedgerKeys log, ReadOnlySpan<byte> key, UInt128 journal)
    {
        var plain = GC.AllocateArray<byte>(PlainSize, pinned: true);
        try
        {
            if (!append.TryWrite(plain))
            {
                return null;
            }

            var note = log.Sign(promise.ToText()).ToBytes();
            return note.Length > NoteSize ? null : new PromiseSlot(promise, note, Sealing.Envelope.Seal(key, Label, Place(journal, promise), plain));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>What will be appended; null where the envelope is not of this promise, this journal and this key.</summary>
    public PromisedAppend? Open(ReadOnlySpan<byte> key, UInt128 journal)
    {
        var plain = GC.AllocateArray<byte>(PlainSize, pinned: true);
        try
        {
            return Sealing.Envelope.TryOpen(key, Label, Place(journal, Promise), Envelope, plain) && PromisedAppend.Read(plain) is { } append && append.Events.Length == Promise.Commitments.Length
                ? append
                : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>The slot's bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), Promise.Number);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(16), (ushort)Note.Length);
        Note.CopyTo(bytes, NoteAt);
        Envelope.CopyTo(bytes, EnvelopeAt);
        SHA256.HashData(bytes.AsSpan(0, Size - Hash.Length), bytes.AsSpan(Size - Hash.Length));
        return bytes;
    }

    /// <summary>Reads a slot that was wholly written and that this log signed; null for one that was not.</summary>
    public static PromiseSlot? Read(ReadOnlySpan<byte> bytes, IReadOnlyList<NoteVerifier> logs)
    {
        Span<byte> digest = stackalloc byte[Hash.Length];
        if (bytes.Length != Size || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]) is var length && length > NoteSize)
        {
            return null;
        }

        SHA256.HashData(bytes[..^Hash.Length], digest);
        var note = bytes.Slice(NoteAt, length);
        return digest.SequenceEqual(bytes[^Hash.Length..])
            && SignedNote.Parse(note).TryGet(out var signed, out _) && signed.Verify([.. logs]).IsValid
            && EntryPromise.Parse(signed.Text).TryGet(out var promise, out _) && promise.Origin == logs[0].Name && promise.Number == BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])
            ? new PromiseSlot(promise, note.ToArray(), bytes.Slice(EnvelopeAt, EnvelopeSize).ToArray())
            : null;
    }

    private static byte[] Place(UInt128 journal, EntryPromise promise)
    {
        var place = new byte[16 + Hash.Length];
        BinaryPrimitives.WriteUInt128BigEndian(place, journal);
        promise.Hash.CopyTo(place.AsSpan(16));
        return place;
    }
}
