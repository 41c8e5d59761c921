using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Evidence;

/// <summary>Makes the lines of a bundle, in the order <see cref="Begin"/>, <see cref="Item"/> for each event from the newest down, <see cref="End"/>. Not safe for several threads.</summary>
public sealed class EvidenceWriter : IDisposable
{
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private string _origin = "";
    private ulong _count;

    /// <summary>The first line: the checkpoint that everything is proven under, and the entry that records the question.</summary>
    /// <param name="origin">The log.</param>
    /// <param name="checkpoint">The signed note with its cosignatures.</param>
    /// <param name="asked">The question's entry, with at least event, time, client and evidence opened.</param>
    public byte[] Begin(string origin, SignedNote checkpoint, EvidenceItem asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        _origin = origin;
        return Line(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("suite", 1);
            json.WriteString("origin", origin);
            json.WriteString("checkpoint", checkpoint.ToString());
            json.WritePropertyName("asked");
            asked.Write(json);
            json.WriteEndObject();
        });
    }

    /// <summary>The line of one event.</summary>
    public byte[] Item(EvidenceItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        _count++;
        return Line(item.Write);
    }

    /// <summary>The last line.</summary>
    /// <param name="next">The entry below which the answer goes on; null where this is all of it.</param>
    /// <param name="sign">Signs a text with the log's key.</param>
    public byte[] End(ulong? next, Func<byte[], SignedNote> sign)
    {
        ArgumentNullException.ThrowIfNull(sign);
        var note = sign(new EvidenceSeal(_origin, _count, next, new Hash(_digest.GetCurrentHash())).ToText());
        return Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("signed", note.ToString());
            json.WriteEndObject();
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();

    private byte[] Line(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            write(json);
        }

        buffer.WriteByte((byte)'\n');
        var line = buffer.ToArray();
        _digest.AppendData(line);
        return line;
    }
}
