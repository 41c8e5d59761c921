// docs/operations.md, "Erasing a patient's records": nothing is erased before it was shown what would go and the patient was named a second time.
using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Cli.Tests.Strangers;

namespace HealthLedger.Cli.Tests.Operate;

public sealed class EraseCommandTests(DemoGateway gateway) : IClassFixture<DemoGateway>
{
    [Fact]
    public async Task At_a_terminal_the_patients_id_has_to_be_typed_once_more()
    {
        var patient = JsonNode.Parse(await File.ReadAllTextAsync(gateway.Credentials))!["patients"]![0]!["id"]!.GetValue<string>();
        Task<Outcome> Erase(string? typed, params string[] more) =>
            Command.Typed(typed, ["erase", "patient", patient, "--credentials", gateway.Credentials, "--client", "demo-operator", .. more]);

        foreach (var typed in new[] { "", "\n", "yes\n", patient + "x\n" })
        {
            var refused = await Erase(typed, "--ground", "patient-request");
            Assert.Equal(ExitCode.Usage, refused.Code);
            Assert.Contains("Nothing is erased yet.", refused.Out, StringComparison.Ordinal);
            Assert.Contains("Nothing was erased: that is not the id", refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(ExitCode.Usage, (await Erase(patient + "\n")).Code);
        Assert.Equal(ExitCode.Usage, (await Erase(null, "--ground", "patient-request")).Code);
        Assert.Equal(ExitCode.Usage, (await Erase(null, "--ground", "because", "--yes", patient)).Code);
        var shown = await Erase(null, "--dry-run", "--json");
        Assert.Equal(ExitCode.Ok, shown.Code);
        Assert.DoesNotContain(patient, shown.Out, StringComparison.Ordinal);

        var erased = await Erase(patient + "\n", "--ground", "patient-request");
        Assert.True(erased.Code == ExitCode.Ok, erased.Error);
        Assert.Matches("(?s)Nothing is erased yet\\..*complete: .*Erased\\.", erased.Out);
        Assert.Equal(ExitCode.Failed, (await Erase(null, "--dry-run")).Code);
    }
}
