using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Benchmarks;

/// <summary>A real gateway in a process of its own, with the demo's clients and directory, on a free port and in a directory that goes when it does.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly string _directory;
    private readonly HttpClient _http;
    private JsonDocument? _credentials;

    private GatewayProcess(Process process, string directory, Uri url)
    {
        Process = process;
        _directory = directory;
        Url = url;
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(10) };
    }

    public Uri Url { get; }

    public Process Process { get; private set; }

    /// <summary>What it has on disk, in bytes.</summary>
    public long Stored => new DirectoryInfo(_directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public static async Task<GatewayProcess> Start()
    {
        var directory = Directory.CreateTempSubdirectory("healthledger-gateway-").FullName;
        var process = Launch(
            Path.Combine(AppContext.BaseDirectory, "HealthLedger.Gateway.dll"), directory,
            "--demo", "--patients", "4", "--urls", "http://127.0.0.1:0", "--demo-credentials", "credentials.json", "--HealthLedger:ScryptLogN=15");
        var gateway = new GatewayProcess(process, directory, await Listening(process));
        await gateway.UntilReady();
        return gateway;
    }

    /// <summary>Ends the process and starts another on the same files and address, which has nothing in memory.</summary>
    public async Task Restart()
    {
        Process.Kill();
        await Process.WaitForExitAsync();
        Process.Dispose();
        Process = Launch(Path.Combine(AppContext.BaseDirectory, "HealthLedger.Gateway.dll"), _directory, "--urls", Url.GetLeftPart(UriPartial.Authority), "--HealthLedger:ScryptLogN=15");
        await Listening(Process);
        await UntilReady();
    }

    /// <summary>Starts another of our programs; its words go nowhere but the line that says where it listens.</summary>
    public static Process Launch(string program, string directory, params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = directory })!;

    /// <summary>Waits for the line <c>listening URL</c>.</summary>
    public static async Task<Uri> Listening(Process process)
    {
        const string Start = "listening ";
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Start, StringComparison.Ordinal))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return new Uri(line[Start.Length..].Replace("localhost", "127.0.0.1"));
            }
        }

        throw new InvalidOperationException("The process ended before it listened.");
    }

    /// <summary>An access token of one of the demo's backend clients, with all its scopes; it counts for five minutes.</summary>
    public async Task<string> Token(string clientId)
    {
        _credentials ??= JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_directory, "credentials.json")));
        var issuer = _credentials.RootElement.GetProperty("issuer").GetString();
        var client = _credentials.RootElement.GetProperty("clients").EnumerateArray().Single(c => c.GetProperty("clientId").GetString() == clientId);
        using var answer = await _http.PostAsync("/auth/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = string.Join(' ', client.GetProperty("scopes").EnumerateArray().Select(s => s.GetString())),
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = Assertion(clientId, client.GetProperty("jwk"), issuer + "/auth/token"),
        }));
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>Posts FHIR JSON; what came back.</summary>
    public async Task<(int Status, byte[] Body)> Post(string path, string token, ReadOnlyMemory<byte> body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/fhir+json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>How many entries the ledger has.</summary>
    public async Task<long> LedgerSize() => long.Parse((await _http.GetStringAsync("/ledger/checkpoint")).Split('\n')[1], System.Globalization.CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _credentials?.Dispose();
        Process.Kill();
        await Process.WaitForExitAsync();
        Process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task UntilReady()
    {
        while (true)
        {
            using var answer = await _http.GetAsync("/health/ready");
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(50);
        }
    }

    private static string Assertion(string clientId, JsonElement jwk, string audience)
    {
        byte[] Number(string name) => Base64Url.DecodeFromChars(jwk.GetProperty(name).GetString());
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP384, Q = { X = Number("x"), Y = Number("y") }, D = Number("d") });
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var input = Encode(new { alg = "ES384", kid = jwk.GetProperty("kid").GetString(), typ = "JWT" })
            + "." + Encode(new { iss = clientId, sub = clientId, aud = audience, jti = Guid.NewGuid().ToString("N"), iat = now, exp = now + 120 });
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA384))}";
    }

    private static string Encode<T>(T value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
