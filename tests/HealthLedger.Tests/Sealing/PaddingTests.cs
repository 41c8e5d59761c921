// Padmé: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019, section 4.
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Sealing;

namespace HealthLedger.Tests.Sealing;

public sealed class PaddingTests
{
    [Theory]
    [InlineData(0, 128)]
    [InlineData(124, 128)]
    [InlineData(125, 144)] // 129: exponent 7, 3 bits of mantissa, steps of 16
    [InlineData(140, 144)]
    [InlineData(141, 160)]
    [InlineData(996, 1024)] // 1000: exponent 9, 4 bits, steps of 32
    [InlineData(2044, 2048)]
    [InlineData(2045, 2176)] // 2049: exponent 11, 4 bits, steps of 128
    [InlineData(1_048_572, 1_048_576)]
    [InlineData(1_048_573, 1_081_344)] // 2^20 + 1: exponent 20, 5 bits, steps of 32768
    public void Lengths_are_Padmes(int content, int padded) => Assert.Equal(padded, Padding.PaddedLength(content));

    [Fact]
    public void It_never_shrinks_and_costs_12_percent_at_most_and_never_turns_around()
    {
        var before = 0;
        for (var length = 0; length < 100_000; length++)
        {
            var padded = Padding.PaddedLength(length);
            Assert.InRange(padded, length + 4, Math.Max(Padding.Floor, (length + 4) * 1.12));
            Assert.True(padded >= before);
            before = padded;
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Padding.PaddedLength(-1));
        Assert.Throws<OverflowException>(() => Padding.PaddedLength(int.MaxValue - 2));
    }

    [Fact]
    public void What_was_padded_is_found_again() =>
        Prop.ForAll<byte[]>(content =>
        {
            var padded = new byte[Padding.PaddedLength(content.Length)];
            Padding.Pad(content, padded);
            return Padding.TryUnpad(padded, out var range) && padded.AsSpan()[range].SequenceEqual(content);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Lengths_that_padding_does_not_write_are_refused()
    {
        var padded = new byte[144];
        Padding.Pad(new byte[130], padded);
        Assert.True(Padding.TryUnpad(padded, out _));
        padded[3] = 124; // belongs into 128
        Assert.False(Padding.TryUnpad(padded, out _));
        padded[3] = 141; // belongs into 160
        Assert.False(Padding.TryUnpad(padded, out _));
        padded[0] = 0xFF;
        Assert.False(Padding.TryUnpad(padded, out _));
        Assert.False(Padding.TryUnpad(padded.AsSpan(0, 100), out _));
    }
}
