using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Vault;

/// <summary>
/// That a patient's records were erased, by keyed names alone, and what has become of the audit key since. Kept in the vault, where it changes with the ledger's commit, and in
/// the key directory, which outlives a restored copy of the vault.
/// </summary>
/// <remarks>
/// <code>
/// format u8 = 1 | revision u32 | subject 16 | shelf 16 | audit mark 16 | erased i64 | held u8 | requested i64 | requested by: length u16, UTF-8 | audit key destroyed i64
/// </code>
/// Times in Unix seconds, 0 for never. See docs/formats/keys.md.
/// </remarks>
public sealed record Erasure
{
    private const byte Format = 1;
    private const int MaxRequester = 1000;

    /// <summary>Names the erasure: a keyed name under the row key that it destroyed, so that keys which the patient gets later are not taken for those.</summary>
    public required KeyedName Mark { get; init; }

    /// <summary>When the records were erased.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>True while a legal hold keeps the audit key.</summary>
    public bool Held { get; init; }

    /// <summary>Who asked for the audit key's destruction; null where nobody did.</summary>
    public string? RequestedBy { get; init; }

    /// <summary>When; meaningless where nobody did.</summary>
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When the audit key was destroyed; null while it is kept.</summary>
    public DateTimeOffset? AuditKeyDestroyed { get; init; }

    /// <summary>Names the erasure to operators: 32 hexadecimal digits.</summary>
    public string Id => Mark.Value.ToString("x32", null);

    internal uint Revision { get; init; }

    /// <summary>Whose keys, as the key store names them.</summary>
    internal KeyedName Subject { get; init; }

    /// <summary>Whose rows, as the vault's store names them.</summary>
    internal KeyedName Shelf { get; init; }

    /// <summary>The audit key's mark.</summary>
    internal KeyedName AuditMark { get; init; }

    /// <summary>Reads <see cref="Id"/>; null where it is none.</summary>
    public static KeyedName? ParseId(string text) =>
        text.Length == 2 * KeyedName.Size && UInt128.TryParse(text, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value) ? new KeyedName(value) : null;

    internal byte[] ToBytes()
    {
        var requester = Encoding.UTF8.GetBytes(RequestedBy ?? "");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(requester.Length, MaxRequester, nameof(RequestedBy));
        var bytes = new byte[Size + requester.Length];
        bytes[0] = Format;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), Revision);
        Subject.CopyTo(bytes.AsSpan(5));
        Shelf.CopyTo(bytes.AsSpan(21));
        AuditMark.CopyTo(bytes.AsSpan(37));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(53), At.ToUnixTimeSeconds());
        bytes[61] = Held ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(62), RequestedBy is null ? 0 : RequestedAt.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(70), (ushort)requester.Length);
        requester.CopyTo(bytes, 72);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(72 + requester.Length), AuditKeyDestroyed?.ToUnixTimeSeconds() ?? 0);
        return bytes;
    }

    internal static Erasure? Read(KeyedName mark, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size || bytes[0] != Format || bytes[61] > 1 || BinaryPrimitives.ReadUInt16BigEndian(bytes[70..]) is var length && bytes.Length != Size + length)
        {
            return null;
        }

        var destroyed = BinaryPrimitives.ReadInt64BigEndian(bytes[(72 + length)..]);
        return new Erasure
        {
            Mark = mark,
            Revision = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]),
            Subject = KeyedName.Read(bytes[5..]),
            Shelf = KeyedName.Read(bytes[21..]),
            AuditMark = KeyedName.Read(bytes[37..]),
            At = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(bytes[53..])),
            Held = bytes[61] == 1,
            RequestedBy = length == 0 ? null : Encoding.UTF8.GetString(bytes.Slice(72, length)),
            RequestedAt = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(bytes[62..])),
            AuditKeyDestroyed = destroyed == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(destroyed),
        };
    }

    private const int Size = 80;
}
