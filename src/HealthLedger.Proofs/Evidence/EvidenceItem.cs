using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Evidence;

/// <summary>One event of a bundle: its entry, the place of the entry in the tree, and the opened fields of its fact.</summary>
/// <param name="Index">The entry's index.</param>
/// <param name="Entry">The 256 bytes of the entry.</param>
/// <param name="Hashes">Sibling hashes under the bundle's checkpoint, the leaf's own sibling first.</param>
/// <param name="Opening">The opened fields.</param>
/// <param name="Pseudonyms">Names for people whose fields are closed: stated by the log's operator, not proven.</param>
public sealed record EvidenceItem(ulong Index, byte[] Entry, IReadOnlyList<Hash> Hashes, FactOpening Opening, AuditPseudonyms Pseudonyms)
{
    /// <summary>The entry is in the checkpoint's tree at its index, and the opened fields are those that it commits to.</summary>
    public Verdict Verify(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (!LedgerEntry.Parse(Entry).TryGet(out var entry, out var fault))
        {
            return fault;
        }

        var inclusion = InclusionProof.Verify(MerkleHash.Leaf(Entry), Index, checkpoint.Size, [.. Hashes], checkpoint.Root);
        return inclusion.Holds ? FactCheck.Opens(Opening, entry) : inclusion;
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("index", Index);
        json.WriteBase64String("entry", Entry);
        json.WriteStartArray("hashes");
        foreach (var hash in Hashes)
        {
            json.WriteStringValue(hash.ToBase64());
        }

        json.WriteEndArray();
        if (Pseudonyms.Patient is { } patient)
        {
            json.WriteString("patient", patient);
        }

        if (Pseudonyms.User is { } user)
        {
            json.WriteString("user", user);
        }

        json.WritePropertyName("opening");
        json.WriteRawValue(Opening.ToJson());
        json.WriteEndObject();
    }

    internal static Parsed<EvidenceItem> Parse(JsonElement item)
    {
        if (!StrictJson.Has(item, ["index", "entry", "hashes", "opening"], ["patient", "user"])
            || StrictJson.Number(item, "index") is not { } index
            || StrictJson.Base64(item, "entry") is not { } entry
            || item.GetProperty("hashes") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() > 63
            || (item.TryGetProperty("patient", out _) && StrictJson.String(item, "patient") is null)
            || (item.TryGetProperty("user", out _) && StrictJson.String(item, "user") is null))
        {
            return new Fault("evidence-item", "Not an item: index, entry, hashes and opening are needed.");
        }

        var hashes = new Hash[list.GetArrayLength()];
        for (var i = 0; i < hashes.Length; i++)
        {
            if (!Hash.TryParseBase64(StrictJson.Text(list[i]), out hashes[i]))
            {
                return new Fault("evidence-item", $"Hash {i} of the item is not 32 bytes in base64.");
            }
        }

        return FactOpening.Parse(System.Text.Encoding.UTF8.GetBytes(item.GetProperty("opening").GetRawText())).TryGet(out var opening, out var fault)
            ? new EvidenceItem(index, entry, hashes, opening, new AuditPseudonyms(StrictJson.String(item, "patient"), StrictJson.String(item, "user")))
            : fault;
    }
}
