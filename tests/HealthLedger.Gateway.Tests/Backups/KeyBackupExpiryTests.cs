// docs/operations.md, "Backups of the keys end": while the gateway runs, at the time that they state.
using System.Collections.Concurrent;
using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class KeyBackupExpiryTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly BackedUp _world = new();
    private readonly TestClock _clock = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_running_gateway_looks_every_hour_and_at_the_very_time_that_a_backup_is_due()
    {
        await using var gateway = await _world.Start(_clock, "--HealthLedger:Erasure:KeyBackupDays=10");
        (await BackedUp.Make(gateway, "keys", "one")).Is(200);
        var alarms = new Alarms(_clock);
        using var expiry = new KeyBackupExpiry(gateway.Host.Services.GetRequiredService<OnlineBackup>(), alarms, NullLogger<KeyBackupExpiry>.Instance);
        await expiry.StartAsync(default);
        var alarm = await alarms.Next();
        Assert.Equal(Hour, alarm.Due);

        _clock.Advance(TimeSpan.FromDays(10) - (Hour / 2));
        alarm.Ring();
        alarm = await alarms.Next();
        Assert.Equal(Hour / 2, alarm.Due);
        Assert.True(Directory.Exists(Path.Combine(_world.KeysPlace, "one")));

        _clock.Advance(Hour / 2);
        alarm.Ring();
        Assert.Equal(Hour, (await alarms.Next()).Due);
        Assert.Empty(Directory.GetFileSystemEntries(_world.KeysPlace));
        await expiry.StopAsync(default);
    }

    /// <summary>A clock whose timers ring when the test says so.</summary>
    private sealed class Alarms(TimeProvider clock) : TimeProvider
    {
        private readonly ConcurrentQueue<Alarm> _set = new();
        private readonly SemaphoreSlim _count = new(0);

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var alarm = new Alarm(dueTime, () => callback(state));
            _set.Enqueue(alarm);
            _count.Release();
            return alarm;
        }

        public async Task<Alarm> Next()
        {
            Assert.True(await _count.WaitAsync(TimeSpan.FromSeconds(60)), "It set no timer.");
            Assert.True(_set.TryDequeue(out var alarm));
            return alarm;
        }
    }

    private sealed class Alarm(TimeSpan due, Action ring) : ITimer
    {
        public TimeSpan Due { get; } = due;

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
