using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Smart.Clients;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>The real gateway in this process, on a free port, with its files in a directory of its own; everything goes over HTTP.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _tokens = new();
    private readonly TestDirectory? _directory;
    private readonly TimeProvider _time;

    private readonly GatewayHost? _host;
    private readonly string _url;

    private TestGateway(GatewayHost? host, string url, TestDirectory? directory, TestClients clients, TimeProvider time)
    {
        _host = host;
        _url = url;
        _directory = directory;
        _time = time;
        Clients = clients;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
    }

    public GatewayHost Host => _host ?? throw new InvalidOperationException("This gateway is another process.");

    public HttpClient Http { get; }

    public TestClients Clients { get; }

    public string Fhir => _url + "/fhir";

    /// <summary>Entries in the ledger; 0 where the gateway is another process.</summary>
    public ulong LedgerSize => _host?.Storage.Ledger.Published.Size ?? 0;

    /// <summary>A gateway in a fresh directory.</summary>
    public static async Task<TestGateway> Start(TimeProvider? time = null, params string[] settings)
    {
        var directory = new TestDirectory();
        return await Start(directory, owned: true, new TestClients(), time, settings);
    }

    /// <summary>A gateway in a directory that outlives it.</summary>
    public static Task<TestGateway> Start(TestDirectory directory, TimeProvider? time = null, params string[] settings) => Start(directory, owned: false, new TestClients(), time, settings);

    /// <summary>The same with clients that outlive it too.</summary>
    public static Task<TestGateway> Start(TestDirectory directory, TestClients clients, params string[] settings) => Start(directory, owned: false, clients, null, settings);

    /// <summary>A gateway that runs already, in another process, with clients that are registered there.</summary>
    public static TestGateway Attach(string url, TestClients clients) => new(null, url, null, clients, TimeProvider.System);

    /// <summary>An access token of a client with all its scopes; asked for once.</summary>
    public async Task<string> Token(string client)
    {
        if (_tokens.TryGetValue(client, out var known))
        {
            return known;
        }

        var answer = await RequestToken(client, TestClients.Scopes(client));
        Assert.Equal(200, answer.Status);
        return _tokens[client] = answer.Json["access_token"]!.GetValue<string>();
    }

    public void ForgetTokens() => _tokens.Clear();

    /// <summary>One request at the token endpoint.</summary>
    public Task<Answer> RequestToken(string client, string scopes) => Send(new HttpRequestMessage(HttpMethod.Post, "/auth/token")
    {
        Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = scopes,
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = Clients.Key(client).Assertion(client, _url + "/auth/token", _time.GetUtcNow()),
        }),
    });

    public Task<Answer> Get(string client, string path, params (string Name, string Value)[] headers) => Send(client, "GET", path, null, headers);

    public Task<Answer> Post(string client, string path, JsonNode body, params (string Name, string Value)[] headers) => Send(client, "POST", path, body, headers);

    public Task<Answer> Put(string client, string path, JsonNode body, params (string Name, string Value)[] headers) => Send(client, "PUT", path, body, headers);

    public Task<Answer> Delete(string client, string path, params (string Name, string Value)[] headers) => Send(client, "DELETE", path, null, headers);

    /// <summary>A FHIR request of a client; the path is below /fhir, or absolute.</summary>
    public Task<Answer> Send(string client, string method, string path, JsonNode? body = null, params (string Name, string Value)[] headers) =>
        SendBytes(client, method, path, body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString()), "application/fhir+json", headers);

    /// <summary>The same with a body of any bytes and type.</summary>
    public async Task<Answer> SendBytes(string client, string method, string path, byte[]? body, string? contentType, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path.StartsWith("http", StringComparison.Ordinal) || path.StartsWith('/') ? path : path.Length == 0 ? "/fhir" : "/fhir/" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Token(client));
        if (client == TestClients.Clinic && !headers.Any(h => h.Name == "X-Purpose-Of-Use"))
        {
            request.Headers.Add("X-Purpose-Of-Use", "TREAT");
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            }
        }

        foreach (var (name, value) in headers)
        {
            if (value.Length > 0)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await Send(request);
    }

    public async Task<Answer> Send(HttpRequestMessage request)
    {
        var before = LedgerSize;
        using (request)
        using (var response = await Http.SendAsync(request))
        {
            var headers = response.Headers.Concat(response.Content.Headers)
                .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
            var body = await response.Content.ReadAsByteArrayAsync();
            return new Answer((int)response.StatusCode, headers, body, LedgerSize - before);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_directory is not null)
        {
            Clients.Dispose();
            _directory.Dispose();
        }
    }

    private static async Task<TestGateway> Start(TestDirectory directory, bool owned, TestClients clients, TimeProvider? time, string[] settings)
    {
        var line = CommandLine.Parse(
            ["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={directory.Data}", $"--HealthLedger:Keys={directory.Keys}", "--HealthLedger:ScryptLogN=15", "--HealthLedger:ReserveMegabytes=0", .. settings], out var fault);
        Assert.True(line is not null, fault);
        var host = await GatewayHost.Build(line, TextWriter.Null, time);
        await host.Start(TextWriter.Null);
        host.Ready();
        var gateway = new TestGateway(host, host.Url, owned ? directory : null, clients, time ?? TimeProvider.System);
        await gateway.Clients.Register(host.Services.GetRequiredService<ClientRegistry>());
        return gateway;
    }
}

/// <summary>What came back.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Body">As it came.</param>
/// <param name="Growth">How many entries the ledger has more than before.</param>
internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body, ulong Growth)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    public string? Receipt => Headers.GetValueOrDefault("X-Ledger-Receipt");

    public string Id => Json["id"]!.GetValue<string>();

    /// <summary>The codes of an OperationOutcome's issues.</summary>
    public string[] Codes => [.. Issues.Select(i => i["code"]!.GetValue<string>())];

    /// <summary>Where its issues are.</summary>
    public string[] Places => [.. Issues.SelectMany(i => (i["expression"] as JsonArray ?? []).Select(e => e!.GetValue<string>()))];

    /// <summary>The entries of a Bundle.</summary>
    public JsonNode[] Entries => [.. (Json["entry"] as JsonArray ?? []).Select(e => e!)];

    /// <summary>The ids of the records in a Bundle.</summary>
    public string[] Ids => [.. Entries.Select(e => e["resource"]!["id"]!.GetValue<string>())];

    public int? Total => Json["total"]?.GetValue<int>();

    /// <summary>The link of that relation; null where there is none.</summary>
    public string? Link(string relation) =>
        (Json["link"] as JsonArray ?? []).FirstOrDefault(l => l!["relation"]!.GetValue<string>() == relation)?["url"]!.GetValue<string>();

    /// <summary>Asserts the status, showing the body where it is another.</summary>
    public Answer Is(int status)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Text[..Math.Min(Text.Length, 2000)]}");
        return this;
    }

    /// <summary>Asserts a refusal with an OperationOutcome of that code, which tells no insides and none of the values sent.</summary>
    public Answer IsFault(int status, string code, params string[] secrets)
    {
        Is(status);
        Assert.Equal("OperationOutcome", Json["resourceType"]!.GetValue<string>());
        Assert.Contains(code, Codes);
        Assert.All(Issues, i => Assert.Contains(i["severity"]!.GetValue<string>(), new[] { "error", "fatal" }));
        Assert.All(Issues, i => Assert.False(string.IsNullOrWhiteSpace(i["diagnostics"]?.GetValue<string>() ?? i["details"]?["text"]?.GetValue<string>())));
        Assert.DoesNotContain("   at ", Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Text, StringComparison.Ordinal);
        Assert.All(secrets, s => Assert.DoesNotContain(s, Text, StringComparison.Ordinal));
        return this;
    }

    private IEnumerable<JsonNode> Issues => (Json["issue"] as JsonArray ?? []).Select(i => i!);
}
