// docs/threats.md, "What leaks, to whom": nothing stored tells which entries belong together; what is remembered in memory is bounded.
using HealthLedger.Review;

namespace HealthLedger.Tests.Review;

public sealed class KnownOwnersTests
{
    [Fact]
    public void What_was_shown_is_known_and_nothing_else()
    {
        var owners = new KnownOwners();
        owners.Remember(7, "Patient/x");
        owners.Remember(8, null);
        Assert.True(owners.TryGet(7, out var patient));
        Assert.Equal("Patient/x", patient);
        Assert.True(owners.TryGet(8, out patient));
        Assert.Null(patient);
        Assert.False(owners.TryGet(9, out _));
    }

    [Fact]
    public void No_more_is_remembered_than_there_is_room_for()
    {
        var owners = new KnownOwners(capacity: 10);
        for (ulong entry = 0; entry < 25; entry++)
        {
            owners.Remember(entry, "Patient/x");
        }

        Assert.InRange(Enumerable.Range(0, 25).Count(entry => owners.TryGet((ulong)entry, out _)), 1, 10);
        Assert.True(owners.TryGet(24, out _));
    }
}
