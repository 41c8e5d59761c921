// GDPR article 17 with docs/operations.md: an erasure is complete when the last backup of the keys from before it is gone, on the day that was stated.
using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class KeyBackupTests : IDisposable
{
    private const string TenDays = "--HealthLedger:Erasure:KeyBackupDays=10";
    private readonly BackedUp _world = new();
    private readonly TestClock _clock = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_backup_of_the_keys_is_gone_with_the_first_start_after_its_day_and_not_before()
    {
        await using (var gateway = await _world.Start(_clock, TenDays))
        {
            var made = (await BackedUp.Make(gateway, "keys", "one")).Is(200);
            Assert.Equal("2026-11-30T12:00:00Z", made.Json["backup"]!["deleteAfter"]!.GetValue<string>());
            (await BackedUp.Make(gateway, "data", "one")).Is(200);
        }

        _clock.Advance(TimeSpan.FromDays(10) - TimeSpan.FromSeconds(1));
        await using (await _world.Start(_clock, TenDays))
        {
            Assert.Equal(["one"], Names(_world.KeysPlace));
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        var warnings = new StringWriter();
        await using (await GatewayHost.Build(Line(TenDays), warnings, _clock))
        {
            Assert.Contains("1 backups of the keys were due and are destroyed", warnings.ToString(), StringComparison.Ordinal);
            Assert.Empty(Names(_world.KeysPlace));
            Assert.Equal(["one"], Names(_world.DataPlace)); // without keys it opens nothing
        }
    }

    [Fact]
    public async Task A_running_gateway_lists_what_is_due_and_destroys_it()
    {
        await using var gateway = await _world.Start(_clock, TenDays);
        (await BackedUp.Make(gateway, "keys", "one")).Is(200);
        var backups = gateway.Host.Services.GetRequiredService<OnlineBackup>();
        Assert.Equal((0, 0, _clock.GetUtcNow().AddDays(10)), await backups.DestroyDue(default));
        Assert.False(backups.List(BackupKind.Keys).Single().IsDue(_clock.GetUtcNow()));
        Assert.True(backups.List(BackupKind.Keys).Single().IsDue(_clock.GetUtcNow().AddDays(10)));
        _clock.Advance(TimeSpan.FromDays(10));
        Assert.Equal((1, 0, null), await backups.DestroyDue(default));
        Assert.Empty(Names(_world.KeysPlace));
    }

    [Fact]
    public async Task A_shorter_time_counts_for_backups_that_are_there_and_a_longer_one_does_not()
    {
        await using (var gateway = await _world.Start(_clock, TenDays))
        {
            (await BackedUp.Make(gateway, "keys", "one")).Is(200);
        }

        _clock.Advance(TimeSpan.FromDays(5));
        await using (var gateway = await _world.Start(_clock, "--HealthLedger:Erasure:KeyBackupDays=365"))
        {
            Assert.Equal("2026-11-30T12:00:00Z", (await gateway.Admin("backups", method: "GET")).Json["backups"]![0]!["deleteAfter"]!.GetValue<string>());
        }

        await using (await _world.Start(_clock, "--HealthLedger:Erasure:KeyBackupDays=5"))
        {
            Assert.Empty(Names(_world.KeysPlace));
        }
    }

    [Fact]
    public async Task What_cannot_be_dated_or_is_anothers_is_left_alone_and_complained_of_loudly()
    {
        await using (var gateway = await _world.Start(_clock, TenDays))
        {
            (await BackedUp.Make(gateway, "keys", "damaged")).Is(200);
            (await BackedUp.Make(gateway, "keys", "foreign")).Is(200);
        }

        await File.WriteAllTextAsync(Path.Combine(_world.KeysPlace, "damaged", "backup.json"), "{}");
        var manifest = Path.Combine(_world.KeysPlace, "foreign", "backup.json");
        await File.WriteAllTextAsync(manifest, System.Text.RegularExpressions.Regex.Replace(await File.ReadAllTextAsync(manifest), "\"tenant\": \"[0-9a-f]+\"", $"\"tenant\": \"{new string('a', 32)}\""));
        _clock.Advance(TimeSpan.FromDays(30));
        var warnings = new StringWriter();
        await using (await GatewayHost.Build(Line(TenDays), warnings, _clock))
        {
            Assert.Contains("2 backups in " + _world.KeysPlace, warnings.ToString(), StringComparison.Ordinal);
        }

        await using var again = await _world.Start(_clock, TenDays);
        var listed = (await again.Admin("backups", method: "GET")).Is(200);
        Assert.Contains("2 are damaged or not this gateway's", listed.Json["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["damaged", "foreign"], Names(_world.KeysPlace));
    }

    [Fact]
    public async Task What_was_begun_or_half_destroyed_is_overwritten_and_cleared_away_by_the_next_start()
    {
        string left;
        await using (var gateway = await _world.Start(_clock, TenDays))
        {
            (await BackedUp.Make(gateway, "keys", "half")).Is(200);
            left = Path.Combine(_world.KeysPlace, $".{gateway.Host.Storage.KeyDirectory.Tenant}-half.partial");
        }

        Directory.Move(Path.Combine(_world.KeysPlace, "half"), left);
        var others = Directory.CreateDirectory(Path.Combine(_world.KeysPlace, $".{new string('a', 32)}-half.partial")).FullName;

        // Who holds the file open sees that it is overwritten before its name is gone.
        await using var held = new FileStream(Path.Combine(left, "keys", "master.json"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using (await _world.Start(_clock, TenDays))
        {
            Assert.False(Directory.Exists(left));
            Assert.True(Directory.Exists(others)); // another gateway's, which shares the place
        }

        var bytes = new byte[held.Length];
        Assert.Equal(bytes.Length, held.ReadAtLeast(bytes, bytes.Length));
        Assert.DoesNotContain(bytes, b => b != 0);
    }

    [Fact]
    public async Task A_backup_of_the_keys_made_while_they_are_rotated_opens()
    {
        const int Backups = 4;
        await using (var gateway = await _world.Start())
        {
            await gateway.AddPatient("one");
            var rotating = Task.Run(async () =>
            {
                for (var i = 0; i < 12; i++)
                {
                    (await gateway.Admin("keys/wrapping")).Is(200);
                }
            });
            for (var i = 0; i < Backups; i++)
            {
                (await BackedUp.Make(gateway, "keys", $"copy-{i}")).Is(200);
            }

            await rotating;
        }

        for (var i = 0; i < Backups; i++)
        {
            _world.PutBackKeys($"copy-{i}");
            await using var restored = await _world.Start();
            (await restored.Get(Clinic, "Observation/pulse-one")).Is(200);
        }
    }

    /// <summary>Who may write to the place of the backups must not have the gateway overwrite the keys in use, or believe that a backup elsewhere is destroyed.</summary>
    [Fact]
    public async Task Links_in_the_place_are_not_followed_neither_what_looks_broken_off_nor_what_looks_due()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // making links is a privilege there
        }

        var elsewhere = Directory.CreateDirectory(Path.Combine(_world.Directory.Root, "elsewhere")).FullName;
        string tenant;
        await using (var gateway = await _world.Start(_clock, TenDays))
        {
            (await BackedUp.Make(gateway, "keys", "moved")).Is(200);
            tenant = gateway.Host.Storage.KeyDirectory.Tenant.ToString();
        }

        Directory.Move(Path.Combine(_world.KeysPlace, "moved"), Path.Combine(elsewhere, "moved"));
        Directory.CreateSymbolicLink(Path.Combine(_world.KeysPlace, "moved"), Path.Combine(elsewhere, "moved"));
        Directory.CreateSymbolicLink(Path.Combine(_world.KeysPlace, $".{tenant}-planted.partial"), _world.Directory.Keys);
        var before = Directory.GetFiles(_world.Directory.Keys).Order(StringComparer.Ordinal).ToList();
        _clock.Advance(TimeSpan.FromDays(30));
        var warnings = new StringWriter();
        await using (await GatewayHost.Build(Line(TenDays), warnings, _clock))
        {
            Assert.Contains("1 backups in " + _world.KeysPlace, warnings.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(["moved"], Names(_world.KeysPlace));
        Assert.True(File.Exists(Path.Combine(elsewhere, "moved", "backup.json")));
        Assert.Subset(Directory.GetFiles(_world.Directory.Keys).ToHashSet(), before.Where(file => Path.GetFileName(file) is not ['k', 'e', 'y', 's', '.', 'd', 'b', '-', ..]).ToHashSet());
    }

    private static IEnumerable<string?> Names(string place) => Directory.GetFileSystemEntries(place).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private CommandLine Line(params string[] more) => CommandLine.Parse(
        ["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={_world.Directory.Data}", $"--HealthLedger:Keys={_world.Directory.Keys}", .. _world.Settings, .. more], out _)!;
}
