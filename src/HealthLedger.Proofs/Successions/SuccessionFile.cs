using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Successions;

/// <summary>A statement with its place in the ledger.</summary>
/// <param name="Statement">The note.</param>
/// <param name="Entry">The SUCCESSION entry that commits to it.</param>
/// <param name="Consistency">That the frozen tree became the one of the file's checkpoint; empty for number 0.</param>
public sealed record ProvenSuccession(SignedNote Statement, ProvenEntry Entry, IReadOnlyList<Hash> Consistency);

/// <summary>All successions of a log as it serves them, each proven under one checkpoint (docs/formats/succession.md). Whoever keeps the file can follow the log's key offline.</summary>
/// <param name="Checkpoint">The signed checkpoint.</param>
/// <param name="Statements">From number 0.</param>
public sealed record SuccessionFile(SignedNote Checkpoint, IReadOnlyList<ProvenSuccession> Statements)
{
    /// <summary>The longest file.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const string Format = "healthledger/successions/v1";

    /// <summary>The file as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("checkpoint", Checkpoint.ToString());
            json.WriteStartArray("statements");
            foreach (var each in Statements)
            {
                json.WriteStartObject();
                json.WriteString("statement", each.Statement.ToString());
                ProofJson.Write(json, each.Entry);
                json.WriteBase64String("consistency", each.Consistency.SelectMany(hash => hash.Bytes.ToArray()).ToArray());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a file strictly. Does not verify it.</summary>
    public static Parsed<SuccessionFile> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.HasExactly(root, "format", "checkpoint", "statements") || StrictJson.String(root, "format") != Format
                || StrictJson.String(root, "checkpoint") is not { } checkpoint || root.GetProperty("statements") is not { ValueKind: JsonValueKind.Array } statements
                || statements.GetArrayLength() > (int)Succession.MaxNumber + 1)
            {
                return new Fault("successions-shape", $"Not a {Format} file: format, checkpoint and at most {Succession.MaxNumber + 1} statements are needed.");
            }

            if (!SignedNote.Parse(Encoding.UTF8.GetBytes(checkpoint)).TryGet(out var note, out fault))
            {
                return fault;
            }

            return ProofJson.All(statements, One, out var at) is { } read
                ? new SuccessionFile(note, read)
                : new Fault("successions-shape", $"Statement {at} lacks statement, index, entry, path or consistency.");
        }
    }

    /// <summary>
    /// Verifies everything: the statements and who signed them, that a pinned key leads to them, that the newest key signed the checkpoint, that each statement is an entry under it, and that
    /// each frozen tree became the one of the checkpoint.
    /// </summary>
    /// <param name="pinned">Keys of the log that are trusted; may be empty where the offline key is pinned.</param>
    /// <param name="offline">The offline key that is trusted; null where none is.</param>
    public Parsed<LogLineage> Verify(IReadOnlyCollection<NoteVerifier> pinned, NoteVerifier? offline)
    {
        if (!LogLineage.Verify([.. Statements.Select(each => each.Statement)], pinned, offline).TryGet(out var lineage, out var fault)
            || !Notes.Checkpoint.Parse(Checkpoint.Text).TryGet(out var checkpoint, out fault))
        {
            return fault;
        }

        if (checkpoint.Origin != lineage.Origin || Checkpoint.Verify([lineage.Newest]).Fault is not null || lineage.Check(lineage.Newest, checkpoint) is not null)
        {
            return new Fault("successions-checkpoint", "The checkpoint beside the successions is not signed by the newest key for it.");
        }

        var times = new ulong[Statements.Count];
        for (var i = 0; i < Statements.Count; i++)
        {
            if (Check(Statements[i], lineage.Statements[i].Statement, checkpoint, out times[i]) is { Holds: false, Fault: var refused })
            {
                return new Fault(refused!.Code, $"Succession {i}: {refused.Detail}");
            }
        }

        return lineage.At(times);
    }

    private static Verdict Check(ProvenSuccession proven, Succession statement, Checkpoint checkpoint, out ulong time)
    {
        time = 0;
        if (!CompletenessVerification.Read(proven.Entry, checkpoint).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        time = entry.Time;
        if (entry.Kind != EntryKind.Succession || entry.Commitment != statement.Commitment || entry.SuccessionNumber != statement.Number || entry.FrozenSize != statement.Size
            || proven.Entry.Index < statement.Size)
        {
            return Verdict.Refused("succession-entry", $"Entry {proven.Entry.Index} is not the SUCCESSION entry that commits to the statement.");
        }

        if (statement.Number == 0)
        {
            return proven.Consistency.Count == 0 ? Verdict.Valid : Verdict.Refused("consistency-length", "From no entries there is nothing to prove.");
        }

        return ConsistencyProof.Verify(statement.Size, checkpoint.Size, [.. proven.Consistency], statement.Root, checkpoint.Root);
    }

    private static ProvenSuccession? One(JsonElement element) =>
        StrictJson.HasExactly(element, "statement", "index", "entry", "path", "consistency") && StrictJson.String(element, "statement") is { } text
        && SignedNote.Parse(Encoding.UTF8.GetBytes(text)) is { IsValid: true, Value: var note } && ProofJson.Entry(element) is { } entry
        && StrictJson.Base64(element, "consistency") is { } bytes && bytes.Length % Hash.Length == 0 && bytes.Length <= 64 * Hash.Length
            ? new ProvenSuccession(note, entry, [.. bytes.Chunk(Hash.Length).Select(hash => new Hash(hash))])
            : null;
}
