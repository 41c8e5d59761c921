using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace HealthLedger.Events;

/// <summary>What happened, as a notice tells it. The numbers are stored.</summary>
public enum NoticedKind : byte
{
    /// <summary>Nothing that anybody is told: it stands in a notice so that refused and absent requests write alike.</summary>
    Nothing = 0,
    /// <summary><see cref="Events.ConsentGranted"/>.</summary>
    ConsentGranted = 1,
    /// <summary><see cref="Events.ConsentWithdrawn"/>.</summary>
    ConsentWithdrawn = 2,
    /// <summary><see cref="Events.RecordAccessed"/>.</summary>
    RecordAccessed = 3,
    /// <summary><see cref="Events.AccessRefused"/>.</summary>
    AccessRefused = 4,
    /// <summary><see cref="Events.RecordChanged"/>.</summary>
    RecordChanged = 5,
    /// <summary><see cref="Events.RecordErased"/>.</summary>
    RecordErased = 6,
    /// <summary><see cref="Events.ReleaseMade"/>: names a run in the patient's place.</summary>
    ReleaseMade = 7,
}

/// <summary>One event of a notice.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Commitment">32 bytes: the commitment of its ledger entry, by which the entry is found; its index is not known before the commit.</param>
/// <param name="Patient">A Patient id of at most 64 characters, or the run of a release; empty for <see cref="NoticedKind.Nothing"/>.</param>
public readonly record struct NoticedEvent(NoticedKind Kind, ReadOnlyMemory<byte> Commitment, string Patient);

/// <summary>
/// What the ledger keeps, sealed in its journal, until the events of an append are published: small, because each read writes one.
/// <code>format u8 = 1 | time i64, unix ms | events u16 | (kind u8, commitment 32, patient length u8, patient UTF-8)* | zeros to a multiple of 128</code>
/// </summary>
/// <remarks>Integers are big-endian. The padding makes the notice of a refusal as long as that of an absent record.</remarks>
public static class EventNotice
{
    private const byte Format = 1;
    private const int Step = 128;
    private const int HeaderSize = 1 + sizeof(long) + sizeof(ushort);
    private const int CommitmentSize = 32;
    private const int MaxPatient = 64;

    /// <summary>The notice's bytes.</summary>
    /// <param name="time">When it was decided.</param>
    /// <param name="events">At most 65,535.</param>
    public static byte[] Write(DateTimeOffset time, ReadOnlySpan<NoticedEvent> events)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(events.Length, ushort.MaxValue, nameof(events));
        var length = HeaderSize;
        foreach (var noticed in events)
        {
            if (noticed.Commitment.Length != CommitmentSize || noticed.Patient.Length > MaxPatient || !Ascii.IsValid(noticed.Patient))
            {
                throw new ArgumentException("An event has a commitment of 32 bytes and a FHIR id.", nameof(events));
            }

            length += 1 + CommitmentSize + 1 + noticed.Patient.Length;
        }

        var bytes = new byte[(length + Step - 1) / Step * Step];
        bytes[0] = Format;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), time.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1 + sizeof(long)), (ushort)events.Length);
        var at = HeaderSize;
        foreach (var noticed in events)
        {
            bytes[at++] = (byte)noticed.Kind;
            noticed.Commitment.Span.CopyTo(bytes.AsSpan(at));
            at += CommitmentSize;
            bytes[at++] = (byte)noticed.Patient.Length;
            at += Encoding.ASCII.GetBytes(noticed.Patient, bytes.AsSpan(at));
        }

        return bytes;
    }

    /// <summary>Reads <see cref="Write"/>'s bytes, without what nobody is told; null where they are of another format or damaged.</summary>
    public static (DateTimeOffset Time, ImmutableArray<NoticedEvent> Events)? Read(ReadOnlyMemory<byte> notice)
    {
        var bytes = notice.Span;
        if (bytes.Length < HeaderSize || bytes[0] != Format)
        {
            return null;
        }

        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        var count = BinaryPrimitives.ReadUInt16BigEndian(bytes[(1 + sizeof(long))..]);
        var events = ImmutableArray.CreateBuilder<NoticedEvent>(count);
        var at = HeaderSize;
        for (var i = 0; i < count; i++)
        {
            var patientAt = at + 2 + CommitmentSize;
            if (patientAt > bytes.Length || bytes[at] > (byte)NoticedKind.ReleaseMade || bytes[patientAt - 1] > Math.Min(MaxPatient, bytes.Length - patientAt))
            {
                return null;
            }

            var patient = bytes.Slice(patientAt, bytes[patientAt - 1]);
            if (bytes[at] != (byte)NoticedKind.Nothing)
            {
                events.Add(new NoticedEvent((NoticedKind)bytes[at], notice.Slice(at + 1, CommitmentSize), Encoding.ASCII.GetString(patient)));
            }

            at = patientAt + patient.Length;
        }

        return milliseconds is < -62_135_596_800_000 or > 253_402_300_799_999 || bytes[at..].ContainsAnyExcept((byte)0)
            ? null
            : (DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), events.ToImmutable());
    }
}
