using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Strangers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Cli.Tests.Breach;

/// <summary>A server whose breach report goes on, page by page, each a step further back than the one before.</summary>
internal sealed class EndlessReport : IAsyncDisposable
{
    private readonly WebApplication app;
    private int pages;

    private EndlessReport(WebApplication app) => this.app = app;

    public int Pages => pages;

    public static async Task<EndlessReport> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new EndlessReport(builder.Build());
        server.app.MapPost("/auth/token", () => Results.Text("""{"access_token":"t","token_type":"Bearer","expires_in":3600}""", "application/json"));
        server.app.MapGet("/fhir/.well-known/smart-configuration", () => Results.Text($$"""{"token_endpoint":"{{server.app.Urls.Single()}}/auth/token"}""", "application/json"));
        server.app.MapPost("/ledger/review/breach", () =>
        {
            var next = ulong.MaxValue - (ulong)Interlocked.Increment(ref server.pages);
            return Results.Text($$"""{"client":"c","since":"s","until":"u","asked":1,"whole":false,"next":{{next}},"accesses":[],"patients":[]}""", "application/json");
        });
        await server.app.StartAsync();
        return server;
    }

    /// <summary>The demo's credentials, for this server.</summary>
    public async Task<string> Credentials(DemoGateway gateway)
    {
        var json = JsonNode.Parse(await File.ReadAllTextAsync(gateway.Credentials))!;
        (json["baseUrl"], json["fhir"], json["issuer"]) = (app.Urls.Single(), app.Urls.Single() + "/fhir", app.Urls.Single());
        var file = gateway.NewFile();
        await File.WriteAllTextAsync(file, json.ToJsonString());
        return file;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
