using System.Diagnostics;
using System.Text.RegularExpressions;

namespace HealthLedger.Benchmarks;

/// <summary>
/// Searches over HTTP of a real gateway process by a client that is permitted by each patient's consent: thirty shapes within one patient, patients at random, then some over
/// all patients, one request at a time. Cold: the first search of a patient after the process was started anew. The reference is a bare Kestrel endpoint that returns the bytes of one answer.
/// </summary>
internal sealed class SearchBenchmark : Benchmark
{
    private const string Typical = "Observation?patient={p}&category=vital-signs&_count=10";

    /// <summary>{p} is a patient's id.</summary>
    private static readonly string[] OfOnePatient =
    [
        "Patient?_id={p}", "Patient?_id={p}&_revinclude=Condition:subject", "Observation?patient={p}", "Observation?patient={p}&_summary=count", Typical, "Observation?patient={p}&code=http://loinc.org%7C8302-2",
        "Observation?patient={p}&code=http://loinc.org%7C55284-4,http://loinc.org%7C85354-9&_sort=-date&_count=1", "Observation?patient={p}&date=ge2015&date=lt2020&_count=20", "Observation?patient={p}&category=laboratory&_sort=-date&_count=10",
        "Observation?subject=Patient/{p}&value-quantity=gt100&_count=10", "Observation?patient={p}&code-value-quantity=http://loinc.org%7C8302-2$gt150", "Observation?patient={p}&combo-code=http://loinc.org%7C8480-6&_count=5",
        "Observation?patient={p}&encounter:Encounter.class=AMB&_count=10", "Condition?patient={p}", "Condition?patient={p}&clinical-status=active", "Condition?patient={p}&code:text=disorder", "Condition?patient={p}&onset-date=ge2010&_sort=-onset-date",
        "Condition?patient={p}&code:missing=false&_lastUpdated=ge2020-01-01", "MedicationRequest?patient={p}&status=active", "MedicationRequest?patient={p}&_include=MedicationRequest:medication", "Immunization?patient={p}&_sort=-date",
        "Procedure?patient={p}&date=ge2010", "Encounter?patient={p}&_sort=-date&_count=5", "Encounter?patient={p}&class=AMB&_count=10", "Encounter?patient={p}&_has:Observation:encounter:code=8302-2&_count=5", "AllergyIntolerance?patient={p}",
        "DiagnosticReport?patient={p}&_include=DiagnosticReport:result&_count=2", "CarePlan?patient={p}&status=active", "Claim?patient={p}&_count=5", "ExplanationOfBenefit?patient={p}&_count=2",
    ];

    private static readonly string[] OfAll =
    [
        "Patient?family=Sm&_count=10", "Patient?birthdate=ge1990&_sort=family&_count=10", "Patient?_summary=count", "Condition?code=http://snomed.info/sct%7C44054006&_count=10", "Observation?code=http://loinc.org%7C8302-2&date=ge2018&_count=10",
        "Observation?_summary=count", "Patient?_has:Condition:subject:code=44054006&_count=10",
    ];

    public override string Name => "search";

    public override string Says => "searches of one patient and of all, warm and cold, over 100 Synthea patients [--times 1|4|16] [--smallest 20|50|100, of which the patients are copies] [--seconds N for each shape] [--only REGEX, of shapes] [--restarts N, for the cold ones]";

    public override async Task Run(string[] args)
    {
        var (times, seconds, only) = ((int)Option(args, "--times", 1), Option(args, "--seconds", 0.4), new Regex(Text(args, "--only") ?? ""));
        await using var hospital = await Hospital.Fill(times, (int)Option(args, "--smallest", 100));
        if (hospital is null)
        {
            Console.Error.WriteLine("search: skipped, since ../shared/data/synthea is not there.");
            return;
        }

        var size = $"{hospital.Patients.Count} patients, {hospital.Resources} resources";
        var gateway = hospital.Gateway;
        var random = new Random(1);
        var token = await gateway.Token("demo-clinic");
        byte[] Next(string shape) => Hospital.Request(shape.Replace("{p}", hospital.Patients[random.Next(hospital.Patients.Count)], StringComparison.Ordinal), token);

        var bare = await hospital.Bare(Next(Typical));
        using (var load = new ReadLoad(gateway.Url, 1))
        {
            // Every patient once, then every shape, before the clock counts.
            var first = new Queue<string>(hospital.Patients.Select(p => Typical.Replace("{p}", p, StringComparison.Ordinal)));
            load.Run(60, () => first.TryDequeue(out var query) ? Hospital.Request(query, token) : default, 200, []);
            load.Run(4, () => Next(OfOnePatient[random.Next(OfOnePatient.Length)]), 200, []);

            var all = new List<double>();
            foreach (var shape in OfOnePatient.Where(shape => only.IsMatch(shape)))
            {
                all.AddRange(Measure(load, gateway.Process, shape, shape == Typical ? bare : null, seconds, () => Next(shape)));
            }

            if (all.Count > 0)
            {
                Print(Measured.Of(Name, $"all shapes of one patient, warm: {size}", "searches/s", [all.Count / (all.Sum() / 1000)], [], all));
            }

            Print(Measured.Of(Name, "cohort limit: a search over all patients may span so many permitted ones", "patients", [Access.VisibleRecords.PatientLimit], [], []));
            foreach (var shape in OfAll.Where(shape => only.IsMatch(shape)))
            {
                Measure(load, gateway.Process, "all patients: " + shape, null, seconds, () => Next(shape));
            }
        }

        gateway.Process.Refresh();
        Print(Measured.Of(Name, $"memory of the process, warm: {size}", "MB", [gateway.Process.WorkingSet64 / 1e6], [], []));
        Print(Measured.Of(Name, $"files: {size}", "MB", [gateway.Stored / 1e6], [], []));
        var cold = new List<double>();
        var restarts = (int)Option(args, "--restarts", 3);
        for (var restart = 0; restart < restarts; restart++)
        {
            await Cold(hospital, random, cold);
        }

        if (cold.Count > 0)
        {
            Print(Measured.Of(Name, $"first search of a patient, cold: {size}, {restarts} restarts", "searches/s", [1000 / cold.Average()], [], cold));
            Print(Measured.Of(Name, "the slowest of these", "ms", [cold.Max()], [], []));
        }
    }

    private List<double> Measure(ReadLoad load, Process server, string shape, Uri? bare, double seconds, Func<byte[]> next)
    {
        var (values, references, latencies, work) = (new List<double>(), new List<double>(), new List<double>(), new ServerWork(server));
        using var reference = bare is null ? null : new ReadLoad(bare, 1);
        for (var run = 0; run < 3; run++)
        {
            if (reference is not null)
            {
                references.Add(reference.Run(seconds / 3, () => next(), 200, []));
            }

            work.Skip();
            values.Add(load.Run(seconds / 3, () => next(), 200, latencies));
            work.Done(latencies.Count);
        }

        Print(Measured.Of(Name, shape, "searches/s", values, references, latencies).With(work));
        return latencies;
    }

    /// <summary>The first search of each patient in a new process, whose code has been warmed up on some of them.</summary>
    private static async Task Cold(Hospital hospital, Random random, List<double> latencies)
    {
        await hospital.Gateway.Restart();
        var token = await hospital.Gateway.Token("demo-clinic");
        var patients = hospital.Patients.OrderBy(_ => random.Next()).Take(100).ToList();
        using var load = new ReadLoad(hospital.Gateway.Url, 1);
        load.Run(4, () => Hospital.Request(OfOnePatient[random.Next(OfOnePatient.Length)].Replace("{p}", patients[random.Next(20)], StringComparison.Ordinal), token), 200, []);
        var first = new Queue<string>(patients.Skip(20));
        load.Run(60, () => first.TryDequeue(out var patient) ? Hospital.Request(Typical.Replace("{p}", patient, StringComparison.Ordinal), token) : default, 200, latencies);
    }
}
