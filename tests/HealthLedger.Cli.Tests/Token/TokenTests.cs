// SMART App Launch 2.2, "Backend Services": the command against the authorization server itself.
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Smart;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Cli.Tests.Token;

public sealed class TokenTests : IAsyncLifetime
{
    private readonly string file = Path.GetTempFileName();
    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly RSA rsa = RSA.Create(2048);
    private WebApplication app = null!;
    private JsonObject credentials = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<ISealedSecrets>(new Secrets());
        builder.Services.AddSingleton<IClientStore>(new NoStore());
        builder.Services.AddSingleton<IAssertionReplay>(new Replay());
        builder.Services.AddSmart();
        app = builder.Build();
        app.MapSmart();
        await app.StartAsync();
        var url = app.Urls.Single();
        app.Services.GetRequiredService<SmartUrls>().Use(new Uri(url));
        await Register("clinic", EcJwk());
        await Register("rsa", RsaJwk());
        credentials = new JsonObject
        {
            ["baseUrl"] = url,
            ["fhir"] = url + "/fhir",
            ["issuer"] = url,
            ["clients"] = new JsonArray(
                Client("clinic", "backend", EcJwk()),
                Client("rsa", "backend", RsaJwk()),
                Client("stranger", "backend", EcJwk()),
                Client("damaged", "backend", new JsonObject { ["kty"] = "EC", ["crv"] = "P-384", ["d"] = "AA" }),
                Client("short", "backend", new JsonObject { ["kty"] = "EC", ["crv"] = "P-256" }),
                Client("app", "public", null),
                Client("portal", "confidential", EcJwk())),
        };
        await File.WriteAllTextAsync(file, credentials.ToJsonString());
    }

    public async Task DisposeAsync()
    {
        await app.DisposeAsync();
        File.Delete(file);
        ec.Dispose();
        rsa.Dispose();
    }

    [Fact]
    public async Task A_token_for_less_than_was_asked_says_so_beside_it()
    {
        var outcome = await Run("clinic", "--scope", "system/*.cruds");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.StartsWith("note: the server granted system/*.rs, not all that was asked for.", outcome.Error);
        Assert.IsType<TokenValidation.Valid>(app.Services.GetRequiredService<AccessTokenValidator>().Validate(outcome.Out.TrimEnd()));
    }

    [Theory]
    [InlineData("clinic")]
    [InlineData("rsa")]
    public async Task A_token_is_printed_alone_and_counts(string client)
    {
        var outcome = await Run(client, "--scope", "system/Patient.rs");
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        var valid = Assert.IsType<TokenValidation.Valid>(app.Services.GetRequiredService<AccessTokenValidator>().Validate(outcome.Out.TrimEnd()));
        Assert.Equal("system/Patient.rs", Assert.Single(valid.Caller.Scopes).ToString());
        Assert.Equal(2, valid.Caller.Purposes.Length);
    }

    [Fact]
    public async Task A_purpose_narrows_the_token()
    {
        var outcome = await Run("clinic", "--scope", "system/*.rs", "--purpose", "HOPERAT");
        var valid = Assert.IsType<TokenValidation.Valid>(app.Services.GetRequiredService<AccessTokenValidator>().Validate(outcome.Out.TrimEnd()));
        Assert.Equal(PurposeOfUse.Operations, Assert.Single(valid.Caller.Purposes));
        Assert.Equal(ExitCode.Failed, (await Run("clinic", "--scope", "system/*.rs", "--purpose", "HRESCH")).Code);
    }

    [Fact]
    public async Task Json_gives_the_whole_answer()
    {
        var answer = JsonNode.Parse((await Run("clinic", "--scope", "system/*.rs", "--json")).Out)!;
        Assert.Equal("Bearer", answer["token_type"]!.GetValue<string>());
        var refused = await Run("clinic", "--scope", "system/*.d", "--json");
        Assert.Equal((ExitCode.Failed, "invalid_scope"), (refused.Code, JsonNode.Parse(refused.Out)!["error"]!.GetValue<string>()));
        Assert.StartsWith("refused (400): invalid_scope", refused.Error);
    }

    [Fact]
    public async Task A_client_that_the_server_does_not_know_is_refused()
    {
        var outcome = await Run("stranger", "--scope", "system/*.rs");
        Assert.Equal((ExitCode.Failed, ""), (outcome.Code, outcome.Out));
        Assert.Contains("invalid_client", outcome.Error);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("damaged")]
    [InlineData("short")]
    [InlineData("app")]
    [InlineData("portal")]
    public async Task A_client_that_cannot_be_used_is_usage(string client)
    {
        var outcome = await Run(client, "--scope", "system/*.rs");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.NotEmpty(outcome.Error);
    }

    [Fact]
    public async Task A_person_is_refused_with_the_reason()
    {
        Assert.Contains("own behalf", (await Run("clinic", "--scope", "system/*.rs", "--user", "anna")).Error);
        Assert.Contains("browser", (await Run("portal", "--scope", "user/*.rs", "--user", "anna")).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"fhir":"relative","clients":[{"clientId":"clinic"}]}""")]
    [InlineData("""{"fhir":1,"clients":[{"clientId":"clinic","kind":"backend","jwk":{}}]}""")]
    public async Task A_file_of_another_form_is_usage(string content)
    {
        await File.WriteAllTextAsync(file, content);
        Assert.Equal(ExitCode.Usage, (await Run("clinic", "--scope", "system/*.rs")).Code);
    }

    [Fact]
    public async Task A_missing_file_is_usage_and_a_missing_server_unreachable()
    {
        Assert.Equal(ExitCode.Usage, (await Command.Run("token", "--credentials", file + ".none", "--client", "clinic", "--scope", "system/*.rs")).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("token", "--credentials", file, "--client", "clinic")).Code);
        credentials["fhir"] = "http://127.0.0.1:1/fhir";
        await File.WriteAllTextAsync(file, credentials.ToJsonString());
        Assert.Equal(ExitCode.Unreachable, (await Run("clinic", "--scope", "system/*.rs")).Code);
    }

    private Task<Outcome> Run(string client, params string[] more) => Command.Run(["token", "--credentials", file, "--client", client, .. more]);

    private async Task Register(string clientId, JsonObject jwk)
    {
        foreach (var member in new[] { "d", "p", "q", "dp", "dq", "qi" })
        {
            jwk.Remove(member);
        }

        Assert.IsType<Registration.Done>(await app.Services.GetRequiredService<ClientRegistry>().Register(
            new Client
            {
                ClientId = clientId,
                Kind = ClientKind.Backend,
                Name = clientId,
                Keys = [JsonWebKey.Parse(Encoding.UTF8.GetBytes(jwk.ToJsonString()))!],
                Scopes = ["system/*.rs"],
                Purposes = [PurposeOfUse.Treatment, PurposeOfUse.Operations],
            },
            default));
    }

    private static JsonObject Client(string id, string kind, JsonObject? jwk) => new() { ["clientId"] = id, ["kind"] = kind, ["jwk"] = jwk, ["scopes"] = new JsonArray(), ["purposes"] = new JsonArray() };

    private JsonObject EcJwk()
    {
        var key = ec.ExportParameters(true);
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-384", ["kid"] = "e", ["alg"] = "ES384", ["x"] = Text(key.Q.X), ["y"] = Text(key.Q.Y), ["d"] = Text(key.D) };
    }

    private JsonObject RsaJwk()
    {
        var key = rsa.ExportParameters(true);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = "r",
            ["alg"] = "RS384",
            ["n"] = Text(key.Modulus),
            ["e"] = Text(key.Exponent),
            ["d"] = Text(key.D),
            ["p"] = Text(key.P),
            ["q"] = Text(key.Q),
            ["dp"] = Text(key.DP),
            ["dq"] = Text(key.DQ),
            ["qi"] = Text(key.InverseQ),
        };
    }

    private static string Text(byte[]? bytes) => Base64Url.EncodeToString(bytes);

    private sealed class Secrets : ISealedSecrets
    {
        private readonly ConcurrentDictionary<string, byte[]> secrets = new();

        public byte[] GetOrCreate(string name, Func<byte[]> create) => (byte[])secrets.GetOrAdd(name, _ => create()).Clone();

        public void Replace(string name, ReadOnlySpan<byte> secret) => secrets[name] = secret.ToArray();
    }

    private sealed class NoStore : IClientStore
    {
        public Task<IReadOnlyList<SealedClient>> ReadAll(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<SealedClient>>([]);

        public Task Put(SealedClient client, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Replay : IAssertionReplay
    {
        private readonly ConcurrentDictionary<string, bool> used = new();

        public Task<AssertionUse> Use(ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter, CancellationToken cancellationToken) =>
            Task.FromResult(used.TryAdd(Convert.ToHexString(key.Span), true) ? AssertionUse.First : AssertionUse.Repeated);
    }
}
