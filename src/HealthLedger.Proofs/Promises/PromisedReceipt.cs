using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Promises;

/// <summary>The outcome of verifying a promised receipt.</summary>
/// <param name="Checks">Every step that was taken, in order.</param>
/// <param name="Promise">The promise, where its signature holds.</param>
/// <param name="Fact">The fact, where it was shown and is one of those promised.</param>
/// <param name="IsKept">True where a receipt was given beside it and keeps the promise.</param>
public sealed record PromiseVerdict(IReadOnlyList<Check> Checks, EntryPromise? Promise, Fact? Fact, bool IsKept)
{
    /// <summary>True where every step holds.</summary>
    public bool Holds => Checks.Count > 0 && Checks.All(check => check.Verdict.Holds);

    /// <summary>The first refusal; null where all holds.</summary>
    public Fault? Fault => Checks.Select(check => check.Verdict.Fault).FirstOrDefault(fault => fault is not null);
}

/// <summary>
/// What a client holds of an emergency read until the ledger has recorded it: the signed promise, and where allowed the fact. Under the same id the ordinary receipt is had afterwards; a log
/// that goes on without the promised entry is convicted by its own signature (docs/formats/emergency-journal.md).
/// </summary>
/// <param name="Origin">The log.</param>
/// <param name="Promise">The signed note.</param>
/// <param name="Fact">The fact's stored bytes; null where it is not shown.</param>
/// <param name="Id">The receipt's id at the gateway; an address, not authenticated.</param>
public sealed record PromisedReceipt(string Origin, string Promise, byte[]? Fact, string Id)
{
    /// <summary>The promised receipt as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteString("origin", Origin);
            json.WriteString("promise", Promise);
            if (Fact is not null)
            {
                json.WriteBase64String("fact", Fact);
            }

            json.WriteString("id", Id);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a promised receipt: the members above, each once, and no other. Does not verify it.</summary>
    public static Parsed<PromisedReceipt> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, Receipt.MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            byte[]? fact = null;
            return !StrictJson.Has(root, ["origin", "promise", "id"], ["fact"])
                || StrictJson.String(root, "origin") is not { } origin
                || StrictJson.String(root, "promise") is not { } promise
                || StrictJson.String(root, "id") is not { } id
                || (root.TryGetProperty("fact", out _) && (fact = StrictJson.Base64(root, "fact")) is null)
                ? new Fault("promised-receipt-shape", "Not a promised receipt: origin, promise and id are needed, and a fact is base64.")
                : new PromisedReceipt(origin, promise, fact, id);
        }
    }

    /// <summary>Verifies the promise, and that a receipt keeps it where one is given.</summary>
    /// <param name="policy">Whose signature counts.</param>
    /// <param name="kept">The ordinary receipt that was had later; null while there is none.</param>
    /// <returns>Checks named promise, origin, where a fact is shown fact and promised, and where a receipt is given receipt and kept.</returns>
    public PromiseVerdict Verify(LogPolicy policy, Receipt? kept = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var checks = new List<Check>();
        var read = SignedNote.Parse(Encoding.UTF8.GetBytes(Promise)).TryGet(out var note, out var unreadable) ? EntryPromise.Verify(note, policy) : unreadable;
        checks.Add(new Check("promise", read.IsValid ? Verdict.Valid : read.Fault!));
        if (!read.IsValid)
        {
            return new PromiseVerdict(checks, null, null, false);
        }

        var promise = read.Value;
        Add(checks, "origin", promise.Origin == Origin, "promised-origin", "The promise is of another log than the receipt says.");
        Fact? fact = null;
        if (Fact is not null)
        {
            var parsed = Facts.Fact.Parse(Fact);
            checks.Add(new Check("fact", parsed.IsValid ? Verdict.Valid : parsed.Fault!));
            fact = parsed.IsValid && promise.Commitments.Contains(parsed.Value.Commitment) ? parsed.Value : null;
            Add(checks, "promised", fact is not null, "promised-fact", "The fact is none whose entry was promised.");
        }

        if (kept is not null)
        {
            var verdict = kept.Verify(policy);
            checks.Add(new Check("receipt", verdict.Fault is { } fault ? fault : Verdict.Valid));
            Add(
                checks, "kept", verdict is { Holds: true, Entry: { } entry } && kept.Origin == promise.Origin && promise.IsKeptBy(kept.Index, entry),
                "promise-not-kept", "The receipt is of no entry that was promised.");
        }

        var verdictOf = new PromiseVerdict(checks, promise, fact, false);
        return verdictOf with { IsKept = kept is not null && verdictOf.Holds };
    }

    private static void Add(List<Check> checks, string name, bool holds, string code, string detail) =>
        checks.Add(new Check(name, holds ? Verdict.Valid : Verdict.Refused(code, detail)));
}
