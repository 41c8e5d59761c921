// docs/operations.md, "The first operator": a start registers one, once, from a file with public keys, where no operator was ever registered; recorded first; killed anywhere, done again.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Smart.Clients;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class FirstOperatorTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly DemoClientKey _key = new();

    public void Dispose()
    {
        _key.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task It_is_registered_and_recorded_once_however_often_the_gateway_starts()
    {
        var file = Write("root", _key.PublicJwk());
        for (var start = 0; start < 3; start++)
        {
            var (warnings, size) = await Start(file, clients =>
            {
                var first = Assert.Single(clients.All);
                Assert.Equal(("root", HealthLedger.Access.CallerRole.Operator), (first.ClientId, first.Role));
                Assert.Equal<IEnumerable<string>>([ServiceScopes.Admin], first.Scopes);
            });
            Assert.DoesNotContain("FirstOperator", warnings, StringComparison.Ordinal);
            Assert.Equal(1, size);
        }
    }

    [Fact]
    public async Task Where_there_is_an_operator_a_start_adds_no_other_and_changes_no_key()
    {
        await Start(Write("root", _key.PublicJwk()), _ => { });
        using var other = new DemoClientKey();
        var (warned, size) = await Start(Write("root", other.PublicJwk()), clients => Assert.Equal(Thumbprint(_key), Assert.Single(clients.All).Keys[0].Thumbprint()));
        Assert.Contains("other keys", warned, StringComparison.Ordinal);
        Assert.Equal(1, size);
        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => Start(Write("second", other.PublicJwk()), _ => { }));
        Assert.Contains("clients add", refusal.Message, StringComparison.Ordinal);
        var (gone, _) = await Start(Path.Combine(_directory.Root, "nowhere"), _ => { });
        Assert.Contains("is gone", gone, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_operator_counts_as_one()
    {
        await Start(Write("root", _key.PublicJwk()), clients => Task.Run(() => clients.Register(clients.Find("root")! with { Disabled = true }, CancellationToken.None)).Wait());
        using var other = new DemoClientKey();
        await Assert.ThrowsAsync<ConfigurationException>(() => Start(Write("second", other.PublicJwk()), _ => { }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"clientId":"root"}""")]
    [InlineData("""{"clientId":"root","keys":[]}""")]
    [InlineData("""{"clientId":"root","keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}""")]
    public async Task A_file_that_is_none_ends_the_start_with_a_sentence(string content)
    {
        var file = Path.Combine(_directory.Root, "bad");
        await File.WriteAllTextAsync(file, content);
        Assert.Contains("FirstOperator", (await Assert.ThrowsAsync<ConfigurationException>(() => Start(file, _ => { }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_private_key_in_the_file_is_refused_without_a_word_of_it()
    {
        var file = Write("root", _key.PrivateJwk().ToJsonString());
        var (code, output, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(_directory), "--HealthLedger:FirstOperator=" + file]);
        Assert.Equal(ExitCode.Configuration, code);
        Assert.Contains("public keys alone", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(_key.PrivateJwk()["d"]!.GetValue<string>(), output + errors, StringComparison.Ordinal);
    }

    private static string Thumbprint(DemoClientKey key) => HealthLedger.Smart.Jose.JsonWebKey.Parse(System.Text.Encoding.UTF8.GetBytes(key.PublicJwk()))!.Thumbprint();

    private string Write(string clientId, string jwk)
    {
        var file = Path.Combine(_directory.Root, clientId + ".jwks");
        File.WriteAllText(file, new JsonObject { ["clientId"] = clientId, ["keys"] = new JsonArray(JsonNode.Parse(jwk)) }.ToJsonString());
        return file;
    }

    /// <summary>One start and stop: the warnings, and how often the registration is on the ledger.</summary>
    private async Task<(string Warnings, int Recorded)> Start(string file, Action<ClientRegistry> look)
    {
        var line = CommandLine.Parse([.. ChildGateway.Arguments(_directory), "--HealthLedger:ReserveMegabytes=0", "--HealthLedger:FirstOperator=" + file], out _)!;
        var warnings = new StringWriter();
        await using var host = await GatewayHost.Build(line, TextWriter.Null);
        await host.Start(warnings);
        look(host.Services.GetRequiredService<ClientRegistry>());
        var (ledger, chain) = (host.Storage.Ledger, host.Storage.Vault.TenantChain);
        var recorded = ledger.EventsOf(chain, 0, 100).Count(e => Proofs.Facts.Fact.Parse(ledger.OpenFact(e.Index, chain)!).Value[Proofs.Facts.FactField.Reason] == "first-operator-registered");
        return (warnings.ToString(), recorded);
    }
}
