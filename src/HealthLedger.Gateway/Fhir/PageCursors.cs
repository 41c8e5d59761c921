using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Search;
using HealthLedger.Sealing;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Page links: a sealed position, bound to caller, purpose and search. A cursor says only where to go on; what the page may show is decided anew.
/// It is padded to steps, so that its length tells little of the values it sorts by.
/// </summary>
/// <remarks>Sealed: snapshot i64 in UTC ticks | offset i32 | length of key u16, 0 for none | key | zeros. For events of the ledger: entry u64 | zeros.</remarks>
internal sealed class PageCursors(ReadOnlyMemory<byte> secret)
{
    public const string Parameter = "_cursor";
    private const string Label = "page-cursor";
    private const string EntryLabel = "page-cursor/entry";
    private const int Head = sizeof(long) + sizeof(int) + sizeof(ushort);
    private const int Step = 128;
    private const int Largest = 8 * 1024;

    public string Seal(string path, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose, PagePosition position)
    {
        var key = position.After?.ToBytes() ?? [];
        var plain = new byte[(Head + key.Length + Step - 1) / Step * Step];
        BinaryPrimitives.WriteInt64BigEndian(plain, position.Snapshot?.UtcTicks ?? 0);
        BinaryPrimitives.WriteInt32BigEndian(plain.AsSpan(sizeof(long)), position.Offset);
        BinaryPrimitives.WriteUInt16BigEndian(plain.AsSpan(Head - sizeof(ushort)), (ushort)key.Length);
        key.CopyTo(plain.AsSpan(Head));
        return Base64Url.EncodeToString(Envelope.Seal(secret.Span, Label, Binding(path, search, caller, purpose), plain));
    }

    /// <summary>A link to the events below an entry of the ledger.</summary>
    public string SealEntry(string path, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose, ulong before)
    {
        var plain = new byte[Step];
        BinaryPrimitives.WriteUInt64BigEndian(plain, before);
        return Base64Url.EncodeToString(Envelope.Seal(secret.Span, EntryLabel, Binding(path, search, caller, purpose), plain));
    }

    /// <summary>Takes the cursor out of <paramref name="search"/>; null where there is none. A cursor that does not open has no position.</summary>
    public (PagePosition? Position, string Text)? Take(ref IReadOnlyList<KeyValuePair<string, string>> search, string path, Caller caller, PurposeOfUse purpose)
    {
        if (TakeText(ref search) is not { } text)
        {
            return null;
        }

        if (Open(text, Label, Binding(path, search, caller, purpose)) is not { } plain)
        {
            return (null, text);
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(plain.AsSpan(Head - sizeof(ushort)));
        var position = new PagePosition(
            new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(plain), TimeSpan.Zero),
            length == 0 ? null : SearchKey.Read(plain.AsMemory(Head, length)),
            BinaryPrimitives.ReadInt32BigEndian(plain.AsSpan(sizeof(long))));
        return (position, text);
    }

    /// <summary>The same for <see cref="SealEntry"/>.</summary>
    public (ulong? Before, string Text)? TakeEntry(ref IReadOnlyList<KeyValuePair<string, string>> search, string path, Caller caller, PurposeOfUse purpose) =>
        TakeText(ref search) is { } text
            ? (Open(text, EntryLabel, Binding(path, search, caller, purpose)) is { } plain ? BinaryPrimitives.ReadUInt64BigEndian(plain) : null, text)
            : null;

    private static string? TakeText(ref IReadOnlyList<KeyValuePair<string, string>> search)
    {
        var found = search.Where(p => p.Key == Parameter).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        search = [.. search.Where(p => p.Key != Parameter)];
        return found.Count == 1 ? found[0].Value : "";
    }

    /// <summary>The plain text of a cursor; null where it is not ours for this.</summary>
    private byte[]? Open(string cursor, string label, byte[] binding)
    {
        if (cursor.Length > Largest)
        {
            return null;
        }

        var bytes = new byte[Base64Url.GetMaxDecodedLength(cursor.Length)];
        if (Base64Url.DecodeFromChars(cursor, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written < Envelope.Overhead + Head
            || Base64Url.EncodeToString(bytes.AsSpan(0, written)) != cursor)
        {
            return null;
        }

        var plain = new byte[written - Envelope.Overhead];
        return Envelope.TryOpen(secret.Span, label, binding, bytes.AsSpan(0, written), plain) ? plain : null;
    }

    private static byte[] Binding(string path, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose) =>
        Encoding.UTF8.GetBytes($"{path}\n{QueryText.Join(search)}\n{caller.ClientId}\n{caller.UserId}\n{caller.Organization}\n{caller.Role}\n{purpose.Code()}");
}
