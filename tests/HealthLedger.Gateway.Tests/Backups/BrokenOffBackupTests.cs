// docs/operations.md, "Backups": what stands under a name is whole. kill -9 in the middle, and a disk that is full before or while a backup is written.
using System.Diagnostics;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class BrokenOffBackupTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 5;
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_gateway_that_is_killed_while_it_makes_a_backup_leaves_none_under_the_name_or_a_whole_one()
    {
        await using (var gateway = await _world.Start())
        {
            await AddMebibytes(gateway, 24);
        }

        var brokenOff = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"round-{round}";
            await using (var child = await ChildGateway.Start(_world.Directory, _world.Settings))
            {
                await using var gateway = TestGateway.Attach(child.Url, _world.Clients);
                await gateway.Token(Operator);
                var asked = BackedUp.Make(gateway, "data", name);
                var limit = Stopwatch.StartNew();
                while (Directory.GetDirectories(_world.DataPlace, ".*.partial").Length == 0 && !asked.IsCompleted)
                {
                    Assert.True(limit.Elapsed < TimeSpan.FromMinutes(1), "No backup began.");
                }

                await Task.Delay(15 * round);
                await child.Kill();
                try
                {
                    (await asked).Is(200);
                }
                catch (Exception gone) when (gone is HttpRequestException or IOException)
                {
                    // Killed before it answered.
                }
            }

            brokenOff += Directory.GetDirectories(_world.DataPlace, ".*.partial").Length;
            if (Directory.Exists(Path.Combine(_world.DataPlace, name)))
            {
                var (exit, said) = await Verifier.Run(["backup", "verify", Path.Combine(_world.DataPlace, name)]);
                Assert.True(exit == 0, said);
            }
        }

        Assert.True(brokenOff > 0, "No round killed the gateway in the midst of a backup.");
        await using var again = await _world.Start();
        Assert.Empty(Directory.GetDirectories(_world.DataPlace, ".*"));
        Assert.Equal(Directory.GetDirectories(_world.DataPlace).Length, (await again.Admin("backups", method: "GET")).Json["backups"]!.AsArray().Count);
        (await BackedUp.Make(again, "data", "after")).Is(200);
    }

    [Fact]
    public async Task A_disk_with_too_little_room_takes_no_backup_and_keeps_nothing_of_it()
    {
        using var disk = Mount(_world.DataPlace, 160);
        if (disk is null)
        {
            return;
        }

        await using var gateway = await _world.Start();
        await gateway.AddPatient("one");
        var other = Path.Combine(_world.DataPlace, "other");
        await File.WriteAllBytesAsync(other, new byte[40 << 20]);
        Assert.Equal("no-room", (await BackedUp.Make(gateway, "data", "full")).Is(507).Error());
        Assert.Equal([other], Directory.GetFileSystemEntries(_world.DataPlace));
        (await gateway.Get(Clinic, "Observation/pulse-one")).Is(200);
        File.Delete(other);
        (await BackedUp.Make(gateway, "data", "full")).Is(200);
    }

    [Theory]
    [InlineData(3, false)] // full within vault.db
    [InlineData(18, true)] // full within the ledger's journal
    public async Task A_disk_that_is_full_in_the_midst_of_a_backup_keeps_nothing_of_it(int mebibytes, bool inLedger)
    {
        await using var gateway = await _world.Start();
        await AddMebibytes(gateway, 12);
        var path = Path.Combine(_world.Directory.Root, "small");
        using (var disk = Mount(path, mebibytes))
        {
            if (disk is null)
            {
                return;
            }

            var storage = gateway.Host.Storage;
            var began = false;
            Assert.ThrowsAny<IOException>(() => new BackupPlace(BackupKind.Data, path, storage.KeyDirectory.Tenant).Write("full", directory =>
            {
                try
                {
                    using var copy = storage.Ledger.BeginCopy();
                    copy.Write(directory, storage.Rows.CopyTo(Path.Combine(directory, "vault.db"), default), default);
                    throw new InvalidOperationException("The disk never became full.");
                }
                finally
                {
                    began = File.Exists(Path.Combine(directory, "entries.dat"));
                }
            }));
            Assert.Equal(inLedger, began);
            Assert.Empty(Directory.GetFileSystemEntries(path));
        }

        // The gateway itself goes on.
        (await BackedUp.Make(gateway, "data", "elsewhere")).Is(200);
    }

    private static async Task AddMebibytes(TestGateway gateway, int mebibytes)
    {
        for (var i = 0; i < mebibytes / 6; i++)
        {
            (await gateway.Post(Hospital, "Binary", new JsonObject { ["resourceType"] = "Binary", ["contentType"] = "image/png", ["data"] = Convert.ToBase64String(new byte[9 << 19]) })).Is(201); // 6 MiB as base64
        }
    }

    private SmallDisk? Mount(string path, int mebibytes)
    {
        var disk = SmallDisk.Mount("tmpfs", path, mebibytes);
        if (disk is null)
        {
            output.WriteLine("SKIPPED: mounting a tmpfs is not permitted here.");
        }

        return disk;
    }
}
