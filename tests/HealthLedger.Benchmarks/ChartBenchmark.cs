using System.Diagnostics;

namespace HealthLedger.Benchmarks;

/// <summary>A patient's chart opened: twelve searches at once, each on a connection of its own, until the last is answered. The reference is the same on a bare Kestrel endpoint.</summary>
internal sealed class ChartBenchmark : Benchmark
{
    /// <summary>{p} is a patient's id.</summary>
    private static readonly string[] Searches =
    [
        "Patient?_id={p}", "Condition?patient={p}&clinical-status=active", "AllergyIntolerance?patient={p}", "MedicationRequest?patient={p}&status=active", "Immunization?patient={p}&_sort=-date",
        "Observation?patient={p}&category=vital-signs&_sort=-date&_count=20", "Observation?patient={p}&category=laboratory&_sort=-date&_count=20", "Procedure?patient={p}&_sort=-date&_count=10", "Encounter?patient={p}&_sort=-date&_count=10",
        "DiagnosticReport?patient={p}&_sort=-date&_count=10", "CarePlan?patient={p}&status=active", "DocumentReference?patient={p}&_count=10",
    ];

    public override string Name => "chart";

    public override string Says => "a chart opened: 12 searches at once for one patient [--seconds N]";

    public override async Task Run(string[] args)
    {
        await using var hospital = await Hospital.Fill(1);
        if (hospital is null)
        {
            Console.Error.WriteLine("chart: skipped, since ../shared/data/synthea is not there.");
            return;
        }

        var (seconds, random, token) = (Option(args, "--seconds", 4), new Random(1), await hospital.Gateway.Token("demo-clinic"));
        var bare = await hospital.Bare(Hospital.Request(Searches[5].Replace("{p}", hospital.Patients[0], StringComparison.Ordinal), token));
        using var reference = new ReadLoad(bare, Searches.Length);
        using var load = new ReadLoad(hospital.Gateway.Url, Searches.Length);
        double Charts(ReadLoad on, double length, List<double> latencies)
        {
            var (charts, clock) = (0, Stopwatch.StartNew());
            for (; clock.Elapsed.TotalSeconds < length; charts++)
            {
                latencies.Add(Open(on, hospital.Patients[random.Next(hospital.Patients.Count)], token));
            }

            return charts / clock.Elapsed.TotalSeconds;
        }

        Charts(reference, 1, []);
        Charts(load, Math.Max(seconds, 6), []);
        var (values, references, warm) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < 3; run++)
        {
            references.Add(Charts(reference, seconds / 3, []));
            values.Add(Charts(load, seconds, warm));
        }

        Print(Measured.Of(Name, "12 searches at once, warm", "charts/s", values, references, warm));

        await hospital.Gateway.Restart();
        token = await hospital.Gateway.Token("demo-clinic");
        using var anew = new ReadLoad(hospital.Gateway.Url, Searches.Length);
        var cold = new List<double>();
        foreach (var (patient, i) in hospital.Patients.Select((patient, i) => (patient, i)))
        {
            // The first thirty warm up the code; for the first of them that takes its time.
            for (var again = i < 30 ? 20 : 1; again > 0; again--)
            {
                var took = Open(anew, patient, token);
                if (i >= 30)
                {
                    cold.Add(took);
                }
            }
        }

        Print(Measured.Of(Name, "12 searches at once, first of a patient", "charts/s", [1000 / cold.Average()], [], cold));
    }

    /// <summary>How long one chart takes, in milliseconds.</summary>
    private static double Open(ReadLoad load, string patient, string token)
    {
        var requests = new Queue<byte[]>(Searches.Select(search => Hospital.Request(search.Replace("{p}", patient, StringComparison.Ordinal), token)));
        var began = Stopwatch.GetTimestamp();
        load.Run(double.MaxValue, () => requests.TryDequeue(out var request) ? request : default, 200, []);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
