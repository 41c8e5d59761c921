using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Benchmarks;

/// <summary>
/// Resources taken in by a real gateway process over HTTP: validated, their references resolved, terms extracted, sealed, recorded, durable. Through transactions of
/// the Synthea Bundles, and through single creates. The reference is System.Text.Json parsing the same bytes on one thread.
/// </summary>
internal sealed class IngestBenchmark : Benchmark
{
    public override string Name => "ingest";

    public override string Says => "resources/s through transactions of whole patients and single creates, and small durable transactions/s, of ../shared/data/synthea [--seconds N] [--runs N] [--set NAME] [--only transactions|creates|one-patient|durable] [--clients N]";

    public override async Task Run(string[] args)
    {
        var seconds = Option(args, "--seconds", 3);
        var runs = (int)Option(args, "--runs", 2);
        var (only, onlySet, onlyClients) = (Text(args, "--only"), Text(args, "--set"), (int)Option(args, "--clients", 0));
        var sets = IngestData.Sets().Where(set => onlySet is null || set.Name == onlySet).ToList();
        if (sets.Count == 0)
        {
            Console.Error.WriteLine("ingest: skipped, since ../shared/data/synthea is not there.");
            return;
        }

        await using var gateway = await GatewayProcess.Start();
        foreach (var set in sets)
        {
            foreach (var bundle in set.Directory)
            {
                await Load(gateway, await gateway.Token("demo-system"), bundle);
            }

            // warms up, and gives the single creates records to refer to
            var patients = new List<List<(string Type, byte[] Json)>>();
            foreach (var bundle in set.Patients)
            {
                using var loaded = await Load(gateway, await gateway.Token("demo-system"), bundle);
                patients.Add([.. IngestData.Singles(bundle, loaded.RootElement)]);
            }

            var (singles, largest) = (patients.SelectMany(p => p).ToList(), patients.MaxBy(p => p.Count)!);
            bool Wanted(string part, int clients) => (only ?? part) == part && (onlyClients == 0 || clients == onlyClients);
            foreach (var clients in new[] { 1, 4 }.Where(clients => Wanted("transactions", clients)))
            {
                await Transactions(gateway, set, clients, runs);
            }

            foreach (var clients in new[] { 1, 16, 64 }.Where(clients => Wanted("creates", clients)))
            {
                await Creates(gateway, $"{set.Name}: single creates", singles, clients, seconds, runs);
            }

            foreach (var clients in new[] { 1, 16, 64 }.Where(clients => Wanted("one-patient", clients)))
            {
                await Creates(gateway, $"{set.Name}: single creates on the largest patient", largest, clients, seconds, runs);
            }

            foreach (var clients in new[] { 1, 16, 64 }.Where(clients => Wanted("durable", clients)))
            {
                await Small(gateway, set, patients, clients, seconds, runs);
            }
        }
    }

    private async Task Transactions(GatewayProcess gateway, IngestData set, int clients, int runs)
    {
        var (values, references, latencies) = (new List<double>(), new List<double>(), new List<double>());
        var resources = set.Patients.Sum(bundle => bundle.Resources);
        for (var run = 0; run < runs; run++)
        {
            references.Add(resources / Took(() => Parse(set.Patients.Select(bundle => bundle.Json))));
            var waiting = new System.Collections.Concurrent.ConcurrentQueue<IngestBundle>(set.Patients);
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
            {
                var (token, since) = (await gateway.Token("demo-system"), Stopwatch.StartNew());
                while (waiting.TryDequeue(out var bundle))
                {
                    if (since.Elapsed > TimeSpan.FromMinutes(3))
                    {
                        (token, since) = (await gateway.Token("demo-system"), Stopwatch.StartNew());
                    }

                    var began = Stopwatch.GetTimestamp();
                    using var answer = await Load(gateway, token, bundle);
                    lock (latencies)
                    {
                        latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    }
                }
            }));
            values.Add(resources / clock.Elapsed.TotalSeconds);
        }

        Print(Measured.Of(Name, $"{set.Name}: transactions, {clients} clients", "resources/s", values, references, latencies));
    }

    private async Task Creates(GatewayProcess gateway, string scenario, List<(string Type, byte[] Json)> singles, int clients, double seconds, int runs)
    {
        var (token, random) = (await gateway.Token("demo-system"), new Random(clients));
        Sent Next()
        {
            var (type, json) = singles[random.Next(singles.Count)];
            return new Sent(Post("/fhir/" + type, token, json), 1);
        }

        Posts(gateway, $"{scenario}, {clients} clients", "resources/s", Next, 201, () => singles.Count / Took(() => Parse(singles.Select(single => single.Json))), clients, seconds, runs);
    }

    /// <summary>Transactions of 1 to 10 new records of one patient, each answered when it is durable.</summary>
    private async Task Small(GatewayProcess gateway, IngestData set, List<List<(string Type, byte[] Json)>> patients, int clients, double seconds, int runs)
    {
        const int Most = 10;
        var (token, random) = (await gateway.Token("demo-system"), new Random(clients));
        Sent Next()
        {
            var (patient, resources) = (patients[random.Next(patients.Count)], random.Next(1, Most + 1));
            var entries = Enumerable.Range(0, resources).Select(_ => patient[random.Next(patient.Count)])
                .Select(single => $"{{\"resource\":{Encoding.UTF8.GetString(single.Json)},\"request\":{{\"method\":\"POST\",\"url\":\"{single.Type}\"}}}}");
            return new Sent(Post("/fhir", token, Encoding.UTF8.GetBytes($"{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{string.Join(',', entries)}]}}")), resources);
        }

        Posts(gateway, $"{set.Name}: durable transactions of 1 to {Most} resources, {clients} clients", "transactions/s", Next, 200, null, clients, seconds, runs);
    }

    private static byte[] Post(string path, string token, byte[] json) =>
    [
        .. Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nPrefer: return=minimal\r\n"
            + $"Content-Type: application/fhir+json\r\nContent-Length: {json.Length}\r\n\r\n"),
        .. json,
    ];

    private void Posts(GatewayProcess gateway, string scenario, string unit, Func<Sent> next, int status, Func<double>? reference, int clients, double seconds, int runs)
    {
        // Made beforehand: putting a Bundle together costs the client what the server should have.
        const int Ready = 2_000;
        var sent = Enumerable.Range(0, Ready).Select(_ => next()).ToArray();
        var (at, resources) = (0, 0L);
        ReadOnlyMemory<byte> Next()
        {
            var one = sent[at++ % Ready];
            resources += one.Resources;
            return one.Request;
        }

        var (values, references, latencies, ofResources) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var work = new ServerWork(gateway.Process);
        using var load = new ReadLoad(gateway.Url, clients);
        for (var run = 0; run < runs; run++)
        {
            if (reference is not null)
            {
                references.Add(reference());
            }

            work.Skip();
            var (before, answered) = (resources, latencies.Count);
            values.Add(load.Run(seconds, Next, status, latencies));
            work.Done(latencies.Count);
            ofResources.Add(values[^1] * (resources - before) / (latencies.Count - answered));
        }

        Print(Measured.Of(Name, scenario, unit, values, references, latencies).With(work));
        if (unit != "resources/s")
        {
            Print(Measured.Of(Name, scenario + ": resources", "resources/s", ofResources, [], []));
        }
    }

    /// <summary>Loads a Bundle; a batch may hold what is there already, but no fault.</summary>
    private static async Task<JsonDocument> Load(GatewayProcess gateway, string token, IngestBundle bundle)
    {
        var (status, body) = await gateway.Post("/fhir", token, bundle.Json);
        var answer = JsonDocument.Parse(body);
        return status == 200 && answer.RootElement.GetProperty("entry").EnumerateArray().All(entry => entry.GetProperty("response").GetProperty("status").GetString()![0] == '2')
            ? answer
            : throw new InvalidOperationException($"A Bundle was answered {status}: {Encoding.UTF8.GetString(body)[..Math.Min(body.Length, 1500)]}");
    }

    private static void Parse(IEnumerable<byte[]> json)
    {
        foreach (var bytes in json)
        {
            using var document = JsonDocument.Parse(bytes);
        }
    }

    private static double Took(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>A request and how many resources it brings.</summary>
    private readonly record struct Sent(byte[] Request, int Resources);
}
