// docs/formats/emergency-journal.md, "A promise" and "What the client gets": what a promise says, who can hold the log to it, and that nothing else passes for one.
using System.Collections.Immutable;
using System.Text;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tests.Notes;

namespace HealthLedger.Proofs.Tests.Promises;

public class PromiseTests
{
    private static readonly Fact s_fact = new FactBuilder().Set(FactField.Event, "access").Set(FactField.Decision, "permit").Set(FactField.Binding, "").Build(new byte[32]);

    private static EntryPromise Promise(params ImmutableArray<Hash> commitments) =>
        new(SmallLog.Origin, 7, new Hash(Enumerable.Repeat((byte)9, 32).ToArray()), 1, Hash.Zero, DateTimeOffset.FromUnixTimeSeconds(1_699_999_980), commitments.IsEmpty ? [s_fact.Commitment] : commitments);

    private static PromisedReceipt Receipt(EntryPromise promise, Fact? fact = null, NoteSigner? signer = null) =>
        new(promise.Origin, new SignedNote(promise.ToText(), [(signer ?? NoteTests.Log).Sign(promise.ToText())]).ToString(), fact?.Stored.ToArray(), "id");

    [Fact]
    public void A_promise_reads_as_it_was_written_and_another_text_does_not()
    {
        var promise = Promise(s_fact.Commitment, Hash.Zero);
        Assert.Equal(promise, EntryPromise.Parse(promise.ToText()).Value);
        Assert.NotEqual(promise.Hash, (promise with { Number = 8 }).Hash);
        var text = Encoding.UTF8.GetString(promise.ToText());
        foreach (var other in new[]
        {
            text + "\n", text[..^1], text.Replace("/v1", "/v2", StringComparison.Ordinal), text.Replace("\n7\n", "\n07\n", StringComparison.Ordinal), text.Replace("\n7\n", "\n0\n", StringComparison.Ordinal),
            text.Replace("1699999980", "1699999981", StringComparison.Ordinal), text.Replace("1699999980", "-1", StringComparison.Ordinal), string.Join('\n', text.Split('\n')[..7]) + "\n",
            text + string.Concat(Enumerable.Repeat(Hash.Zero.ToBase64() + "\n", 15)),
        })
        {
            Assert.False(EntryPromise.Parse(Encoding.UTF8.GetBytes(other)).IsValid, other);
        }

        Assert.False(Checkpoint.Parse(promise.ToText()).IsValid);
        Assert.False(EntryPromise.Parse(new Checkpoint(SmallLog.Origin, 7, Hash.Zero).ToBytes()).IsValid);
    }

    [Fact]
    public void A_promised_receipt_holds_without_an_entry_and_is_kept_by_the_receipt_of_a_promised_one()
    {
        var log = new SmallLog();
        log.AddState();
        var index = log.Add(LedgerEntry.ForEvent(SmallLog.Now, s_fact.Commitment, Hash.Zero));
        var other = log.Add(LedgerEntry.ForEvent(SmallLog.Now, Hash.Zero, Hash.Zero));
        log.AddState();
        Receipt Of(ulong at) => new(SmallLog.Origin, at, log.Entries[(int)at].ToBytes(), log.Prove(at).ToString(), null, "id");

        var promised = Receipt(Promise(), s_fact);
        Assert.True(PromisedReceipt.Parse(promised.ToJson()).TryGet(out var read, out _));
        var verdict = read.Verify(SmallLog.Policy);
        Assert.True(verdict is { Holds: true, IsKept: false }, verdict.Fault?.ToString());
        Assert.Equal(["promise", "origin", "fact", "promised"], verdict.Checks.Select(check => check.Name));
        Assert.Equal("permit", verdict.Fact![FactField.Decision]);

        verdict = read.Verify(SmallLog.Policy, Of(index));
        Assert.True(verdict is { Holds: true, IsKept: true }, verdict.Fault?.ToString());
        Assert.Equal("promise-not-kept", read.Verify(SmallLog.Policy, Of(other)).Fault!.Code);
        Assert.Equal("promise-not-kept", Receipt(Promise() with { Size = index + 1 }).Verify(SmallLog.Policy, Of(index)).Fault!.Code);
        Assert.False(read.Verify(SmallLog.Policy, Of(index) with { Index = other }).IsKept);
    }

    [Fact]
    public void Another_signer_another_log_and_a_fact_that_was_not_promised_are_refused()
    {
        using var strange = new NoteSigner("strange.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(new byte[32]));
        Assert.Equal("note-unsigned", Receipt(Promise(), signer: strange).Verify(SmallLog.Policy).Fault!.Code);
        Assert.Equal("promised-origin", (Receipt(Promise()) with { Origin = "other.example/log" }).Verify(SmallLog.Policy).Fault!.Code);
        Assert.Equal("promise-log", Receipt(Promise() with { Origin = "other.example/log" }).Verify(SmallLog.Policy).Fault!.Code);
        Assert.Equal("promised-fact", Receipt(Promise(Hash.Zero), s_fact).Verify(SmallLog.Policy).Fault!.Code);

        var changed = Receipt(Promise());
        Assert.Equal("note-bad-signature", (changed with { Promise = changed.Promise.Replace("\n7\n", "\n8\n", StringComparison.Ordinal) }).Verify(SmallLog.Policy).Fault!.Code);
    }

    [Fact]
    public void A_mark_stands_behind_the_obligations_and_reads_back()
    {
        var mark = new LateMark(7, s_fact.Commitment);
        Assert.Equal(mark, LateMark.Of(mark.After(null)));
        Assert.Equal(mark, LateMark.Of(mark.After("NotifyPatient, Review")));
        Assert.StartsWith("NotifyPatient, Review, record-late:7:", mark.After("NotifyPatient, Review"), StringComparison.Ordinal);
        foreach (var none in new[] { null, "", "Review", "record-late:7", "record-late:07:" + s_fact.Commitment, mark + ", Review", mark.ToString().ToUpperInvariant(), mark + "0" })
        {
            Assert.Null(LateMark.Of(none));
        }
    }
}
