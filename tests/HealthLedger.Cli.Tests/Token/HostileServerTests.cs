// A server that answers the command line with what no honest one sends: a sentence and an exit code, no stack trace, nothing that a terminal obeys.
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Cli.Tests.Token;

public sealed class HostileServerTests : IAsyncLifetime
{
    private readonly string file = Path.GetTempFileName();
    private WebApplication app = null!;
    private string configuration = "";
    private string answer = "";
    private int status = 200;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapGet("/fhir/.well-known/smart-configuration", () => Results.Text(configuration, "application/json"));
        app.MapPost("/token", () => Results.Text(answer, "application/json", statusCode: status));
        await app.StartAsync();
        configuration = $$"""{"token_endpoint":"{{app.Urls.Single()}}/token"}""";
        using var key = RSA.Create(2048);
        var secret = key.ExportParameters(includePrivateParameters: true);
        static string Text(byte[]? bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["fhir"] = app.Urls.Single() + "/fhir",
            ["clients"] = new JsonArray(new JsonObject
            {
                ["clientId"] = "auditor",
                ["kind"] = "backend",
                ["jwk"] = new JsonObject
                {
                    ["kty"] = "RSA", ["kid"] = "1", ["n"] = Text(secret.Modulus), ["e"] = Text(secret.Exponent), ["d"] = Text(secret.D), ["p"] = Text(secret.P),
                    ["q"] = Text(secret.Q), ["dp"] = Text(secret.DP), ["dq"] = Text(secret.DQ), ["qi"] = Text(secret.InverseQ),
                },
            }),
        }.ToJsonString());
    }

    public async Task DisposeAsync()
    {
        await app.DisposeAsync();
        File.Delete(file);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"token_endpoint":"token"}""")]
    [InlineData("""{"token_endpoint":"file:///etc/hostname"}""")]
    public async Task A_configuration_without_an_http_token_endpoint_is_unreachable(string given)
    {
        configuration = given;
        Assert.Equal(ExitCode.Unreachable, (await Token()).Code);
    }

    [Theory]
    [InlineData("""{"access_token":"a\nb"}""")]
    [InlineData("""{"access_token":"\u001b]0;title\u0007"}""")]
    [InlineData("""{"access_token":7}""")]
    public async Task A_token_that_could_not_be_sent_is_none(string given)
    {
        answer = given;
        var outcome = await Token();
        Assert.Equal((ExitCode.Failed, ""), (outcome.Code, outcome.Out));
    }

    [Fact]
    public async Task The_reason_of_a_refusal_stands_on_one_line_without_controls()
    {
        (status, answer) = (400, """{"error":"\u001b[2Jinvalid","error_description":"so\nit says\u009b0m"}""");
        Assert.Equal("refused (400): ?[2Jinvalid. so?it says?0m", (await Token()).Error.TrimEnd());
    }

    [Fact]
    public async Task An_end_of_a_token_that_is_no_number_gives_no_token()
    {
        answer = """{"access_token":"a","expires_in":"soon"}""";
        using var token = new Cli.Audit.AuditorToken(Cli.Token.Credentials.Read(file, null), TimeProvider.System);
        await Assert.ThrowsAsync<UnreachableException>(() => token.Get(CancellationToken.None).AsTask());
    }

    private Task<Outcome> Token() => Command.Run("token", "--credentials", file, "--client", "auditor", "--scope", "system/*.rs");
}
