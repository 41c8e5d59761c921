// docs/operations.md, "Erasing a patient's records": readers and writers hammer while a patient is erased. Nothing ends in a fault, and what begins after the acknowledgement finds nobody.
using System.Collections.Concurrent;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Fhir.Export;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Attacks;

public sealed class ErasureRaceTests(SmallHospital hospital) : IClassFixture<SmallHospital>
{
    private readonly TestGateway _gateway = hospital.Gateway;

    [Fact]
    public async Task Who_is_erased_is_answered_as_ever_or_as_one_who_never_was_and_nothing_else()
    {
        for (var round = 0; round < 8; round++)
        {
            var patient = $"racer-{round}";
            await _gateway.AddPatient(patient);
            var export = await _gateway.KickOff(Clinic, "$export?_type=Observation");
            var answers = new ConcurrentDictionary<(string Path, int Status), int>();
            var (erased, after) = (0, new ConcurrentDictionary<string, bool>());
            using var stop = new CancellationTokenSource();
            string[] paths =
            [
                $"Observation/pulse-{patient}", $"Observation/pulse-{patient}/_history/1", $"Observation/pulse-{patient}/_history", $"Observation?patient={patient}", "Observation/_history",
                $"Patient/{patient}/$everything", $"Patient?_id={patient}&_revinclude=Observation:subject", "the export",
            ];
            var readers = paths.Select(path => Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var late = Volatile.Read(ref erased) == 1;
                    var answer = path == "the export" ? await _gateway.File(Clinic, export, "Observation") : await _gateway.Get(Clinic, path);
                    answers.AddOrUpdate((path, answer.Status), 1, (_, count) => count + 1);
                    Assert.True(answer.Status is 200 or 404, $"{path}: {answer.Status} {answer.Text}");
                    Assert.False(late && answer.Text.Contains("pulse-" + patient, StringComparison.Ordinal) && answer.Status == 200, path + " after the end: " + answer.Text);
                    if (late)
                    {
                        after[path] = true;
                    }
                }
            })).ToList();
            await Until(() => paths.All(path => answers.ContainsKey((path, 200))), readers);
            (await _gateway.Erase(patient)).Is(200);
            Volatile.Write(ref erased, 1);
            await Until(() => paths.All(after.ContainsKey), readers);
            await stop.CancelAsync();
            await Task.WhenAll(readers);
            (await _gateway.Delete(Clinic, new Uri(export).PathAndQuery)).Is(202);
        }
    }

    /// <summary>Waits for what the readers do, and no longer than they go on.</summary>
    private static async Task Until(Func<bool> met, List<Task> readers)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!met() && !readers.Any(reader => reader.IsFaulted))
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
