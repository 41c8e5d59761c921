// Readers of untrusted bytes answer with a reason and never throw, whatever is changed, cut or put in; docs/formats.
using System.Text;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tests.Notes;
using HealthLedger.Proofs.Tokens;

namespace HealthLedger.Proofs.Tests;

public class RobustnessTests
{
    private static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    private static byte[] Disturb(Random random, byte[] bytes)
    {
        var changed = bytes.ToList();
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var at = random.Next(changed.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < changed.Count:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 1 when at < changed.Count:
                    changed.RemoveRange(at, Math.Min(random.Next(1, 40), changed.Count - at));
                    break;
                case 2:
                    changed.InsertRange(at, random.Bytes(random.Next(1, 8)));
                    break;
                default:
                    changed.InsertRange(at, changed.GetRange(at, Math.Min(random.Next(1, 60), changed.Count - at)));
                    break;
            }
        }

        return [.. changed];
    }

    private static void Never<T>(string fixture, Func<byte[], Parsed<T>> read) => Never(Fixture(fixture), read);

    private static void Never<T>(byte[] good, Func<byte[], Parsed<T>> read)
    {
        Assert.True(read(good).IsValid);
        Laws.Check(400, random =>
        {
            var parsed = read(Disturb(random, good));
            return parsed.IsValid || parsed.Fault is { Code.Length: > 0, Detail.Length: > 0 };
        });
    }

    [Fact]
    public void Disturbed_entries_are_read_or_refused_with_a_reason() => Never("entry.bin", bytes => LedgerEntry.Parse(bytes));

    [Fact]
    public void Disturbed_promises_are_read_or_refused_with_a_reason() => Never("promised-receipt.json", bytes => PromisedReceipt.Parse(bytes));

    [Fact]
    public void Disturbed_facts_are_read_or_refused_with_a_reason() => Never("fact.bin", bytes => Fact.Parse(bytes));

    [Fact]
    public void Disturbed_openings_are_read_or_refused_with_a_reason() => Never("fact-opening.json", bytes => FactOpening.Parse(bytes));

    [Fact]
    public void Disturbed_map_proofs_are_read_or_refused_with_a_reason() => Never("map-proof-present.bin", bytes => ConsentMapProof.Parse(bytes));

    [Fact]
    public void Disturbed_receipts_are_read_or_refused_with_a_reason() => Never("receipt.json", bytes =>
    {
        var receipt = Receipt.Parse(bytes);
        _ = receipt.IsValid ? receipt.Value.Verify(SmallLog.Policy) : null;
        return receipt;
    });

    [Fact]
    public void Disturbed_proofs_are_read_or_refused_with_a_reason() => Never(Encoding.UTF8.GetBytes(Receipt.Parse(Fixture("receipt.json")).Value.Proof), bytes => TlogProof.Parse(bytes));

    [Fact]
    public void Disturbed_notes_are_read_or_refused_with_a_reason() => Never(new SmallLog().Checkpoint().ToBytes(), bytes => CheckpointVerification.Verify(bytes, SmallLog.Policy));

    [Fact]
    public void Disturbed_tokens_are_read_or_refused_with_a_reason() => Never("consent-token.jwt", bytes => ConsentToken.Parse(Encoding.Latin1.GetString(bytes), SmallLog.Policy.Logs));

    [Fact]
    public void Disturbed_token_proofs_are_read_or_refused_with_a_reason() => Never("consent-token-proof.json", bytes => ConsentTokenProof.Parse(bytes));

    [Fact]
    public void Disturbed_policies_are_read_or_refused_with_a_reason() => Never("policy.txt", bytes => LogPolicy.Parse(Encoding.UTF8.GetString(bytes)));

    [Fact]
    public void Disturbed_verifier_keys_are_read_or_refused_with_a_reason() => Never(Encoding.ASCII.GetBytes(NoteTests.LogVkey), bytes => NoteVerifier.Parse(Encoding.Latin1.GetString(bytes)));

    [Fact]
    public void Disturbed_signing_keys_are_read_or_refused_with_a_reason() => Never(Encoding.ASCII.GetBytes(NoteTests.Log.ExportSigningKey()), bytes => NoteSigner.Parse(Encoding.Latin1.GetString(bytes)));

    [Fact]
    public void Disturbed_bundles_are_read_or_refused_with_a_reason() => Never(EntryBundle.Encode([new byte[300], new byte[2]]), bytes => EntryBundle.Parse(bytes, 2));

    [Fact]
    public void A_default_verdict_or_reading_is_a_refusal()
    {
        Assert.False(default(Verdict).Holds);
        Assert.NotNull(default(Verdict).Fault);
        Assert.False(default(Parsed<int>).IsValid);
        Assert.NotNull(default(Parsed<int>).Fault);
        Assert.Throws<InvalidOperationException>(() => default(Parsed<int>).Value);
        Assert.Equal("valid", Verdict.Valid.ToString());
        Assert.Equal("a: b", Verdict.Refused("a", "b").ToString());
    }
}
