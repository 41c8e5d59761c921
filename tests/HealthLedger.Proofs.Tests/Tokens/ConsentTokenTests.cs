// docs/formats/consent-token.md; RFC 7515 (JWS), RFC 8037 (EdDSA), RFC 8725 section 3.1 (algorithm pinned).
using System.Text;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tests.Notes;
using HealthLedger.Proofs.Tokens;

namespace HealthLedger.Proofs.Tests.Tokens;

public class ConsentTokenTests
{
    private static readonly DateTimeOffset s_now = SmallLog.Now.AddSeconds(30);
    private static readonly byte[] s_scope = "{\"class\":[\"Observation\"]}"u8.ToArray();
    private static readonly byte[] s_opening = new Random(11).Bytes(32);
    private static readonly TokenExpectations s_expected = new(SmallLog.Policy, "https://gateway.example", "risk", "HRESCH", TimeSpan.FromMinutes(10));

    private static readonly ConsentToken s_token = new(
        "healthledger.example/log1", "https://gateway.example", "risk", "token-1", SmallLog.Now.ToUnixTimeSeconds(), SmallLog.Now.ToUnixTimeSeconds() + 300,
        "HRESCH", new Random(12).Hash(), s_scope, s_opening);

    private static SmallLog Log(ConsentOperation last = ConsentOperation.Grant, ulong notAfter = LedgerEntry.NoEnd, bool state = true)
    {
        var log = new SmallLog();
        for (var i = 0; i < 5; i++)
        {
            log.Add(LedgerEntry.ForConsent(SmallLog.Now, Hash.Zero, Hash.Zero, ConsentOperation.Grant, new Random(100 + i).Hash(), 9, Hash.Zero));
        }

        var commitment = ScopeCommitment.Of(s_scope, s_opening);
        for (var operation = ConsentOperation.Grant; operation <= last; operation++)
        {
            log.Add(LedgerEntry.ForConsent(SmallLog.Now, Hash.Zero, Hash.Zero, operation, s_token.Handle, notAfter, commitment));
        }

        log.AddState();
        if (!state)
        {
            log.Add(LedgerEntry.ForEvent(SmallLog.Now, Hash.Zero, Hash.Zero));
        }

        return log;
    }

    private static ConsentTokenProof Proof(SmallLog log, Hash? handle = null, DateTimeOffset? cosigned = null)
    {
        var state = log.Entries.FindLastIndex(entry => entry.Kind == EntryKind.State);
        return new ConsentTokenProof(
            log.Entries[state].ToBytes(), log.Prove((ulong)state, cosigned).ToString(), log.Map.Prove(handle ?? s_token.Handle).ToBytes());
    }

    private static string? Code(
        ConsentToken? token = null, ConsentTokenProof? proof = null, TokenExpectations? expected = null, DateTimeOffset? now = null) =>
        ConsentTokenVerification.Verify((token ?? s_token).Sign(NoteTests.Log), (proof ?? Proof(Log())).ToJson(), expected ?? s_expected, now ?? s_now).Fault?.Code;

    [Fact]
    public void A_token_with_its_proof_verifies_and_says_what_stands()
    {
        var valid = ConsentTokenVerification.Verify(s_token.Sign(NoteTests.Log), Proof(Log()).ToJson(), s_expected, s_now).Value;
        Assert.Equal(s_scope, valid.Token.Scope);
        Assert.Equal((ConsentStanding.Granted, 5UL), (valid.State.Standing, valid.State.LastEntry));
        Assert.Equal(SmallLog.Now, valid.Checkpoint.QuorumTime);
        Assert.Equal(["alg", "typ"], System.Text.Json.JsonDocument.Parse(Part(0)).RootElement.EnumerateObject().Select(member => member.Name));
        byte[] Part(int part) => System.Buffers.Text.Base64Url.DecodeFromChars(s_token.Sign(NoteTests.Log).Split('.')[part]);
    }

    [Fact]
    public void Each_failure_has_its_own_code()
    {
        Assert.Null(Code());
        Assert.Equal("token-audience", Code(expected: s_expected with { Audience = "x" }));
        Assert.Equal("token-client", Code(expected: s_expected with { ClientId = "x" }));
        Assert.Equal("token-purpose", Code(expected: s_expected with { Purpose = "TREAT" }));
        Assert.Equal("token-not-yet", Code(now: SmallLog.Now.AddSeconds(-61)));
        Assert.Equal("token-expired", Code(now: SmallLog.Now.AddSeconds(300)));
        Assert.Equal("token-withdrawn", Code(proof: Proof(Log(ConsentOperation.Withdraw))));
        Assert.Equal("token-absent", Code(s_token with { Handle = new Random(13).Hash() }, Proof(Log(), new Random(13).Hash())));
        Assert.Equal("map-root", Code(s_token with { Handle = new Random(101).Hash() }));
        Assert.Equal("token-consent-expired", Code(proof: Proof(Log(notAfter: (ulong)s_now.ToUnixTimeSeconds()))));
        Assert.Null(Code(proof: Proof(Log(notAfter: (ulong)s_now.ToUnixTimeSeconds() + 1))));
        Assert.Equal("token-scope", Code(s_token with { Scope = [.. s_scope, 32] }));
        Assert.Equal("token-scope", Code(s_token with { ScopeOpening = new byte[32] }));
        Assert.Equal("token-state", Code(proof: Proof(Log(state: false))));
        Assert.Equal("token-stale", Code(proof: Proof(Log(), cosigned: s_now.AddMinutes(-11))));
        Assert.Null(Code(proof: Proof(Log(), cosigned: s_now.AddMinutes(-11)), expected: s_expected with { MaxAge = null }));
        Assert.Equal("token-stale", Code(expected: s_expected with { Policy = LogPolicy.ForLog(NoteTests.Log.Verifier) }));
        Assert.Equal("token-cosignature-time", Code(proof: Proof(Log(), cosigned: s_now.AddMinutes(2))));
        Assert.Equal("token-proof-shape", ConsentTokenVerification.Verify(s_token.Sign(NoteTests.Log), "{}"u8, s_expected, s_now).Fault!.Code);
    }

    /// <summary>A policy that wants the auditor, who replays, beside a witness, who does not: without the auditor's cosignature the token is worth nothing.</summary>
    [Fact]
    public void A_token_without_the_auditor_s_cosignature_is_refused_under_a_policy_that_demands_it()
    {
        using var auditor = new NoteSigner("auditor.example/a", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed(120)));
        var policy = LogPolicy.Parse($"log {NoteTests.LogVkey}\nwitness w1 {NoteTests.WitnessVkey}\nwitness a {auditor.Verifier}\ngroup both all w1 a\nquorum both\n").Value;
        var expected = s_expected with { Policy = policy };
        var log = Log();
        var proof = Proof(log);
        Assert.Equal("checkpoint-quorum", Code(proof: proof, expected: expected));

        var last = (ulong)log.Entries.Count - 1;
        ConsentTokenProof CosignedAt(DateTimeOffset time)
        {
            var inclusion = log.Prove(last);
            var note = inclusion.Checkpoint.With(auditor.Cosign(inclusion.Checkpoint.Text, time));
            return proof with { Proof = new Proofs.Receipts.TlogProof(last, inclusion.Hashes, note).ToString() };
        }

        Assert.Null(Code(proof: CosignedAt(SmallLog.Now), expected: expected));
        Assert.Equal("token-stale", Code(proof: CosignedAt(s_now.AddMinutes(-11)), expected: expected));
    }

    [Fact]
    public void An_event_at_the_end_of_a_checkpoint_is_not_taken_for_a_state()
    {
        var log = Log();
        log.Add(LedgerEntry.ForEvent(SmallLog.Now, log.Map.Root, Hash.Zero));
        var last = (ulong)log.Entries.Count - 1;
        Assert.Equal("token-state", Code(proof: Proof(log) with { State = log.Entries[^1].ToBytes(), Proof = log.Prove(last).ToString() }));
    }

    [Fact]
    public void Another_log_s_token_and_a_stranger_s_signature_are_refused()
    {
        using var stranger = new NoteSigner("healthledger.example/log1", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        using var other = new NoteSigner("other.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(NoteTests.Seed(96)));
        string? Verify(string token, LogPolicy policy) =>
            ConsentTokenVerification.Verify(token, Proof(Log()).ToJson(), s_expected with { Policy = policy }, s_now).Fault?.Code;
        Assert.Equal("token-signature", Verify(s_token.Sign(stranger), SmallLog.Policy));
        Assert.Equal("token-issuer", Verify((s_token with { Issuer = "other.example/log" }).Sign(other), SmallLog.Policy));
        var both = LogPolicy.Parse($"log {NoteTests.LogVkey}\nlog {other.Verifier}\nwitness w1 {NoteTests.WitnessVkey}\nquorum w1\n").Value;
        Assert.Equal("token-origin", Verify((s_token with { Issuer = "other.example/log" }).Sign(other), both));
        Assert.Throws<ArgumentException>(() => s_token.Sign(other));
        Assert.Throws<ArgumentException>(() => (s_token with { Purpose = "" }).Sign(NoteTests.Log));
    }

    [Theory]
    [InlineData("""{"alg":"none","typ":"healthledger-consent+jwt"}""")]
    [InlineData("""{"alg":"HS256","typ":"healthledger-consent+jwt"}""")]
    [InlineData("""{"alg":"EdDSA","typ":"JWT"}""")]
    [InlineData("""{"alg":"EdDSA","typ":"healthledger-consent+jwt","crit":["x"]}""")]
    public void The_algorithm_and_type_are_not_the_token_s_to_choose(string header)
    {
        var parts = s_token.Sign(NoteTests.Log).Split('.');
        parts[0] = System.Buffers.Text.Base64Url.EncodeToString(Encoding.ASCII.GetBytes(header));
        foreach (var signature in new[] { parts[2], "" })
        {
            Assert.Equal("token-header", ConsentToken.Parse($"{parts[0]}.{parts[1]}.{signature}", SmallLog.Policy.Logs).Fault!.Code);
        }
    }

    [Fact]
    public void Any_changed_byte_of_the_token_fails()
    {
        var proof = Proof(Log()).ToJson();
        SmallLog.EachMutation(Encoding.Latin1.GetBytes(s_token.Sign(NoteTests.Log)), (changed, at) =>
            Assert.False(ConsentTokenVerification.Verify(Encoding.Latin1.GetString(changed), proof, s_expected, s_now).IsValid, $"byte {at}"));
    }

    [Fact]
    public void Any_changed_byte_of_the_proof_fails()
    {
        var token = s_token.Sign(NoteTests.Log);
        SmallLog.EachMutation(Proof(Log()).ToJson(), (changed, at) =>
            Assert.False(ConsentTokenVerification.Verify(token, changed, s_expected, s_now).IsValid, $"byte {at}"));
    }

    [Fact]
    public void The_scope_commitment_wants_32_random_bytes_and_is_HMAC_of_the_domain_and_the_scope()
    {
        var expected = new System.Security.Cryptography.HMACSHA256(s_opening).ComputeHash([.. "healthledger/scope/v1\n"u8, .. s_scope]);
        Assert.Equal(expected, ScopeCommitment.Of(s_scope, s_opening).ToArray());
        Assert.Throws<ArgumentException>(() => ScopeCommitment.Of(s_scope, new byte[31]));
        Assert.Throws<ArgumentException>(() => ScopeCommitment.Of(new byte[ScopeCommitment.MaxScope + 1], s_opening));
    }
}
