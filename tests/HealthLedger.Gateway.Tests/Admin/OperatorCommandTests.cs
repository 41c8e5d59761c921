// docs/operations.md: the commands as an operator types them, against a running gateway.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class OperatorCommandTests
{
    [Fact]
    public async Task Erase_and_keys_do_what_they_say_and_their_exit_code_says_whether()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        await using var gateway = await TestGateway.Start(directory, clients, "--HealthLedger:Erasure:AuditRetentionDays=0");
        await gateway.AddPatient("gone");
        var credentials = Path.Combine(directory.Root, "credentials.json");
        await File.WriteAllTextAsync(credentials, new JsonObject
        {
            ["baseUrl"] = gateway.Host.Url,
            ["fhir"] = gateway.Fhir,
            ["clients"] = new JsonArray([.. new[] { Operator, Supervisor, Clinic }.Select(id => new JsonObject { ["clientId"] = id, ["kind"] = "backend", ["jwk"] = clients.Key(id).PrivateJwk() })]),
        }.ToJsonString());

        async Task<string> Run(int code, string client, params string[] command)
        {
            var (exit, output) = await Verifier.Run([.. command, "--credentials", credentials, "--client", client]);
            Assert.True(exit == code, $"{string.Join(' ', command)}: {exit} {output}");
            return output;
        }

        Assert.Contains("refused (400)", await Run(1, Clinic, "erase", "patient", "gone", "--ground", "legal-duty", "--yes", "gone"), StringComparison.Ordinal);
        await Run(2, Operator, "erase", "patient", "gone");
        var size = gateway.LedgerSize;
        Assert.Contains("has to be confirmed", await Run(2, Operator, "erase", "patient", "gone", "--ground", "legal-duty"), StringComparison.Ordinal);
        Assert.Contains("Nothing was erased", await Run(2, Operator, "erase", "patient", "gone", "--ground", "legal-duty", "--yes", "stays"), StringComparison.Ordinal);
        Assert.Equal(size, gateway.LedgerSize);
        Assert.Contains("Nothing is erased yet.", await Run(0, Operator, "erase", "patient", "gone", "--dry-run"), StringComparison.Ordinal);
        Assert.Equal(3, JsonNode.Parse(await Run(0, Operator, "erase", "patient", "gone", "--dry-run", "--json"))!["destroyed"]!["records"]!.GetValue<int>());
        (await gateway.Get(Hospital, "Patient/gone")).Is(200);
        Assert.StartsWith("Erased.", await Run(0, Operator, "erase", "patient", "gone", "--ground", "legal-duty", "--yes", "gone"), StringComparison.Ordinal);
        (await gateway.Get(Hospital, "Patient/gone")).Is(404);
        Assert.Contains("absent", await Run(1, Operator, "erase", "patient", "gone", "--ground", "legal-duty", "--yes", "gone"), StringComparison.Ordinal);
        Assert.Contains("absent", await Run(1, Operator, "erase", "patient", "gone", "--dry-run"), StringComparison.Ordinal);

        var listed = JsonNode.Parse(await Run(0, Operator, "erase", "list", "--json"))!;
        var id = listed["erasures"]![0]!["id"]!.GetValue<string>();
        await Run(0, Operator, "erase", "hold", id);
        Assert.Contains("on-hold", await Run(1, Operator, "erase", "audit-key", id), StringComparison.Ordinal);
        await Run(0, Operator, "erase", "release", id);
        await Run(0, Operator, "erase", "audit-key", id);
        Assert.Contains("same-operator", await Run(1, Operator, "erase", "confirm", id), StringComparison.Ordinal);
        Assert.Contains("auditKey: destroyed", await Run(0, Supervisor, "erase", "confirm", id), StringComparison.Ordinal);

        Assert.Contains("wrappingEpoch: 2", await Run(0, Operator, "keys", "rotate-wrapping"), StringComparison.Ordinal);
        await Run(0, Operator, "keys", "rotate-tokens");
        var passphrase = Path.Combine(directory.Root, "new-passphrase");
        await File.WriteAllTextAsync(passphrase, "another one\n");
        await Run(0, Operator, "keys", "passphrase", "--file", passphrase);
        Assert.Contains("passphraseLiesWithKeys: no", await Run(0, Operator, "keys", "show"), StringComparison.Ordinal);
    }
}
