using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Cli.Tests.Kit;

/// <summary>Serves a log's public files over HTTP under <c>/ledger/</c>, each possibly replaced.</summary>
internal sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private FileServer(WebApplication app) => this.app = app;

    /// <summary>What is served, by path; changed by tests.</summary>
    public required Dictionary<string, byte[]> Files { get; init; }

    /// <summary>When set, every request is answered with it.</summary>
    public int? Status { get; set; }

    public string Url => app.Urls.Single();

    public static Task<FileServer> Start(GeneratedLog log) => Start(log.PublicFiles.ToDictionary(path => path, path => log.Files[path]));

    public static async Task<FileServer> Start(Dictionary<string, byte[]> files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FileServer(app) { Files = files };
        app.MapGet("/ledger/{**path}", (string path) =>
            server.Status is { } status ? Results.StatusCode(status) : server.Files.TryGetValue(path, out var bytes) ? Results.Bytes(bytes) : Results.NotFound());
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
