using System.Text.Json;
using HealthLedger.Proofs.Witnesses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Cli.Witness;

/// <summary>A witness over HTTP: <c>POST /add-checkpoint</c> and <c>GET /HEX/checkpoint</c>, and one line of JSON for each answer.</summary>
internal sealed class WitnessServer : IAsyncDisposable
{
    private const int MaxConnections = 128;
    private readonly WebApplication app;
    private readonly CheckpointWitness witness;
    private readonly Terminal terminal;
    private readonly TimeProvider time;
    private readonly Lock line = new();

    public WitnessServer(CheckpointWitness witness, string url, Terminal terminal, TimeProvider time)
    {
        (this.witness, this.terminal, this.time) = (witness, terminal, time);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = AddCheckpointRequest.MaxBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestLineSize = 1024;
        });
        app = builder.Build();
        app.MapPost("/add-checkpoint", AddCheckpoint);
        app.MapGet("/{name}/checkpoint", Recorded);
    }

    /// <summary>Listens; the address.</summary>
    /// <exception cref="UsageException">The address cannot be used.</exception>
    public async Task<string> Start(CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            return app.Urls.First();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or FormatException)
        {
            throw new UsageException($"--url: {e.Message}");
        }
    }

    /// <summary>Serves until the process is told to end.</summary>
    public Task WaitForShutdown(CancellationToken cancellationToken) => app.WaitForShutdownAsync(cancellationToken);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AddCheckpoint(HttpContext http)
    {
        var began = time.GetTimestamp();
        WitnessReply reply;
        try
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            reply = await witness.Add(body.ToArray(), http.RequestAborted);
        }
        catch (BadHttpRequestException bad)
        {
            reply = new WitnessReply(bad.StatusCode, "witness-request: The body is too long or broken.\n", "text/plain; charset=utf-8", "witness-request");
        }
        catch (IOException) when (!http.RequestAborted.IsCancellationRequested)
        {
            reply = new WitnessReply(500, "witness-state: The checkpoint could not be recorded.\n", "text/plain; charset=utf-8", "witness-state");
        }

        Log(reply, time.GetElapsedTime(began));
        http.Response.StatusCode = reply.Status;
        http.Response.ContentType = reply.ContentType;
        await http.Response.WriteAsync(reply.Body, http.RequestAborted);
    }

    private async Task Recorded(HttpContext http)
    {
        if (witness.Recorded((string)http.Request.RouteValues["name"]!) is not { } note)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        await http.Response.Body.WriteAsync(note, http.RequestAborted);
    }

    private void Log(WitnessReply reply, TimeSpan took)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().ToString("u", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteNumber("status", reply.Status);
            json.WriteString("code", reply.Code);
            if (reply is { Origin: { } origin, Size: { } size })
            {
                json.WriteString("origin", origin);
                json.WriteNumber("size", size);
            }

            json.WriteNumber("ms", Math.Round(took.TotalMilliseconds, 1));
            json.WriteEndObject();
        }

        lock (line)
        {
            terminal.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
            terminal.Out.Flush();
        }
    }
}
