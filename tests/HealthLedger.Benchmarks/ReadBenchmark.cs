using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace HealthLedger.Benchmarks;

/// <summary>
/// Consented, sealed, ledgered reads over HTTP of a real gateway process: random records of 2 KB out of many, by a client that is permitted by consents and keeps
/// none of them. The reference is a bare Kestrel endpoint in a process of the same settings that returns the same bytes, measured in turns with it.
/// </summary>
internal sealed class ReadBenchmark : Benchmark
{
    private const int PerPatient = 100;
    private const int RecordBytes = 2048;

    public override string Name => "read";

    public override string Says => "reads/s through /fhir at 1, 16 and 64 connections [--connections N] [--records N] [--seconds N] [--runs N]";

    public override async Task Run(string[] args)
    {
        var seconds = Option(args, "--seconds", 3);
        var runs = (int)Option(args, "--runs", 5);
        await using var gateway = await GatewayProcess.Start();
        var ids = await Fill(gateway, (int)Option(args, "--records", 50_000) / PerPatient);

        var requests = new Requests(ids, await gateway.Token("demo-clinic"));
        var captured = Path.GetTempFileName();
        using (var one = new ReadLoad(gateway.Url, 1))
        {
            await File.WriteAllBytesAsync(captured, one.One(requests.Next()));
        }

        // In a directory of its own: a host watches the files below it.
        var empty = Directory.CreateTempSubdirectory("healthledger-bare-").FullName;
        using var bare = GatewayProcess.Launch(typeof(ReadBenchmark).Assembly.Location, empty, "read-reference", captured);
        try
        {
            var reference = await GatewayProcess.Listening(bare);
            foreach (var url in new[] { reference, gateway.Url })
            {
                using var warm = new ReadLoad(url, 64);
                warm.Run(Math.Max(seconds, 5), requests.Next, 200, []);
            }

            var chosen = (int)Option(args, "--connections", 0);
            foreach (var connections in new[] { 1, 16, 64 }.Where(connections => chosen == 0 || chosen == connections))
            {
                requests.Token = await gateway.Token("demo-clinic");
                var (values, references, latencies, bareLatencies) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
                var (work, bareWork) = (new ServerWork(gateway.Process), new ServerWork(bare));
                using var toReference = new ReadLoad(reference, connections);
                using var toGateway = new ReadLoad(gateway.Url, connections);
                var size = await gateway.LedgerSize();
                for (var run = 0; run < runs; run++)
                {
                    references.Add(toReference.Run(seconds, requests.Next, 200, bareLatencies));
                    bareWork.Done(bareLatencies.Count);
                    values.Add(toGateway.Run(seconds, requests.Next, 200, latencies));
                    work.Done(latencies.Count);
                }

                // Each read has an entry, each batch one more.
                var batches = await gateway.LedgerSize() - size - latencies.Count;
                Print(Measured.Of(Name, $"{connections} connections", "reads/s", values, references, latencies));
                Print(Measured.Of(Name, $"{connections} connections, reads in a batch", "reads", [latencies.Count / (double)batches], [], []));
                Print(Measured.Of(Name, $"{connections} connections, bare Kestrel", "reads/s", references, [], bareLatencies));
                Print(Measured.Of(Name, $"{connections} connections, processor time of the server", "us/read", work.PerRequest, bareWork.PerRequest, []));
            }
        }
        finally
        {
            bare.Kill();
            await bare.WaitForExitAsync();
            Directory.Delete(empty);
            File.Delete(captured);
        }
    }

    /// <summary>Patients with their records, each with a consent that permits the reading client; the records' ids.</summary>
    private static async Task<string[]> Fill(GatewayProcess gateway, int patients)
    {
        var ids = new List<string>();
        var token = "";
        for (var patient = 0; patient < patients; patient++)
        {
            token = patient % 100 == 0 ? await gateway.Token("demo-system") : token;
            var answer = await Posted(gateway, "/fhir", token, Transaction(patient));
            var locations = answer.RootElement.GetProperty("entry").EnumerateArray()
                .Select(entry => entry.GetProperty("response").GetProperty("location").GetString()!.Split('/')).Select(parts => parts[^3]).ToList();
            await Posted(gateway, "/fhir/Consent", token, Consent(locations[0]));
            ids.AddRange(locations.Skip(1));
        }

        return [.. ids];
    }

    private static async Task<JsonDocument> Posted(GatewayProcess gateway, string path, string token, object body)
    {
        var (status, answer) = await gateway.Post(path, token, JsonSerializer.SerializeToUtf8Bytes(body));
        return status is 200 or 201 ? JsonDocument.Parse(answer) : throw new InvalidOperationException($"{path} answered {status}: {Encoding.UTF8.GetString(answer)}");
    }

    private static object Transaction(int patient) => new
    {
        resourceType = "Bundle", type = "transaction",
        entry = Enumerable.Range(-1, PerPatient + 1).Select(i => i < 0
            ? Entry("urn:uuid:00000000-0000-4000-8000-000000000000", "Patient", new { resourceType = "Patient", name = new[] { new { family = $"Family{patient}" } }, birthDate = "1960-04-12" })
            : Entry($"urn:uuid:00000000-0000-4000-8000-{i + 1:x12}", "Observation", Observation(i))),
    };

    private static object Entry(string fullUrl, string type, object resource) => new { fullUrl, resource, request = new { method = "POST", url = type } };

    private static object Observation(int number)
    {
        object With(string note) => new
        {
            resourceType = "Observation", status = "final",
            category = new[] { new { coding = new[] { new { system = "http://terminology.hl7.org/CodeSystem/observation-category", code = "vital-signs" } } } },
            code = new { coding = new[] { new { system = "http://loinc.org", code = "29463-7", display = "Body weight" } }, text = "Body weight" },
            subject = new { reference = "urn:uuid:00000000-0000-4000-8000-000000000000" },
            effectiveDateTime = $"20{10 + (number % 15)}-03-01T10:00:00Z",
            valueQuantity = new { value = 60 + (number % 40), unit = "kg", system = "http://unitsofmeasure.org", code = "kg" },
            note = new[] { new { text = note } },
        };
        const string Words = "Weighed without shoes, after breakfast, on the scale of the ward. ";
        const int AddedByServer = 110;
        var rest = RecordBytes - AddedByServer - JsonSerializer.SerializeToUtf8Bytes(With("")).Length;
        return With(string.Concat(Enumerable.Repeat(Words, (rest / Words.Length) + 1))[..rest]);
    }

    /// <summary>Permits the reading client everything of a patient, for treatment.</summary>
    public static object Consent(string patient) => new
    {
        resourceType = "Consent", status = "active",
        scope = new { coding = new[] { new { system = "http://terminology.hl7.org/CodeSystem/consentscope", code = "patient-privacy" } } },
        category = new[] { new { coding = new[] { new { system = "http://loinc.org", code = "59284-0" } } } },
        patient = new { reference = "Patient/" + patient },
        dateTime = "2026-01-01",
        policy = new[] { new { uri = "urn:healthledger:benchmark" } },
        provision = new
        {
            type = "permit",
            actor = new[]
            {
                new
                {
                    role = new { coding = new[] { new { system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code = "IRCP" } } },
                    reference = new { reference = "Organization/riverside-clinic" },
                },
            },
            purpose = new[] { new { system = "http://terminology.hl7.org/CodeSystem/v3-ActReason", code = "TREAT" } },
        },
    };

    /// <summary>GET requests for random records; the bytes differ in the id alone.</summary>
    private sealed class Requests(string[] ids, string token)
    {
        private const string Start = "GET /fhir/Observation/";
        private readonly Random _random = new(1);
        private byte[] _request = Write(ids[0], token);

        public string Token
        {
            set => _request = Write(ids[0], value);
        }

        public ReadOnlyMemory<byte> Next()
        {
            Encoding.ASCII.GetBytes(ids[_random.Next(ids.Length)], _request.AsSpan(Start.Length));
            return _request;
        }

        private static byte[] Write(string id, string token) => Encoding.ASCII.GetBytes(
            $"{Start}{id} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/fhir+json\r\nAuthorization: Bearer {token}\r\nX-Purpose-Of-Use: TREAT\r\n\r\n");
    }
}
