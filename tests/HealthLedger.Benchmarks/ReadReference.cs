using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Benchmarks;

/// <summary>A bare Kestrel endpoint that answers everything with one captured answer: the reference of <see cref="ReadBenchmark"/>, in a process of its own.</summary>
internal sealed class ReadReference : Benchmark
{
    public override string Name => "read-reference";

    public override string Says => "no benchmark: the endpoint that `read` compares with. FILE with an HTTP answer";

    public override async Task Run(string[] args)
    {
        var answer = await File.ReadAllBytesAsync(args[0]);
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        var body = answer[(end + 4)..];
        var headers = Encoding.ASCII.GetString(answer, 0, end).Split("\r\n").Skip(1).Select(line => line.Split(": ", 2))
            .Where(header => header[0] is not ("Date" or "Content-Length" or "Content-Type")).Select(header => KeyValuePair.Create(header[0], header[1])).ToArray();

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        await using var app = builder.Build();
        app.Run(async http =>
        {
            foreach (var (name, value) in headers)
            {
                http.Response.Headers[name] = value;
            }

            http.Response.ContentType = "application/fhir+json; charset=utf-8";
            http.Response.ContentLength = body.Length;
            await http.Response.BodyWriter.WriteAsync(body);
        });
        await app.StartAsync();
        Console.WriteLine($"listening {app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}");
        await ((IHost)app).WaitForShutdownAsync();
    }
}
