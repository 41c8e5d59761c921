using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Search;
using HealthLedger.Sealing;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Page links: a sealed position, bound to caller, purpose and search. A cursor says only where to go on; what the page may show is decided anew.
/// All cursors have the same length.
/// </summary>
internal sealed class PageCursors(ReadOnlyMemory<byte> secret)
{
    public const string Parameter = "_cursor";
    private const int PlainSize = 16;

    public string Seal(string type, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose, PagePosition position)
    {
        Span<byte> plain = stackalloc byte[PlainSize];
        BinaryPrimitives.WriteInt64BigEndian(plain, position.Offset);
        BinaryPrimitives.WriteInt64BigEndian(plain[8..], position.Snapshot?.UtcTicks ?? 0);
        return Base64Url.EncodeToString(Envelope.Seal(secret.Span, "page-cursor", Binding(type, search, caller, purpose), plain));
    }

    /// <summary>Takes the cursor out of <paramref name="search"/>; null where there is none. A cursor that does not open has no position.</summary>
    public (PagePosition? Position, bool Present)? Take(ref IReadOnlyList<KeyValuePair<string, string>> search, string type, Caller caller, PurposeOfUse purpose)
    {
        var found = search.Where(p => p.Key == Parameter).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        search = [.. search.Where(p => p.Key != Parameter)];
        var bytes = new byte[PlainSize + Envelope.Overhead];
        var plain = new byte[PlainSize];
        return found.Count == 1 && found[0].Value.Length == Base64Url.GetEncodedLength(bytes.Length)
            && Base64Url.DecodeFromChars(found[0].Value, bytes, out _, out var written) == System.Buffers.OperationStatus.Done && written == bytes.Length
            && Envelope.TryOpen(secret.Span, "page-cursor", Binding(type, search, caller, purpose), bytes, plain)
            ? (new PagePosition((int)BinaryPrimitives.ReadInt64BigEndian(plain), new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(plain.AsSpan(8)), TimeSpan.Zero)), true)
            : (null, true);
    }

    private static byte[] Binding(string type, IReadOnlyList<KeyValuePair<string, string>> search, Caller caller, PurposeOfUse purpose) =>
        Encoding.UTF8.GetBytes($"{type}\n{QueryText.Join(search)}\n{caller.ClientId}\n{caller.UserId}\n{caller.Organization}\n{caller.Role}\n{purpose.Code()}");
}
