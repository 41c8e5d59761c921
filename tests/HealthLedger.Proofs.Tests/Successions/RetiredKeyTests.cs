// docs/formats/succession.md, "Whose signature counts": below its frozen size a retired key still counts, for any root; what a thief of it makes there after its time is told by the time it claims.
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Tokens;
using static HealthLedger.Proofs.Tests.Successions.SucceededLog;

namespace HealthLedger.Proofs.Tests.Successions;

public class RetiredKeyTests
{
    private static readonly LogPolicy s_policy = LogPolicy.ForLog(First.Verifier).Following(Rotated(SuccessionReason.Revoked).File(Second).Verify([First.Verifier], Offline.Verifier).Value);

    [Theory]
    [InlineData(-60, null)]
    [InlineData(0, null)]
    [InlineData(60, "succession-retired-time")]
    [InlineData(86_400, "succession-retired-time")]
    public void An_entry_of_after_a_key_was_retired_is_under_none_of_its_checkpoints(int seconds, string? code)
    {
        // The size is below the frozen one, where the key counts, and the tree is the thief's own.
        var fork = new SucceededLog();
        fork.Entries.Add(LedgerEntry.ForEvent(Now.AddSeconds(seconds), MerkleHash.Leaf([1]), MerkleHash.Leaf([2])));
        var receipt = new Receipt(Origin, 0, fork.Entries[0].ToBytes(), new TlogProof(0, [], fork.Checkpoint(1, First)).ToString(), null, "id");
        Assert.Equal(code, receipt.Verify(s_policy).Fault?.Code);
        Assert.Equal(code is null, receipt.Verify(s_policy).Checkpoint is not null);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(300, null)]
    [InlineData(360, "succession-retired-time")]
    public void A_retired_key_promises_nothing_after_its_time(int seconds, string? code)
    {
        var text = new EntryPromise(Origin, 1, Hash.Zero, 2, MerkleHash.Leaf([1]), Now.AddSeconds(seconds), [MerkleHash.Leaf([2])]).ToText();
        Assert.Equal(code, EntryPromise.Verify(new SignedNote(text, [First.Sign(text)]), s_policy).Fault?.Code);
    }

    [Theory]
    [InlineData(0, 0, 600, null)]
    [InlineData(0, 60, 720, null)]
    [InlineData(60, 0, 600, "succession-retired-time")]
    [InlineData(0, 0, 721, "succession-retired-time")]
    [InlineData(0, 0, 86_400, "succession-retired-time")]
    public void A_token_of_a_retired_key_outlives_it_by_no_more_than_a_token_lives(int stateAt, int issued, int expires, string? code)
    {
        var (handle, scope, opening) = (MerkleHash.Leaf([7]), "{}"u8.ToArray(), new byte[32]);
        var fork = new SucceededLog();
        fork.Entries.Add(LedgerEntry.ForConsent(Now, Hash.Zero, Hash.Zero, ConsentOperation.Grant, handle, LedgerEntry.NoEnd, ScopeCommitment.Of(scope, opening)));
        var map = new ConsentMap();
        map.Set(handle, ConsentState.After(0, fork.Entries[0]));
        fork.Entries.Add(LedgerEntry.ForState(Now.AddSeconds(stateAt), map.Root, 1, LedgerEntry.NoPreviousState));
        var proof = new ConsentTokenProof(fork.Entries[1].ToBytes(), new TlogProof(1, [fork.Entries[0].LeafHash()], fork.Checkpoint(2, First)).ToString(), map.Prove(handle).ToBytes());
        var token = new ConsentToken(Origin, "audience", "client", "token-1", Now.ToUnixTimeSeconds() + issued, Now.ToUnixTimeSeconds() + expires, "TREAT", handle, scope, opening);
        var verified = ConsentTokenVerification.Verify(token.Sign(First), proof.ToJson(), new TokenExpectations(s_policy, "audience", "client", "TREAT"), Now.AddSeconds(issued));
        Assert.Equal(code, verified.Fault?.Code);
    }

    [Fact]
    public void Who_pinned_nothing_but_a_log_s_key_cannot_tell_which_offline_key_a_thief_of_it_names()
    {
        // What docs/threats.md says is left: the offline key, or the kept statements, tell them apart.
        var (own, next) = (Signer("healthledger.example/thief", 9), Signer(Origin, 0x60));
        var fork = new SucceededLog();
        fork.Grow(1);
        fork.State(Succession.Founding(First.Verifier, own.Verifier), First, own);
        fork.Grow(1);
        fork.State(fork.Next() with { Successor = next.Verifier, Offline = own.Verifier }, First, next, own);
        Assert.Equal(next.Verifier.ToString(), fork.File(next).Verify([First.Verifier], null).Value.Newest.ToString());
        Assert.Equal("succession-offline", fork.File(next).Verify([First.Verifier], Offline.Verifier).Fault!.Code);
        Assert.True(SignedSuccession.Verify(fork.Statements[0].ToBytes()).Value.Contradicts(SignedSuccession.Verify(Rotated().Statements[0].ToBytes()).Value));
    }
}
