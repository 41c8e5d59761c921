using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Hashing;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Facts;

/// <summary>What happened, in sixteen fields, as the bytes that are stored and committed (docs/formats/fact.md).</summary>
/// <remarks>
/// The bytes hold the random value r, from which all salts follow: whoever has them can open the commitment. They are sealed wherever they rest.
/// The bytes are never written again from the fields. Safe for several threads.
/// </remarks>
public sealed class Fact
{
    /// <summary>The suite of this layout.</summary>
    public const byte Suite = 1;

    /// <summary>Bytes of the random value r.</summary>
    public const int RandomLength = 32;

    /// <summary>The stored bytes are a multiple of this, so that their length tells little.</summary>
    public const int Step = 1024;

    /// <summary>The most stored bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    internal const uint Absent = uint.MaxValue;
    internal const int HeaderLength = 1 + RandomLength;
    internal static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private readonly byte[] _stored;
    private readonly (int Start, int Length)[] _fields;
    private byte[]? _commitment;

    private Fact(byte[] stored, (int Start, int Length)[] fields) => (_stored, _fields) = (stored, fields);

    /// <summary>The bytes to seal and store: suite, r, sixteen values with their lengths, zero padding.</summary>
    public ReadOnlyMemory<byte> Stored => _stored;

    /// <summary>The random bytes from which the salts follow.</summary>
    private ReadOnlySpan<byte> R => _stored.AsSpan(1, RandomLength);

    /// <summary>The Merkle root of the sixteen salted fields, as the ledger entry carries it.</summary>
    public Hash Commitment => new(CommitmentBytes.Span);

    /// <summary><see cref="Commitment"/>, computed when it is first asked for: by two threads at once, it is twice the same.</summary>
    internal ReadOnlyMemory<byte> CommitmentBytes => _commitment ??= FactHash.Commit(R, this).ToArray();

    /// <summary>The value of a field; null where it is absent.</summary>
    public string? this[FactField field] => Has(field) ? Encoding.UTF8.GetString(Utf8(field)) : null;

    /// <summary>True where the field is present, if only as an empty string.</summary>
    public bool Has(FactField field) => _fields[(int)field].Length >= 0;

    /// <summary>The UTF-8 bytes of a field; empty where it is absent.</summary>
    public ReadOnlySpan<byte> Utf8(FactField field)
    {
        var (start, length) = _fields[(int)field];
        return length > 0 ? _stored.AsSpan(start, length) : [];
    }

    /// <summary>What <see cref="FactField.Binding"/> must say in the fact of an entry with this operation and handle.</summary>
    public static string BindingOf(ConsentOperation operation, in Hash handle) =>
        operation == ConsentOperation.None ? "" : $"{(byte)operation:x2}{handle}";

    /// <summary>Makes a fact in one pass.</summary>
    /// <param name="fields">One value or null for each field, in order.</param>
    /// <param name="r">32 fresh random bytes.</param>
    /// <exception cref="ArgumentException">Another number of fields or bytes, a string that is not Unicode, or more than 1 MiB in all.</exception>
    public static Fact Create(ReadOnlySpan<string?> fields, ReadOnlySpan<byte> r)
    {
        if (fields.Length != FactFields.Count || r.Length != RandomLength)
        {
            throw new ArgumentException($"A fact has {FactFields.Count} fields and {RandomLength} random bytes.", nameof(fields));
        }

        long content = HeaderLength + (sizeof(uint) * FactFields.Count);
        var places = new (int Start, int Length)[FactFields.Count];
        for (var i = 0; i < places.Length; i++)
        {
            places[i].Length = fields[i] is { } value ? StrictUtf8.GetByteCount(value) : -1;
            content += Math.Max(places[i].Length, 0);
        }

        if (content > MaxBytes)
        {
            throw new ArgumentException($"A fact has at most {MaxBytes} bytes.", nameof(fields));
        }

        var stored = new byte[Padded((int)content)];
        stored[0] = Suite;
        r.CopyTo(stored.AsSpan(1));
        var at = HeaderLength;
        for (var i = 0; i < places.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(stored.AsSpan(at), (uint)places[i].Length);
            at += sizeof(uint);
            places[i].Start = at;
            at += fields[i] is { } value ? StrictUtf8.GetBytes(value, stored.AsSpan(at)) : 0;
        }

        return new Fact(stored, places);
    }

    /// <summary>Reads stored bytes strictly: known suite, UTF-8, lengths that fit, the least padding, all of it zero.</summary>
    public static Parsed<Fact> Parse(ReadOnlySpan<byte> stored)
    {
        if (stored.Length is < Step or > MaxBytes || stored.Length % Step != 0)
        {
            return new Fault("fact-length", $"A fact has a multiple of {Step} bytes, at most {MaxBytes}.");
        }

        if (stored[0] != Suite)
        {
            return new Fault("fact-suite", $"Suite {stored[0]} is not known here.");
        }

        var places = new (int Start, int Length)[FactFields.Count];
        var at = HeaderLength;
        for (var i = 0; i < places.Length; i++)
        {
            if (stored.Length - at < sizeof(uint))
            {
                return new Fault("fact-field", $"The fact ends before field {i}.");
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(stored[at..]);
            at += sizeof(uint);
            places[i] = (at, -1);
            if (length == Absent)
            {
                continue;
            }

            if (length > (uint)(stored.Length - at) || !Utf8Valid(stored.Slice(at, (int)length)))
            {
                return new Fault("fact-field", $"Field {i} is longer than the fact or not UTF-8.");
            }

            places[i].Length = (int)length;
            at += (int)length;
        }

        return Padded(at) == stored.Length && !stored[at..].ContainsAnyExcept((byte)0)
            ? new Fact(stored.ToArray(), places)
            : new Fault("fact-padding", "The padding is not the least, or not zero.");
    }

    /// <summary>The salt of a field, for a partial opening.</summary>
    internal Hash SaltOf(FactField field) => FactHash.Salt(R, field);

    /// <summary>The leaf of a field, for a partial opening.</summary>
    internal Hash LeafOf(FactField field) => FactHash.Leaf(SaltOf(field), Has(field), Utf8(field));

    private static bool Utf8Valid(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes);

    private static int Padded(int length) => (length + Step - 1) / Step * Step;
}
