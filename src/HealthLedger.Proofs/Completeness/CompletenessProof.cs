using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Completeness;

/// <summary>An entry with its place in the ledger, and its fact where it is shown.</summary>
/// <param name="Index">The entry's index.</param>
/// <param name="Entry">The 256 bytes.</param>
/// <param name="Path">The inclusion proof under the document's checkpoint, the leaf's own sibling first.</param>
/// <param name="Fact">The fact's stored bytes; null where it is not shown.</param>
public sealed record ProvenEntry(ulong Index, byte[] Entry, IReadOnlyList<Hash> Path, byte[]? Fact = null);

/// <summary>An EPOCH entry, and that its epoch lacks the next number's tag.</summary>
/// <param name="Entry">The EPOCH entry.</param>
/// <param name="Absence">The neighbours of the tag.</param>
public sealed record ProvenEpoch(ProvenEntry Entry, TagProof Absence);

/// <summary>
/// All events of one chain up to an epoch, and the proof that there are no others on it (docs/formats/completeness.md). For the patient alone: it holds the
/// facts and the chain's tag key.
/// </summary>
/// <param name="Checkpoint">The signed checkpoint that everything is proven under.</param>
/// <param name="TagKey">The chain's tag key, 32 bytes.</param>
/// <param name="Events">The events by their numbers, from 0, an ENROL entry among them. Those behind the last epoch come too; nothing says that they are all.</param>
/// <param name="Epochs">Every epoch closed so far, in order.</param>
public sealed record CompletenessProof(string Checkpoint, byte[] TagKey, IReadOnlyList<ProvenEntry> Events, IReadOnlyList<ProvenEpoch> Epochs)
{
    /// <summary>The longest document.</summary>
    public const int MaxBytes = 128 * 1024 * 1024;

    /// <summary>The most events of one document.</summary>
    public const int MaxEvents = 20_000;

    private const string Format = "healthledger/completeness/v1";

    /// <summary>The document as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("checkpoint", Checkpoint);
            json.WriteBase64String("tagKey", TagKey);
            json.WriteStartArray("events");
            foreach (var each in Events)
            {
                json.WriteStartObject();
                ProofJson.Write(json, each);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("epochs");
            foreach (var epoch in Epochs)
            {
                json.WriteStartObject();
                ProofJson.Write(json, epoch.Entry);
                ProofJson.Write(json, "before", epoch.Absence.Before);
                ProofJson.Write(json, "after", epoch.Absence.AtOrAfter);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a document strictly. Does not verify it.</summary>
    public static Parsed<CompletenessProof> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.HasExactly(root, "format", "checkpoint", "tagKey", "events", "epochs") || StrictJson.String(root, "format") != Format
                || StrictJson.String(root, "checkpoint") is not { } checkpoint || StrictJson.Base64(root, "tagKey") is not { } key
                || root.GetProperty("events") is not { ValueKind: JsonValueKind.Array } events || events.GetArrayLength() > MaxEvents
                || root.GetProperty("epochs") is not { ValueKind: JsonValueKind.Array } epochs)
            {
                return new Fault("completeness-shape", $"Not a {Format} document: format, checkpoint, tagKey, events (at most {MaxEvents}) and epochs are needed.");
            }

            if (ProofJson.All(events, Event, out var at) is not { } proven)
            {
                return new Fault("completeness-shape", $"Event {at} lacks index, entry, path or fact.");
            }

            return ProofJson.All(epochs, Epoch, out at) is { } closed
                ? new CompletenessProof(checkpoint, key, proven, closed)
                : new Fault("completeness-shape", $"Epoch {at} lacks index, entry or path, or has a neighbour that is none.");
        }
    }

    private static ProvenEntry? Event(JsonElement element) =>
        StrictJson.HasExactly(element, "index", "entry", "path", "fact") && ProofJson.Entry(element) is { Fact: not null } entry ? entry : null;

    private static ProvenEpoch? Epoch(JsonElement element) =>
        StrictJson.Has(element, ["index", "entry", "path"], ["before", "after"]) && ProofJson.Entry(element) is { } entry
        && ProofJson.Neighbour(element, "before", out var before) && ProofJson.Neighbour(element, "after", out var after)
            ? new ProvenEpoch(entry, new TagProof(before, after))
            : null;

    internal ReadOnlySpan<byte> Note => Encoding.UTF8.GetBytes(Checkpoint);
}
