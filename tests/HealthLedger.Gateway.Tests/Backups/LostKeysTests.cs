// docs/operations.md, "Putting one back": keys that are older than the data are noticed after the start, by a count and what to do, and no id.
using HealthLedger.Access;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Backups;

public sealed class LostKeysTests : IDisposable
{
    private readonly BackedUp _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Keys_that_are_older_than_the_data_are_told_of_after_each_start_by_their_count_until_the_right_ones_are_back()
    {
        await using (var gateway = await _world.Start())
        {
            await gateway.AddPatient("early");
            await gateway.AddPatient("erased-since");
            (await BackedUp.Make(gateway, "keys", "before")).Is(200);
            await gateway.AddPatient("late-one");
            await gateway.AddPatient("late-two");
            (await gateway.Put(Hospital, "Practitioner/late-kind", Records.Practitioner("late-kind", "Late"))).Is(201);
            (await gateway.Erase("erased-since")).Is(200); // its rows are gone, so that nothing of it is missing
            Assert.Equal(0, await Count(gateway.Host));
            (await BackedUp.Make(gateway, "keys", "after")).Is(200);
        }

        _world.PutBackKeys("before");
        for (var start = 0; start < 2; start++)
        {
            using var log = new CapturedLog();
            await using var older = await GatewayHost.Build(Line(), TextWriter.Null);
            older.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
            await older.Start(TextWriter.Null);
            await log.Shows("The keys of 3 patients or kinds of directory records are missing");
            Assert.DoesNotContain("late-", log.Text, StringComparison.Ordinal);
            Assert.Equal(3, await Count(older));
        }

        _world.PutBackKeys("after");
        await using var right = await _world.Start();
        Assert.Equal(0, await Count(right.Host));
        (await right.Get(Hospital, "Observation/pulse-late-one")).Is(200);
    }

    private static ValueTask<int> Count(GatewayHost gateway) => gateway.Services.GetRequiredService<VaultCheck>().CountWithoutKeys(default);

    private CommandLine Line() => CommandLine.Parse(
        ["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={_world.Directory.Data}", $"--HealthLedger:Keys={_world.Directory.Keys}", "--HealthLedger:ScryptLogN=15", .. _world.Settings], out _)!;
}
