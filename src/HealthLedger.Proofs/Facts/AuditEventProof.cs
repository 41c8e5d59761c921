using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Facts;

/// <summary>Checks that an AuditEvent says what the ledger entry that it carries commits to, and nothing else.</summary>
public static class AuditEventProof
{
    /// <summary>The longest AuditEvent that is read.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>
    /// Verifies an AuditEvent with its extension <see cref="AuditEventWriter.ProofExtension"/>: the entry is under a checkpoint that the policy trusts, the opening opens
    /// the entry, and the resource is the one that <see cref="AuditEventWriter"/> makes of them. Pseudonyms are taken as stated.
    /// </summary>
    /// <param name="json">The resource in JSON, whatever its layout.</param>
    /// <param name="policy">Log keys, witnesses, quorum.</param>
    /// <returns>The entry's index, where everything holds.</returns>
    public static Parsed<ulong> Verify(ReadOnlySpan<byte> json, LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!StrictJson.Parse(json, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            if (Carried(root) is not var (entry, proof, opening) || !TlogProof.Parse(proof).TryGet(out var read, out fault) || !FactOpening.Parse(opening).TryGet(out var fact, out fault))
            {
                return new Fault("audit-event-proof", "The AuditEvent does not carry an entry, a proof and an opening.");
            }

            if (!Checkpoint.Parse(read.Checkpoint.Text).TryGet(out var checkpoint, out fault))
            {
                return fault;
            }

            var receipt = new Receipt(checkpoint.Origin, read.Index, entry, Encoding.UTF8.GetString(proof), null, "");
            var verdict = receipt.Verify(policy);
            if (!verdict.Holds)
            {
                return verdict.Fault!;
            }

            if (FactCheck.Opens(fact, verdict.Entry!.Value) is { Holds: false } refused)
            {
                return refused.Fault!;
            }

            using var again = JsonDocument.Parse(AuditEventWriter.Write(read.Index, checkpoint.Origin, fact, receipt, Stated(root)));
            return IsSame(again.RootElement, root)
                ? read.Index
                : new Fault("audit-event-differs", "The AuditEvent says something else than the entry that it carries commits to.");
        }
    }

    private static bool IsSame(JsonElement ours, JsonElement theirs)
    {
        try
        {
            return JsonElement.DeepEquals(ours, theirs);
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate has no UTF-8 form, and we never write one.
            return false;
        }
    }

    private static (byte[] Entry, byte[] Proof, byte[] Opening)? Carried(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("extension", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        foreach (var extension in list.EnumerateArray())
        {
            if (extension.ValueKind == JsonValueKind.Object && StrictJson.String(extension, "url") == AuditEventWriter.ProofExtension
                && extension.TryGetProperty("extension", out var parts) && parts.ValueKind == JsonValueKind.Array && parts.GetArrayLength() == 3
                && parts.EnumerateArray().All(part => StrictJson.HasExactly(part, "url", "valueBase64Binary"))
                && StrictJson.Base64(parts[0], "valueBase64Binary") is { } entry && StrictJson.Base64(parts[1], "valueBase64Binary") is { } proof
                && StrictJson.Base64(parts[2], "valueBase64Binary") is { } opening)
            {
                return (entry, proof, opening);
            }
        }

        return null;
    }

    private static AuditPseudonyms Stated(JsonElement root) => new(Pseudonym(root, "entity", "what"), Pseudonym(root, "agent", "who"));

    private static string? Pseudonym(JsonElement root, string list, string name) =>
        root.TryGetProperty(list, out var elements) && elements.ValueKind == JsonValueKind.Array
            ? elements.EnumerateArray()
                .Where(element => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var who) && who.ValueKind == JsonValueKind.Object
                    && who.TryGetProperty("identifier", out var identifier) && identifier.ValueKind == JsonValueKind.Object && StrictJson.String(identifier, "system") == AuditPseudonyms.System)
                .Select(element => StrictJson.String(element.GetProperty(name).GetProperty("identifier"), "value"))
                .FirstOrDefault()
            : null;
}

/// <summary>Checks an opening against its entry.</summary>
internal static class FactCheck
{
    /// <summary>The opened fields are those that the entry commits to, and where the binding is opened it names the entry's operation and handle.</summary>
    public static Verdict Opens(FactOpening fact, in LedgerEntry entry)
    {
        if (!entry.IsOnChain)
        {
            return Verdict.Refused("opening-kind", "The entry stands on no chain, so it has no fact.");
        }

        var commitment = entry.Commitment;
        if (fact.Verify(commitment) is { Holds: false } refused)
        {
            return refused;
        }

        return fact[FactField.Binding].Opened && (fact.ValueOf(FactField.Binding) ?? "") != Fact.BindingOf(entry.Operation, entry.Handle)
            ? Verdict.Refused("opening-binding", "The fact names another operation or handle than the entry.")
            : Verdict.Valid;
    }
}
