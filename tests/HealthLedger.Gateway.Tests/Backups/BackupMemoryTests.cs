// docs/operations.md, "Backups": a backup needs room on the disk, and no more memory for a large vault than for a small one.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class BackupMemoryTests(ITestOutputHelper output) : IDisposable
{
    private const int RecordMebibytes = 6;
    private const int BoundMebibytes = 48;
    private static readonly int Mebibytes = Environment.GetEnvironmentVariable("HEALTHLEDGER_FULL") == "1" ? 240 : 120;
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_backup_of_a_large_vault_takes_memory_that_does_not_grow_with_it()
    {
        await using (var gateway = await _world.Start())
        {
            var content = new byte[RecordMebibytes * 3 << 18]; // as base64 a third more
            for (var stored = 0; stored < Mebibytes; stored += RecordMebibytes)
            {
                Random.Shared.NextBytes(content);
                (await gateway.Post(Hospital, "Binary", new JsonObject { ["resourceType"] = "Binary", ["contentType"] = "image/png", ["data"] = Convert.ToBase64String(content) })).Is(201);
            }
        }

        await using var child = await ChildGateway.Start(_world.Directory, _world.Settings);
        await using var attached = TestGateway.Attach(child.Url, _world.Clients);
        (await attached.Admin("backups", method: "GET")).Is(200);
        var before = child.PeakBytes();
        if (before == 0)
        {
            output.WriteLine("SKIPPED: this system does not tell how much memory a process has had at most.");
            return;
        }

        (await BackedUp.Make(attached, "data", "large")).Is(200);
        var grown = child.PeakBytes() - before;
        var copied = new DirectoryInfo(Path.Combine(_world.DataPlace, "large")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        output.WriteLine($"{copied >> 20} MiB copied; at most {grown >> 20} MiB of memory more than the {before >> 20} MiB of before.");
        Assert.True(copied >= (long)Mebibytes << 20);
        Assert.True(grown < BoundMebibytes << 20, $"{grown >> 20} MiB");
    }
}
