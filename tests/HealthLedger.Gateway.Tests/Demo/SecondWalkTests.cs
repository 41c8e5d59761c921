using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Demo;

// docs/surfaces.md, demo: whoever starts it again in the same folder starts it on the data of the first time, where each budget is spent.
public sealed class SecondWalkTests
{
    [Fact]
    public async Task The_walk_proves_every_step_again_on_the_data_of_an_earlier_one()
    {
        using var directory = new TestDirectory();
        Assert.True(await Walk(directory), "the first walk");
        Assert.True(await Walk(directory), "the second walk");
    }

    private static async Task<bool> Walk(TestDirectory directory)
    {
        var line = CommandLine.Parse(
            [
                "--demo", "--once", "--patients", "6", "--urls", "http://localhost:0", $"--HealthLedger:Data={directory.Data}", "--HealthLedger:ScryptLogN=15", $"--HealthLedger:Keys={directory.Keys}",
                "--demo-credentials", $"{directory.Root}/credentials.json",
            ],
            out _)!;
        await using var gateway = await GatewayHost.Build(line, TextWriter.Null);
        await gateway.Start();
        return await DemoRun.Walk(gateway, line);
    }
}
