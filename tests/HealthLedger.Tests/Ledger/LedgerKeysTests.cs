// The ledger's secrets as their keeper seals them: suite 1 of LedgerKeys.Export.
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class LedgerKeysTests
{
    [Fact]
    public void Exported_keys_come_back_as_they_were()
    {
        using var keys = LedgerKeys.Create("ledger.example/2026", "cosigner.example/2026");
        var exported = keys.Export();
        using var again = LedgerKeys.Import(exported);

        Assert.Equal("ledger.example/2026", again.Origin);
        Assert.Equal(keys.VerifierKey, again.VerifierKey);
        Assert.Equal(keys.CosignerVerifierKey, again.CosignerVerifierKey);
        Assert.Equal(exported, again.Export());
        Assert.NotEqual(keys.VerifierKey, LedgerKeys.Create("ledger.example/2026", "cosigner.example/2026").VerifierKey);
    }

    [Fact]
    public void A_known_seed_gives_the_verifier_key_that_other_implementations_computed()
    {
        // Seed 00..1f and name from the deterministic vectors of docs/formats (Go x/mod sumdb/note).
        byte[] seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        byte[] exported = [1, 0, 25, .. "healthledger.example/log1"u8, 0, 17, .. "witness.example/w"u8, .. seed, .. seed, .. seed];
        using var keys = LedgerKeys.Import(exported);
        Assert.Equal("healthledger.example/log1+070521bb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", keys.VerifierKey);
    }

    [Fact]
    public void Anything_cut_longer_or_of_another_suite_is_no_key()
    {
        using var keys = LedgerKeys.Create("ledger.example/2026", "cosigner.example/2026");
        var exported = keys.Export();
        for (var length = 0; length < exported.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => LedgerKeys.Import(exported.AsSpan(0, length)));
        }

        Assert.Throws<InvalidDataException>(() => LedgerKeys.Import([.. exported, 0]));
        exported[0] = 2;
        Assert.Throws<InvalidDataException>(() => LedgerKeys.Import(exported));
    }

    [Theory]
    [InlineData("", "b")]
    [InlineData("a", "")]
    [InlineData("with space", "b")]
    [InlineData("plus+", "b")]
    public void Names_that_no_note_may_carry_are_refused(string origin, string cosigner) =>
        Assert.ThrowsAny<ArgumentException>(() => LedgerKeys.Create(origin, cosigner));
}
