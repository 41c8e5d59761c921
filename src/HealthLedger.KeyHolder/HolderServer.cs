using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Vault.Keys.Holding;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HealthLedger.KeyHolder;

/// <summary>The holder at <c>POST /</c>, on a Unix socket or over HTTP, with one line of JSON for each answer. What is not sealed under the link gets 403 and nothing else.</summary>
internal sealed class HolderServer : IAsyncDisposable
{
    private const int MaxConnections = 256;
    private const string UnixPrefix = "unix:";
    private readonly WebApplication app;
    private readonly Holder holder;
    private readonly HolderLink link;
    private readonly TextWriter output;
    private readonly TimeProvider time;
    private readonly string address;
    private readonly Lock line = new();

    public HolderServer(Holder holder, HolderLink link, string address, TextWriter output, TimeProvider time)
    {
        (this.holder, this.link, this.address, this.output, this.time) = (holder, link, address, output, time);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = HolderLink.MaxBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestLineSize = 1024;
        });
        builder.WebHost.UseUrls(SocketPath is { } path ? "http://" + UnixPrefix + path : address);
        app = builder.Build();
        app.MapPost("/", Serve);
    }

    private string? SocketPath => address.StartsWith(UnixPrefix, StringComparison.Ordinal) ? Path.GetFullPath(address[UnixPrefix.Length..]) : null;

    /// <summary>Listens; the address.</summary>
    /// <exception cref="UsageException">The address cannot be used.</exception>
    public async Task<string> Start(CancellationToken cancellationToken)
    {
        try
        {
            if (SocketPath is { } stale)
            {
                File.Delete(stale); // left by a process that was killed; this one holds the state, so there is no other
            }

            await app.StartAsync(cancellationToken);
            if (SocketPath is { } path && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                return UnixPrefix + path;
            }

            return app.Urls.First();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or FormatException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            throw new UsageException($"--listen: {e.Message}");
        }
    }

    /// <summary>Serves until the process is told to end.</summary>
    public Task WaitForShutdown(CancellationToken cancellationToken) => app.WaitForShutdownAsync(cancellationToken);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Serve(HttpContext http)
    {
        byte[] message;
        try
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            message = body.ToArray();
        }
        catch (BadHttpRequestException bad)
        {
            http.Response.StatusCode = bad.StatusCode;
            return;
        }

        if (link.OpenRequest(message) is not { } request)
        {
            Log(new Held([], "none", 0, "link-foreign"));
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        Held held;
        try
        {
            held = holder.Answer(request);
        }
        catch (IOException)
        {
            held = new Held(HolderAnswer.Refused("list-not-durable"), "none", 0, "list-not-durable");
        }

        Log(held);
        var answer = link.SealAnswer(message, held.Answer);
        CryptographicOperations.ZeroMemory(held.Answer);
        http.Response.ContentType = "application/octet-stream";
        http.Response.ContentLength = answer.Length;
        await http.Response.Body.WriteAsync(answer, http.RequestAborted);
    }

    private void Log(Held held)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().ToString("u", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("operation", held.Operation);
            json.WriteNumber("unwrapped", held.Versions);
            json.WriteString("code", held.Code);
            json.WriteEndObject();
        }

        lock (line)
        {
            output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
            output.Flush();
        }
    }
}
