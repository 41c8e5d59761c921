using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Benchmarks;

/// <summary>A gateway process filled with Synthea patients, each of whom permits the reading client everything for treatment.</summary>
internal sealed class Hospital : IAsyncDisposable
{
    private const int Base = 100;

    private Process? _bare;

    private Hospital(GatewayProcess gateway, IReadOnlyList<string> patients, int resources)
    {
        Gateway = gateway;
        Patients = patients;
        Resources = resources;
    }

    public GatewayProcess Gateway { get; }

    /// <summary>The patients' ids.</summary>
    public IReadOnlyList<string> Patients { get; }

    public int Resources { get; }

    /// <summary>A hundred patients or several times as many; null where <c>../shared/data/synthea</c> is absent.</summary>
    /// <param name="times">How many hundreds.</param>
    /// <param name="smallest">So many patients of the sets are taken, those with the fewest records, and repeated: a part of a hundred.</param>
    public static async Task<Hospital?> Fill(int times, int smallest = Base)
    {
        var sets = IngestData.Sets().ToList();
        if (sets.Count == 0)
        {
            return null;
        }

        var gateway = await GatewayProcess.Start();
        var chosen = sets.SelectMany(set => set.Patients).OrderBy(p => p.Resources).Take(smallest).ToHashSet();
        var patients = new System.Collections.Concurrent.ConcurrentBag<string>();
        var token = await gateway.Token("demo-system");
        // Set by set: what the patients of the later ones bring would make the references of the earlier ones ambiguous.
        foreach (var set in sets)
        {
            foreach (var bundle in set.Directory)
            {
                await Load(gateway, token, bundle.Json);
            }

            var waiting = new System.Collections.Concurrent.ConcurrentQueue<IngestBundle>(Enumerable.Repeat(set.Patients.Where(chosen.Contains), times * Base / smallest).SelectMany(p => p));
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                while (waiting.TryDequeue(out var bundle))
                {
                    using var answer = JsonDocument.Parse(await Load(gateway, token, bundle.Json));
                    var id = answer.RootElement.GetProperty("entry").EnumerateArray()
                        .Select(entry => entry.GetProperty("response").GetProperty("location").GetString()!.Split('/')).First(parts => parts[^4] == "Patient")[^3];
                    await Load(gateway, token, JsonSerializer.SerializeToUtf8Bytes(ReadBenchmark.Consent(id)), "/fhir/Consent");
                    patients.Add(id);
                }
            }));
        }

        var resources = sets.SelectMany(set => set.Directory).Sum(bundle => bundle.Resources);
        return new Hospital(gateway, [.. patients.Order(StringComparer.Ordinal)], resources + (times * Base / smallest * chosen.Sum(p => p.Resources + 1)));
    }

    /// <summary>A GET request of the reading client.</summary>
    public static byte[] Request(string query, string token) => Encoding.ASCII.GetBytes(
        $"GET /fhir/{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/fhir+json\r\nAuthorization: Bearer {token}\r\nX-Purpose-Of-Use: TREAT\r\n\r\n");

    /// <summary>The address of a bare Kestrel endpoint, in a process of its own, that gives the answer to this request to all.</summary>
    public async Task<Uri> Bare(byte[] request)
    {
        var captured = Path.GetTempFileName();
        using (var one = new ReadLoad(Gateway.Url, 1))
        {
            await File.WriteAllBytesAsync(captured, one.One(request));
        }

        _bare = GatewayProcess.Launch(typeof(Hospital).Assembly.Location, Path.GetTempPath(), "read-reference", captured);
        return await GatewayProcess.Listening(_bare);
    }

    public async ValueTask DisposeAsync()
    {
        if (_bare is not null)
        {
            _bare.Kill();
            await _bare.WaitForExitAsync();
            _bare.Dispose();
        }

        await Gateway.DisposeAsync();
    }

    private static async Task<byte[]> Load(GatewayProcess gateway, string token, byte[] json, string path = "/fhir")
    {
        var (status, body) = await gateway.Post(path, token, json);
        return status is 200 or 201 ? body : throw new InvalidOperationException($"{path} answered {status}: {Encoding.UTF8.GetString(body)[..Math.Min(body.Length, 1500)]}");
    }
}
