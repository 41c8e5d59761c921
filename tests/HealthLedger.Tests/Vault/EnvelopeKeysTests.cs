// docs/formats/envelope.md: keys of single envelopes are in memory for one use, and leave nothing behind for the next.
using HealthLedger.Vault.Keys;

namespace HealthLedger.Tests.Vault;

public sealed class EnvelopeKeysTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    public void Room_that_is_used_again_holds_zeros_and_none_is_read_after_it_was_given_back(int count)
    {
        for (var round = 0; round < 600; round++)
        {
            var keys = EnvelopeKeys.For(count);
            for (var i = 0; i < count; i++)
            {
                Assert.False(keys[i].ContainsAnyExcept((byte)0));
                keys.At(i).Fill(0xA5);
            }

            Assert.Throws<ArgumentOutOfRangeException>(() => keys.At(count));
            keys.Dispose();
            keys.Dispose();
            Assert.Throws<ObjectDisposedException>(() => keys.At(0));
        }
    }

    [Fact]
    public void Two_at_a_time_do_not_share_room()
    {
        Parallel.For(0, 2_000, i =>
        {
            using var keys = EnvelopeKeys.For(2);
            keys.At(1).Fill((byte)i);
            Thread.Yield();
            Assert.False(keys[1].ContainsAnyExcept((byte)i));
            Assert.False(keys[0].ContainsAnyExcept((byte)0));
        });
    }
}
