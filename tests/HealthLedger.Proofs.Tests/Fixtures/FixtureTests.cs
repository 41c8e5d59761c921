// The files beside this one were written by the first version of the formats (docs/formats). They are never written again: whatever the code
// becomes, it must read them and judge them so. Keys: seeds 00..1f (log) and 20..3f (witness), unless said otherwise.
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Tests.Evidence;
using HealthLedger.Proofs.Tokens;

namespace HealthLedger.Proofs.Tests.Fixtures;

public class FixtureTests
{
    private static readonly Hash s_handle = Hash.FromHex("74aaae60331957a83c35ee7a46b3217c7d55b18f41256cfa96167edf34c24562");
    private static readonly Hash s_absent = Hash.FromHex("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    private static readonly Hash s_mapRoot = Hash.FromHex("94145899eaf1f4636e4f70c4b7922fb69da031e7be34d3f1ce80c3b15a00eb5e");
    private static readonly Hash s_commitment = Hash.FromHex("83904eb7dc47a07ae3a1f0baa7585e837e1d533b9b1ee0ce4768888b651ad26d");

    private const string PromiseHash = "b7f4a5cce9a35c82c113b456467da68705ed9b83f596c594ca8ad80137e3e233";

    private static readonly LogPolicy s_policy = LogPolicy.Parse(Text("policy.txt")).Value;

    private static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    private static string Text(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    [Fact]
    public void The_entry_reads_and_hashes_as_ever()
    {
        var entry = LedgerEntry.Parse(Bytes("entry.bin")).Value;
        Assert.Equal((EntryKind.Event, ConsentOperation.Grant, 1_699_999_980UL, LedgerEntry.NoEnd), (entry.Kind, entry.Operation, entry.Time, entry.NotAfter));
        Assert.Equal(s_handle, entry.Handle);
        Assert.Equal(s_commitment, entry.Commitment);
        Assert.Equal("bdb69e1d63c543189b26614614e9b8daca0f3710bbd394a4d8c459c5c8bc8e55", entry.LeafHash().ToString());
        Assert.Equal(Bytes("entry.bin"), entry.ToBytes());
    }

    [Fact]
    public void The_entry_of_an_erasure_reads_and_hashes_as_ever()
    {
        var entry = LedgerEntry.Parse(Bytes("entry-erase.bin")).Value;
        Assert.Equal((EntryKind.Erase, ConsentOperation.None, 1_800_000_000UL), (entry.Kind, entry.Operation, entry.Time));
        Assert.Equal("6a19f0fb4be54511524bcd5b0c98b38da1ee049a39735c39311e10336024436f", entry.Commitment.ToString());
        Assert.Equal("2a1073a6e67f0e5f09a5957c659503c690efe7272be8313df872556a9a684d8c", entry.Tag.ToString());
        Assert.Equal("f9cee6f5127b56245ab509f7ed8486bcd28233e584169ae0558a18f1031edd78", entry.LeafHash().ToString());
        Assert.Equal(entry, LedgerEntry.ForEvent(DateTimeOffset.FromUnixTimeSeconds(1_800_000_059), entry.Commitment, entry.Tag, EntryKind.Erase));
    }

    [Fact]
    public void The_successions_of_a_logs_key_verify_as_ever()
    {
        // Keys: seeds 00..1f, then a0..bf; the offline key c0..df.
        var file = SuccessionFile.Parse(Bytes("successions.json")).Value;
        Assert.Equal(Bytes("successions.json"), file.ToJson());
        var offline = NoteVerifier.Parse("healthledger.example/offline+3628e804+Ad3jvM7H86ZqERX0XXIPTcE1w658TiLco4/bHv1qSV/4").Value;
        var lineage = file.Verify([], offline).Value;
        Assert.Equal(["healthledger.example/log1+070521bb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "healthledger.example/log1+bbc5ecfa+AU/QmczUfXiT3+nsJEFOyw2bVCAjKq0w2RxGW+M8vmXE"], lineage.Reigns.Select(reign => reign.Key.ToString()));
        Assert.Equal([(0, 3), (3, null)], lineage.Reigns.Select(reign => (reign.From, reign.To)));
        Assert.Equal("e496bbc394fac488edb89a02d3f6636febc2ea1dfbf4eb83bffa04988a9ed9fc", lineage.Statements[1].Statement.Commitment.ToString());
        Assert.True(file.Verify([lineage.Reigns[0].Key], null).IsValid);
        var entry = LedgerEntry.Parse(file.Statements[1].Entry.Entry).Value;
        Assert.Equal((EntryKind.Succession, 1UL, 3UL), (entry.Kind, entry.SuccessionNumber, entry.FrozenSize));
        Assert.Equal("7315e891f91b950f76aae3445fa6dd4d89233e6a06903cb042d81b69765fafd8", entry.LeafHash().ToString());
    }

    [Fact]
    public void The_fact_reads_and_commits_as_ever_and_its_partial_opening_holds()
    {
        var fact = Fact.Parse(Bytes("fact.bin")).Value;
        Assert.Equal(s_commitment, fact.Commitment);
        Assert.Equal("själv", fact[FactField.Reason]);
        Assert.Equal("2023-11-14T22:13:20.000Z", fact[FactField.Time]);
        Assert.Null(fact[FactField.Organization]);
        var opening = FactOpening.Parse(Bytes("fact-opening.json")).Value;
        Assert.True(opening.Verify(s_commitment).Holds);
        Assert.Equal(("PATRQT", null), (opening.ValueOf(FactField.Purpose), opening.ValueOf(FactField.Patient)));
        Assert.True(opening[FactField.Consent] is { Opened: true, Value: null });
    }

    [Fact]
    public void The_map_proofs_hold_as_ever()
    {
        var present = ConsentMapProof.Parse(Bytes("map-proof-present.bin")).Value;
        Assert.True(present.Verify(s_handle, s_mapRoot).Holds);
        Assert.Equal((ConsentStanding.Granted, 21UL), (present.State!.Value.Standing, present.State.Value.LastEntry));
        var absent = ConsentMapProof.Parse(Bytes("map-proof-absent.bin")).Value;
        Assert.True(absent.Verify(s_absent, s_mapRoot).Holds);
        Assert.Equal(MapProofKind.OtherLeaf, absent.Kind);
    }

    [Fact]
    public void The_receipt_verifies_as_ever()
    {
        var receipt = Receipt.Parse(Bytes("receipt.json")).Value;
        var verdict = receipt.Verify(s_policy);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal(9, verdict.Checks.Count);
        Assert.Equal(21UL, receipt.Index);
    }

    [Fact]
    public void The_promise_verifies_as_ever_and_the_receipt_keeps_it()
    {
        var promise = EntryPromise.Parse(SignedNote.Parse(Bytes("promise.txt")).Value.Text).Value;
        Assert.Equal((3UL, 20UL, s_commitment), (promise.Number, promise.Size, Assert.Single(promise.Commitments)));
        Assert.Equal(PromiseHash, promise.Hash.ToString());
        var promised = PromisedReceipt.Parse(Bytes("promised-receipt.json")).Value;
        Assert.Equal(Text("promise.txt"), promised.Promise);
        var verdict = promised.Verify(s_policy, Receipt.Parse(Bytes("receipt.json")).Value);
        Assert.True(verdict.IsKept, verdict.Fault?.ToString());
        Assert.Equal("själv", verdict.Fact![FactField.Reason]);
    }

    [Fact]
    public void The_AuditEvent_proves_itself_as_ever() => Assert.Equal(0UL, AuditEventProof.Verify(Bytes("audit-event.json"), s_policy).Value);

    [Fact]
    public void The_bundle_of_evidence_verifies_as_ever()
    {
        var verdict = EvidenceTests.Verify(Bytes("evidence.jsonl"), s_policy);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal((2UL, 2UL, 6UL), (verdict.Count, verdict.Seal!.Next, verdict.Asked!.Index));
        Assert.Equal("auditor", verdict.Asked.Opening.ValueOf(FactField.Client));
    }

    [Fact]
    public void The_consent_token_verifies_as_ever()
    {
        var expected = new TokenExpectations(s_policy, "https://gateway.example", "risk", "HRESCH", TimeSpan.FromMinutes(5));
        var valid = ConsentTokenVerification.Verify(
            Text("consent-token.jwt"), Bytes("consent-token-proof.json"), expected, DateTimeOffset.FromUnixTimeSeconds(1_700_000_100)).Value;
        Assert.Equal(s_handle, valid.Token.Handle);
        Assert.Equal(23UL, valid.Checkpoint.Checkpoint.Size);
    }

    [Fact]
    public void The_patients_file_verifies_as_ever()
    {
        var verdict = CompletenessVerification.Verify(CompletenessProof.Parse(Bytes("completeness.json")).Value, LogPolicy.ForLog(NoteVerifier.Parse(Text("completeness.vkey").Trim()).Value));
        Assert.True(verdict.Holds);
        Assert.Equal(("Patient/anna", 10, 43UL), (verdict.Patient, verdict.Events.Count, verdict.CompleteTo));
    }

    [Fact]
    public void The_answer_to_a_challenge_reads_as_ever_and_shows_the_second_chain()
    {
        var answer = ChallengeAnswer.Parse(Bytes("challenge.json")).Value;
        var asked = answer.Events.Select(e => (e.Event.Index, Proofs.Merkle.MerkleHash.Leaf(e.Event.Entry))).ToList();
        var tags = new TagCensus();
        foreach (var each in answer.Events)
        {
            tags.Add(LedgerEntry.Parse(each.Event.Entry).Value.Tag);
        }

        var found = new ChallengeVerification(LogPolicy.ForLog(NoteVerifier.Parse(Text("completeness.vkey").Trim()).Value), tags).Verify(answer, asked);
        Assert.Equal("challenge-second-chain", Assert.Single(found).Code);
    }

    [Fact]
    public void Tags_and_the_commitment_of_their_key_are_as_ever()
    {
        using var key = TagKey.Of(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(), "ledger.example/test");
        Assert.Equal(("30c31990d336f758204469bb80073c79e0b24926297475568369fee26b34c1a4", "9d843e8ab4798c5adc080e69d911cfc7f4d4da2539f6069e6fc9c782a48f593d", "4d02376005ef812fb7a52c5d88a2ddc9cd21dd84cf1b7ad0d7a4d209cd9bf605"), (Convert.ToHexStringLower(key.Bytes), key.Commitment.ToString(), key.TagOf(7).ToString()));
    }
}
