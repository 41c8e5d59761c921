using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Cli.Tests.Strangers;

/// <summary>A gateway as it is started for the demo, in a process of its own: what strangers' tools are pointed at.</summary>
public sealed class DemoGateway : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("hl-strangers-").FullName;
    private readonly HttpClient http = new();
    private Process? process;

    public string Url { get; private set; } = "";

    public string Ledger => Url + "/ledger";

    public string Credentials => Path.Combine(folder, "credentials.json");

    /// <summary>The log's verifier key, and its local cosigner's.</summary>
    public string[] Vkeys { get; private set; } = [];

    public async Task InitializeAsync()
    {
        process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "HealthLedger.Gateway.dll"), "--demo", "--patients", "4", "--urls=http://127.0.0.1:0",
                $"--HealthLedger:Data={folder}/data", $"--HealthLedger:Keys={folder}/keys", "--HealthLedger:ScryptLogN=15", "--demo-credentials", Credentials,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        while (Url == "")
        {
            var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The gateway ended before it listened: {await errors}");
            Url = line.StartsWith("listening ", StringComparison.Ordinal) ? line["listening ".Length..] : "";
        }

        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        for (; ; await Task.Delay(100))
        {
            using var ready = await http.GetAsync(Url + "/health/ready");
            if (ready.IsSuccessStatusCode)
            {
                break;
            }
        }

        Vkeys = (await http.GetStringAsync(Ledger + "/vkey")).TrimEnd().Split('\n');
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        process?.Kill();
        await (process?.WaitForExitAsync() ?? Task.CompletedTask);
        process?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A file for this test alone.</summary>
    public string NewFile() => Path.Combine(folder, Guid.NewGuid().ToString("N"));

    /// <summary>A demo client's access token.</summary>
    public async Task<string> Token(string client, string scope)
    {
        var outcome = await Command.Run("token", "--credentials", Credentials, "--client", client, "--scope", scope);
        return outcome.Code == ExitCode.Ok ? outcome.Out.Trim() : throw new InvalidOperationException(outcome.Error);
    }

    /// <summary>A file that holds the demo auditor's access token.</summary>
    public async Task<string> AuditorsToken()
    {
        var file = NewFile();
        await File.WriteAllTextAsync(file, await Token("demo-auditor", AuditorsScope()));
        return file;
    }

    /// <summary>Reads something as the demo clinic does; the receipt that it gets, in a file.</summary>
    public async Task<string> Receipt(string path)
    {
        var token = await Token("demo-clinic", "system/*.rs");
        using var read = new HttpRequestMessage(HttpMethod.Get, Url + path);
        read.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        read.Headers.Add("X-Purpose-Of-Use", "TREAT");
        using var answer = await http.SendAsync(read);
        var file = NewFile();
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(Url), answer.Headers.GetValues("X-Ledger-Receipt").Single()));
        ask.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var receipt = await http.SendAsync(ask);
        await File.WriteAllBytesAsync(file, await receipt.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
        return file;
    }

    /// <summary>Everything that the ledger serves now, entries included, by path.</summary>
    public async Task<Dictionary<string, byte[]>> Copy()
    {
        var token = await Token("demo-auditor", AuditorsScope());
        var files = new Dictionary<string, byte[]> { ["checkpoint"] = await http.GetByteArrayAsync(Ledger + "/checkpoint") };
        var size = ulong.Parse(System.Text.Encoding.UTF8.GetString(files["checkpoint"]).Split('\n')[1], System.Globalization.CultureInfo.InvariantCulture);
        for (var level = TilePath.EntriesLevel; level < 8; level++)
        {
            foreach (var path in TilePath.AllAt(level, size))
            {
                using var ask = new HttpRequestMessage(HttpMethod.Get, $"{Ledger}/{path}");
                ask.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                using var answer = await http.SendAsync(ask);
                files[path.ToString()] = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
            }
        }

        return files;
    }

    private string AuditorsScope()
    {
        using var credentials = JsonDocument.Parse(File.ReadAllBytes(Credentials));
        var auditor = credentials.RootElement.GetProperty("clients").EnumerateArray().Single(client => client.GetProperty("clientId").GetString() == "demo-auditor");
        return string.Join(' ', auditor.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
    }
}
