// docs/decisions/0009: salts and nonces come from the system's generator, a few kilobytes at a time, and nobody is given the same bytes twice.
using HealthLedger.Sealing;

namespace HealthLedger.Tests.Sealing;

public sealed class FreshBytesTests
{
    [Fact]
    public async Task No_thread_is_given_what_it_or_another_was_given_before()
    {
        var given = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 5_000).Select(_ => FreshBytes.Hex(8)).ToList())));
        Assert.Equal(40_000, given.SelectMany(g => g).Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(10_000)]
    public void Every_byte_is_filled_and_none_beside_them(int length)
    {
        // A byte that is never filled stays zero each time; a filled one is zero 32 times once in 2^256.
        var ever = new byte[length + 2];
        for (var i = 0; i < 32; i++)
        {
            var bytes = new byte[length + 2];
            FreshBytes.Fill(bytes.AsSpan(1, length));
            for (var at = 0; at < bytes.Length; at++)
            {
                ever[at] |= bytes[at];
            }
        }

        Assert.Equal(0, ever[0]);
        Assert.Equal(0, ever[^1]);
        Assert.DoesNotContain((byte)0, ever[1..^1]);
    }

    [Fact]
    public void All_values_of_a_byte_come_equally_often()
    {
        var counts = new int[256];
        var bytes = new byte[100];
        for (var i = 0; i < 10_000; i++)
        {
            FreshBytes.Fill(bytes);
            foreach (var value in bytes)
            {
                counts[value]++;
            }
        }

        // A million draws: chi-squared with 255 degrees of freedom is above 400 once in ten million runs.
        var expected = 1_000_000 / 256.0;
        Assert.True(counts.Sum(count => (count - expected) * (count - expected) / expected) < 400);
    }
}
