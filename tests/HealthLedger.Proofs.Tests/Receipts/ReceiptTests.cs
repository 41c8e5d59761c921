// docs/formats/receipt.md
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Tests.Receipts;

public class ReceiptTests
{
    private static readonly Hash s_handle = new Random(9).Hash();

    public static Receipt Make(string? binding = null, bool withFact = true)
    {
        var log = new SmallLog();
        var fact = new FactBuilder().Set(FactField.Event, "consent").Set(FactField.Purpose, "TREAT").At(SmallLog.Now)
            .Set(FactField.Binding, binding ?? Fact.BindingOf(ConsentOperation.Grant, s_handle)).Build(new Random(1).Bytes(32));
        log.Add(LedgerEntry.ForEvent(SmallLog.Now, Hash.Zero, new Random(2).Hash()));
        var index = log.Add(LedgerEntry.ForConsent(
            SmallLog.Now, fact.Commitment, new Random(3).Hash(), ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, new Random(4).Hash()));
        log.AddState();
        return new Receipt(
            SmallLog.Origin, index, log.Entries[(int)index].ToBytes(), log.Prove(index).ToString(), withFact ? fact.Stored.ToArray() : null, "r-1");
    }

    [Fact]
    public void A_receipt_verifies_after_a_round_trip_and_lists_what_was_checked()
    {
        var verdict = Receipt.Parse(Make().ToJson()).Value.Verify(SmallLog.Policy);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal(["entry", "proof", "checkpoint", "origin", "index", "inclusion", "fact", "commitment", "binding"], verdict.Checks.Select(check => check.Name));
        Assert.Equal("TREAT", verdict.Fact![FactField.Purpose]);
        Assert.Equal(3UL, verdict.Checkpoint!.Checkpoint.Size);
        Assert.True(Receipt.Parse(Make(withFact: false).ToJson()).Value.Verify(SmallLog.Policy).Holds);
    }

    [Fact]
    public void Any_changed_byte_but_the_id_s_fails()
    {
        // The id is an address at the gateway and not authenticated: it comes last, so that the loop can stop before it.
        var json = Make().ToJson();
        var id = json.AsSpan().IndexOf(",\"id\":"u8);
        SmallLog.EachMutation(json, (changed, at) =>
        {
            if (at < id)
            {
                Assert.False(Receipt.Parse(changed).TryGet(out var receipt, out _) && receipt.Verify(SmallLog.Policy).Holds, $"byte {at}");
            }
        });
    }

    [Fact]
    public void Each_lie_has_its_own_reason()
    {
        var good = Make();
        string? Code(Receipt receipt) => receipt.Verify(SmallLog.Policy).Fault?.Code;
        Assert.Equal("receipt-origin", Code(good with { Origin = "other.example" }));
        Assert.Equal("receipt-index", Code(good with { Index = 0 }));
        Assert.Equal("inclusion-root", Code(good with { Entry = LedgerEntry.ForEvent(SmallLog.Now, Hash.Zero, Hash.Zero).ToBytes(), Fact = null }));
        Assert.Equal("entry-length", Code(good with { Entry = [] }));
        Assert.Equal("proof-syntax", Code(good with { Proof = "" }));
        Assert.Equal("receipt-commitment", Code(good with { Fact = new FactBuilder().Set(FactField.Binding, Fact.BindingOf(ConsentOperation.Grant, s_handle)).Build(new byte[32]).Stored.ToArray() }));
        Assert.Equal("receipt-binding", Code(Make(binding: "")));
        Assert.Equal("receipt-binding", Code(Make(binding: Fact.BindingOf(ConsentOperation.Withdraw, s_handle))));
        Assert.Null((good with { Fact = Make(binding: "").Fact }).Verify(SmallLog.Policy).Fact);
        Assert.Equal("checkpoint-quorum", Code(good with { Proof = string.Join('\n', good.Proof.Split('\n')[..^2]) + "\n" }));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"origin\":\"o\",\"index\":-1,\"entry\":\"\",\"proof\":\"\",\"id\":\"\"}")]
    [InlineData("{\"origin\":\"o\",\"index\":1,\"entry\":\"\",\"proof\":\"\",\"id\":\"\",\"x\":1}")]
    [InlineData("{\"origin\":\"o\",\"origin\":\"o\",\"index\":1,\"entry\":\"\",\"proof\":\"\",\"id\":\"\"}")]
    [InlineData("{\"origin\":\"o\",\"index\":1,\"entry\":\"\",\"proof\":\"\",\"id\":\"\",\"fact\":\"a\"}")]
    [InlineData("{\"origin\":\"o\",\"index\":1,\"entry\":\"\",\"proof\":\"\",\"id\":\"\"} x")]
    [InlineData("nonsense")]
    public void Another_shape_is_refused(string json) => Assert.False(Receipt.Parse(SmallLog.Utf8(json)).IsValid);
}
