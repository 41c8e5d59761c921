using HealthLedger.Sealing;

namespace HealthLedger.Tests.Sealing;

public sealed class PinnedSecretTests
{
    [Fact]
    public void A_disposed_secret_is_zero_and_cannot_be_used()
    {
        var secret = PinnedSecret.Random(32);
        var memory = secret.Memory;
        Assert.Contains(memory.ToArray(), b => b != 0);
        secret.Dispose();
        Assert.All(memory.ToArray(), b => Assert.Equal(0, b));
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => secret.Memory.Length);
        secret.Dispose();
    }

    [Fact]
    public void A_secret_has_at_least_one_byte() => Assert.Throws<ArgumentOutOfRangeException>(() => PinnedSecret.Random(0));

    [Fact]
    public void A_copy_is_independent()
    {
        byte[] original = [1, 2, 3];
        using var copy = PinnedSecret.CopyOf(original);
        original[0] = 9;
        Assert.Equal([1, 2, 3], copy.Span.ToArray());
    }
}
