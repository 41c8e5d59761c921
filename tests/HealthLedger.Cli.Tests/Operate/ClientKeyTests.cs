// docs/operations.md, "Organizations, clients, people": a client's key is made where it is used, its file is its owner's alone, and its private part is never sent.
using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Cli.Tests.Operate;

public sealed class ClientKeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("healthledger-cli-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_new_key_is_in_a_file_for_its_owner_alone_and_its_public_part_is_what_a_server_takes()
    {
        var outcome = await Command.Run("clients", "new-key", "clinic", "--url", "http://localhost:5080/", "--out", File("clinic.json"));
        Assert.Equal(ExitCode.Ok, outcome.Code);
        var client = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File("clinic.json")))!;
        Assert.Equal(("clinic", "http://localhost:5080/fhir"), (client["clients"]![0]!["clientId"]!.GetValue<string>(), client["fhir"]!.GetValue<string>()));
        Assert.True(OperatingSystem.IsWindows() || System.IO.File.GetUnixFileMode(File("clinic.json")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var secret = client["clients"]![0]!["jwk"]!["d"]!.GetValue<string>();
        Assert.DoesNotContain(secret, outcome.Out + outcome.Error, StringComparison.Ordinal);

        var key = Assert.Single(JsonWebKeySet.Parse(System.Text.Encoding.UTF8.GetBytes(outcome.Out.Trim()))!.Value);
        Assert.Equal((SignatureAlgorithm.ES384, key.Thumbprint()), (key.Algorithm, key.KeyId));
    }

    [Fact]
    public async Task Where_the_public_part_goes_to_a_file_its_thumbprint_is_printed_to_be_compared()
    {
        var outcome = await Command.Run("clients", "new-key", "clinic", "--url", "http://localhost:5080", "--out", File("clinic.json"), "--public", File("clinic.jwks"));
        var key = Assert.Single(JsonWebKeySet.Parse(await System.IO.File.ReadAllBytesAsync(File("clinic.jwks")))!.Value);
        Assert.Equal((ExitCode.Ok, $"thumbprint: {key.Thumbprint()}"), (outcome.Code, outcome.Out.Trim()));
    }

    [Theory]
    [InlineData("add")]
    [InlineData("keys")]
    public async Task Keys_of_another_client_are_refused_before_anything_is_sent(string command)
    {
        await Command.Run("clients", "new-key", "clinic", "--url", "http://localhost:1", "--out", File("clinic.json"), "--public", File("clinic.jwks"));
        string[] more = command == "add" ? ["--name", "Clinic", "--scope", "system/*.rs", "--purpose", "TREAT"] : [];
        Task<Outcome> Run(string id) => Command.Run(["clients", command, id, "--keys", File("clinic.jwks"), "--credentials", File("clinic.json"), .. more]);
        var refused = await Run("clinc");
        Assert.Equal(ExitCode.Usage, refused.Code);
        Assert.Contains("holds the keys of the client clinic, not of clinc", refused.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Unreachable, (await Run("clinic")).Code);
    }

    [Fact]
    public async Task No_file_is_written_over_and_what_is_no_id_or_address_is_refused()
    {
        await System.IO.File.WriteAllTextAsync(File("kept"), "kept");
        foreach (var arguments in new string[][]
        {
            ["clinic", "--url", "http://localhost:5080", "--out", File("kept")],
            ["clinic", "--url", "http://localhost:5080", "--out", File("new"), "--public", File("kept")],
            ["two words", "--url", "http://localhost:5080", "--out", File("new")],
            ["clinic", "--url", "localhost", "--out", File("new")],
            ["clinic", "--url", "http://localhost:5080", "--out", File("nowhere/new")],
        })
        {
            Assert.Equal(ExitCode.Usage, (await Command.Run(["clients", "new-key", .. arguments])).Code);
        }

        Assert.Equal("kept", await System.IO.File.ReadAllTextAsync(File("kept")));
        Assert.False(System.IO.File.Exists(File("new")));
    }

    [Theory]
    [InlineData("add")]
    [InlineData("keys")]
    public async Task A_private_key_is_refused_before_anything_is_sent(string command)
    {
        await Command.Run("clients", "new-key", "clinic", "--url", "http://localhost:1", "--out", File("clinic.json"));
        var jwk = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File("clinic.json")))!["clients"]![0]!["jwk"]!.DeepClone();
        await System.IO.File.WriteAllTextAsync(File("private.jwks"), new JsonObject { ["keys"] = new JsonArray(jwk) }.ToJsonString());
        string[] more = command == "add" ? ["--name", "Clinic", "--scope", "system/*.rs", "--purpose", "TREAT"] : [];
        var outcome = await Command.Run(["clients", command, "clinic", "--keys", File("private.jwks"), "--credentials", File("clinic.json"), .. more]);
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("private key", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(jwk["d"]!.GetValue<string>(), outcome.Out + outcome.Error, StringComparison.Ordinal);
    }

    private string File(string name) => Path.Combine(_folder, name);
}
