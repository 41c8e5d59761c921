using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Fhir.Export;

/// <summary>Exports over HTTP, as a client makes them.</summary>
internal static class Exports
{
    public static readonly (string, string) Async = ("Prefer", "respond-async");

    /// <summary>Kicks off by GET; the status URL.</summary>
    public static async Task<string> KickOff(this TestGateway gateway, string client, string path) =>
        (await gateway.Get(client, path, Async)).Is(202).Headers["Content-Location"];

    /// <summary>Kicks off by POST; the status URL.</summary>
    public static async Task<string> KickOff(this TestGateway gateway, string client, string path, params JsonObject[] parameters) =>
        (await gateway.Post(client, path, Parameters(parameters), Async)).Is(202).Headers["Content-Location"];

    public static JsonObject Parameters(params JsonObject[] parameters) => new() { ["resourceType"] = "Parameters", ["parameter"] = new JsonArray([.. parameters]) };

    public static JsonObject Parameter(string name, string type, JsonNode value) => new() { ["name"] = name, ["value" + type] = value };

    /// <summary>The file of one type, as the manifest names it.</summary>
    public static async Task<Answer> File(this TestGateway gateway, string client, string status, string type)
    {
        var manifest = (await gateway.Get(client, status)).Is(200).Json;
        return await gateway.Get(client, manifest["output"]!.AsArray().Single(f => f!["type"]!.GetValue<string>() == type)!["url"]!.GetValue<string>());
    }

    /// <summary>The resources of a file.</summary>
    public static JsonNode[] Lines(this Answer file) => [.. file.Is(200).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];

    /// <summary>The ids in a file, in order.</summary>
    public static string[] LineIds(this Answer file) => [.. file.Lines().Select(l => l["id"]!.GetValue<string>()).Order(StringComparer.Ordinal)];

    /// <summary>A file that is read only as far as the test reads: the client's system takes little ahead.</summary>
    public static async Task<(HttpClient Client, StreamReader Reader)> OpenSlowly(this TestGateway gateway, string client, string url)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024, NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await gateway.Token(client));
        request.Headers.Add("X-Purpose-Of-Use", "TREAT");
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(200, (int)response.StatusCode);
        return (http, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }
}
