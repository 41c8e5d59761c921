using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Receipts;

/// <summary>One step of a verification, for showing to people: what was checked and how it ended.</summary>
/// <param name="Name">A stable lower-case name.</param>
/// <param name="Verdict">The outcome.</param>
public sealed record Check(string Name, Verdict Verdict);

/// <summary>The outcome of verifying a receipt.</summary>
/// <param name="Checks">Every step that was taken, in order. Steps that need what an earlier one refused are not taken.</param>
/// <param name="Entry">The entry, where it could be read.</param>
/// <param name="Checkpoint">The checkpoint, where its signatures hold and the entry is under it.</param>
/// <param name="Fact">The fact, where it was shown and opens the entry.</param>
public sealed record ReceiptVerdict(IReadOnlyList<Check> Checks, LedgerEntry? Entry, VerifiedCheckpoint? Checkpoint, Fact? Fact)
{
    /// <summary>True where every step holds.</summary>
    public bool Holds => Checks.Count > 0 && Checks.All(check => check.Verdict.Holds);

    /// <summary>The first refusal; null where all holds.</summary>
    public Fault? Fault => Checks.Select(check => check.Verdict.Fault).FirstOrDefault(fault => fault is not null);
}

/// <summary>What a client keeps of one request: the entry, its proof, and where allowed the fact (docs/formats/receipt.md).</summary>
/// <param name="Origin">The log.</param>
/// <param name="Index">The entry's index.</param>
/// <param name="Entry">The 256 bytes of the entry.</param>
/// <param name="Proof">The tlog-proof text.</param>
/// <param name="Fact">The fact's stored bytes; null where it is not shown.</param>
/// <param name="Id">The receipt's id at the gateway; an address, not authenticated.</param>
public sealed record Receipt(string Origin, ulong Index, byte[] Entry, string Proof, byte[]? Fact, string Id)
{
    /// <summary>What the gateway says of the witnesses' quorum covering the entry; null where it asks none. Not authenticated: <see cref="Verify"/> under a policy is.</summary>
    public bool? Final { get; init; }

    /// <summary>The longest receipt.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    // Receipts are served as JSON and never pasted into HTML, so that the proof text stays readable and each byte has one spelling.
    internal static readonly JsonWriterOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The receipt as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, PlainText))
        {
            json.WriteStartObject();
            json.WriteString("origin", Origin);
            json.WriteNumber("index", Index);
            json.WriteBase64String("entry", Entry);
            json.WriteString("proof", Proof);
            if (Fact is not null)
            {
                json.WriteBase64String("fact", Fact);
            }

            json.WriteString("id", Id);
            if (Final is { } final)
            {
                json.WriteBoolean("final", final);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a receipt: the members above, each once, and no other. Does not verify it.</summary>
    public static Parsed<Receipt> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (!StrictJson.Has(root, ["origin", "index", "entry", "proof", "id"], ["fact", "final"])
                || StrictJson.String(root, "origin") is not { } origin
                || StrictJson.Number(root, "index") is not { } index
                || StrictJson.Base64(root, "entry") is not { } entry
                || StrictJson.String(root, "proof") is not { } proof
                || StrictJson.String(root, "id") is not { } id)
            {
                return new Fault("receipt-shape", "Not a receipt: origin, index, entry, proof and id are needed.");
            }

            byte[]? fact = null;
            if (root.TryGetProperty("fact", out _) && (fact = StrictJson.Base64(root, "fact")) is null)
            {
                return new Fault("receipt-shape", "The receipt's fact is not base64.");
            }

            if (!root.TryGetProperty("final", out var final))
            {
                return new Receipt(origin, index, entry, proof, fact, id);
            }

            return final.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? new Receipt(origin, index, entry, proof, fact, id) { Final = final.GetBoolean() }
                : new Fault("receipt-shape", "The receipt's final is neither true nor false.");
        }
    }

    /// <summary>Verifies everything that the receipt claims.</summary>
    /// <returns>
    /// Checks named entry, proof, checkpoint, origin, index, inclusion, and where a fact is shown: fact, commitment, binding.
    /// </returns>
    public ReceiptVerdict Verify(LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var checks = new List<Check>();
        var entry = Take(checks, "entry", LedgerEntry.Parse(Entry));
        var proof = Take(checks, "proof", TlogProof.Parse(Encoding.UTF8.GetBytes(Proof)));
        var checkpoint = proof is null ? null : Take(checks, "checkpoint", CheckpointVerification.Verify(proof.Checkpoint, policy));
        if (proof is not null && checkpoint is not null)
        {
            Add(checks, "origin", checkpoint.Checkpoint.Origin == Origin, "receipt-origin", "The checkpoint is of another log than the receipt says.");
            Add(checks, "index", proof.Index == Index, "receipt-index", "The proof is of another index than the receipt says.");
            var tree = checkpoint.Checkpoint;
            var inclusion = InclusionProof.Verify(MerkleHash.Leaf(Entry), proof.Index, tree.Size, proof.Hashes, tree.Root);
            inclusion = inclusion.Holds && checks[0].Verdict.Holds && policy.RetiredBefore(checkpoint.Log, entry.Time) is { } late ? late : inclusion;
            checks.Add(new Check("inclusion", inclusion));
            checkpoint = inclusion.Holds ? checkpoint : null;
        }

        var fact = Fact is null ? null : Take(checks, "fact", Facts.Fact.Parse(Fact));
        if (fact is not null && checks[0].Verdict.Holds)
        {
            Add(checks, "commitment", fact.Commitment == entry.Commitment, "receipt-commitment", "The fact is not the one that the entry commits to.");
            Add(
                checks, "binding", (fact[FactField.Binding] ?? "") == Facts.Fact.BindingOf(entry.Operation, entry.Handle),
                "receipt-binding", "The fact names another operation or handle than the entry.");
        }

        var factHolds = checks.TrueForAll(check => check.Name is not ("commitment" or "binding") || check.Verdict.Holds);
        return new ReceiptVerdict(checks, checks[0].Verdict.Holds ? entry : null, checkpoint, factHolds && checks[0].Verdict.Holds ? fact : null);
    }

    private static T? Take<T>(List<Check> checks, string name, Parsed<T> parsed)
    {
        checks.Add(new Check(name, parsed.IsValid ? Verdict.Valid : parsed.Fault!));
        return parsed.IsValid ? parsed.Value : default;
    }

    private static void Add(List<Check> checks, string name, bool holds, string code, string detail) =>
        checks.Add(new Check(name, holds ? Verdict.Valid : Verdict.Refused(code, detail)));
}
