using System.Text.Json;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Demo;

// docs/surfaces.md, demo: whoever starts it again in the same folder starts it on the data of the first time, where each budget is spent.
public sealed class SecondWalkTests
{
    [Fact]
    public void Without_the_command_line_tool_beside_the_gateway_the_demo_says_so_before_it_begins()
    {
        using var directory = new TestDirectory();
        var refused = Assert.Throws<ConfigurationException>(() => Verifier.Require(directory.Root));
        Assert.Contains("HealthLedger.Cli.dll is not in " + directory.Root, refused.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet build src/HealthLedger.Cli", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("HealthLedger.Cli.dll", Verifier.Require(AppContext.BaseDirectory), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_walk_proves_every_step_again_on_the_data_of_an_earlier_one()
    {
        using var directory = new TestDirectory();
        var first = await Walk(directory);
        var second = await Walk(directory);
        Assert.Equal(6, first.Patients.Length);
        Assert.Equal(first.Patients.Order(), second.Patients.Order());
        Assert.Equal(6, second.Stored);
        Assert.Equal(first.Users, second.Users);
    }

    /// <summary>The patients and users that the credentials file names, and how many patients are stored.</summary>
    private static async Task<(string[] Patients, string[] Users, int Stored)> Walk(TestDirectory directory)
    {
        var file = $"{directory.Root}/credentials.json";
        var line = CommandLine.Parse(
            [
                "--demo", "--once", "--patients", "6", "--urls", "http://localhost:0", $"--HealthLedger:Data={directory.Data}", "--HealthLedger:ScryptLogN=15", $"--HealthLedger:Keys={directory.Keys}",
                "--demo-credentials", file,
            ],
            out _)!;
        await using var gateway = await GatewayHost.Build(line, TextWriter.Null);
        await gateway.Start(TextWriter.Null);
        Assert.True(await DemoRun.Walk(gateway, line));
        using var credentials = JsonDocument.Parse(await File.ReadAllBytesAsync(file));
        return (Names("patients", "id"), Names("users", "username"), (await gateway.Storage.Vault.Patients.PatientIds(CancellationToken.None)).Length);

        string[] Names(string list, string name) => [.. credentials.RootElement.GetProperty(list).EnumerateArray().Select(e => e.GetProperty(name).GetString()!)];
    }
}
