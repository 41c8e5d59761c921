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
/// <remarks>Sealed: snapshot i64 in UTC ticks | offset i32 | length of key u16, 0 for none | key | zeros.</remarks>
internal sealed class PageCursors(ReadOnlyMemory<byte> secret)
{
    public const string Parameter = "_cursor";
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
        return Base64Url.EncodeToString(Envelope.Seal(secret.Span, "page-cursor", Binding(path, search, caller, purpose), plain));
    }

    /// <summary>Takes the cursor out of <paramref name="search"/>; null where there is none. A cursor that does not open has no position.</summary>
    public (PagePosition? Position, string Text)? Take(ref IReadOnlyList<KeyValuePair<string, string>> search, string path, Caller caller, PurposeOfUse purpose)
    {
        var found = search.Where(p => p.Key == Parameter).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        search = [.. search.Where(p => p.Key != Parameter)];
        return (found.Count == 1 && found[0].Value.Length <= Largest ? Open(found[0].Value, Binding(path, search, caller, purpose)) : null, found[0].Value);
    }

    private PagePosition? Open(string cursor, byte[] binding)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(cursor.Length)];
        if (Base64Url.DecodeFromChars(cursor, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written < Envelope.Overhead + Head
            || Base64Url.EncodeToString(bytes.AsSpan(0, written)) != cursor)
        {
            return null;
        }

        var plain = new byte[written - Envelope.Overhead];
        if (!Envelope.TryOpen(secret.Span, "page-cursor", binding, bytes.AsSpan(0, written), plain))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(plain.AsSpan(Head - sizeof(ushort)));
        return new PagePosition(
            new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(plain), TimeSpan.Zero),
            length == 0 ? null : SearchKey.Read(plain.AsMemory(Head, length)),
            BinaryPrimitives.ReadInt32BigEndian(plain.AsSpan(sizeof(long))));
    }

    private static byte[] Binding(string path, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose) =>
        Encoding.UTF8.GetBytes($"{path}\n{QueryText.Join(search)}\n{caller.ClientId}\n{caller.UserId}\n{caller.Organization}\n{caller.Role}\n{purpose.Code()}");
}
