// HL7 FHIR Bulk Data Access 2.0.0, "Bulk Data Delete Request", "Response - Error Status", and docs/threats.md, "A withdrawal that comes too late": it holds for jobs too; who did not ask is told nothing.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Fhir.Export;
using HealthLedger.Gateway.Tests.Hosting;
using static HealthLedger.Gateway.Tests.Fhir.Export.Exports;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fhir.Export;

public sealed class ExportLifeTests
{
    [Fact]
    public async Task Whom_a_withdrawal_takes_out_before_the_download_is_left_out()
    {
        await using var gateway = await TestGateway.Start();
        var (patient, consent) = await Consenting(gateway);
        var status = await gateway.KickOff(Clinic, "Patient/$export");
        Assert.Equal([patient], (await gateway.File(Clinic, status, "Patient")).LineIds());
        (await gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
        var file = await gateway.File(Clinic, status, "Patient");
        Assert.Equal((200, 0, 1u + State), (file.Status, file.Body.Length, file.Growth));
    }

    [Fact]
    public async Task A_file_is_read_no_faster_than_its_client_reads_and_a_withdrawal_takes_out_who_was_not_reached()
    {
        await using var gateway = await TestGateway.Start();
        var pages = await Heavy(gateway);
        var (_, consent) = await Consenting(gateway, "Later");
        var status = await gateway.KickOff(Clinic, "Patient/$export?_type=Observation");
        var before = gateway.LedgerSize;
        var (client, reader) = await gateway.OpenSlowly(Clinic, status + "/Observation.ndjson");
        using (client)
        using (reader)
        {
            Assert.NotNull(await reader.ReadLineAsync());

            // Each page has one entry and one of its patient: what is not recorded yet is not opened either.
            Assert.InRange(gateway.LedgerSize - before, 2u + State, (2u + State) * (pages - 1));
            (await gateway.Delete(Hospital, "Consent/" + consent)).Is(204);
            var lines = 1;
            while (await reader.ReadLineAsync() is { } line)
            {
                lines++;
                Assert.Contains("heavy", line, StringComparison.Ordinal);
            }

            Assert.Equal(HeavyRecords, lines);
        }
    }

    [Fact]
    public async Task An_export_that_is_ended_ends_its_downloads_without_an_end_of_the_file()
    {
        await using var gateway = await TestGateway.Start();
        await Heavy(gateway);
        var status = await gateway.KickOff(Clinic, "Patient/$export?_type=Observation");
        var (client, reader) = await gateway.OpenSlowly(Clinic, status + "/Observation.ndjson");
        using (client)
        using (reader)
        {
            Assert.NotNull(await reader.ReadLineAsync());
            var end = (await gateway.Delete(Clinic, status)).Is(202);
            Assert.Equal(0u, end.Growth);
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                while (await reader.ReadLineAsync() is not null)
                {
                }
            });
        }

        (await gateway.Get(Clinic, status)).IsFault(404, "not-found");
        (await gateway.Get(Clinic, status + "/Observation.ndjson")).IsFault(404, "not-found");
        (await gateway.Delete(Clinic, status)).IsFault(404, "not-found");
    }

    [Fact]
    public async Task An_export_is_for_who_asked_and_for_the_purpose_alone()
    {
        await using var gateway = await TestGateway.Start(new TestClock());
        await Consenting(gateway);
        var status = await gateway.KickOff(Clinic, "Patient/$export?_type=Patient");
        var never = status[..^32] + new string('0', 32);
        foreach (var path in new[] { "", "/Patient.ndjson", "/Zebedee.ndjson", "/a/b" })
        {
            foreach (var method in new[] { "GET", "DELETE", "POST" })
            {
                foreach (var client in new[] { Hospital, Stranger, Researcher, Auditor })
                {
                    await Same(client, method, path);
                }

                await Same(Clinic, method, path, ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "curious"));
            }
        }

        (await gateway.Get(Clinic, status)).Is(200);

        async Task Same(string client, string method, string path, params (string, string)[] headers)
        {
            var foreign = await gateway.Send(client, method, status + path, null, headers);
            var absent = await gateway.Send(client, method, never + path, null, headers);
            foreign.IsFault(404, "not-found");
            Assert.Equal(absent.Text, foreign.Text);
            Assert.Equal((0u, 0u), (absent.Growth, foreign.Growth));
            Assert.Equal(absent.Headers.Keys.Order(StringComparer.Ordinal), foreign.Headers.Keys.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task An_export_outlives_a_restart_and_rests_sealed()
    {
        using var directory = new TestDirectory();
        using var clients = new TestClients();
        string kept, ended, patient;
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            (patient, _) = await Consenting(gateway);
            kept = Path(await gateway.KickOff(Clinic, "Patient/$export", Parameter("patient", "Reference", Records.Reference("Patient/" + patient))));
            ended = Path(await gateway.KickOff(Clinic, "Patient/$export"));
            (await gateway.Delete(Clinic, ended)).Is(202);
        }

        var file = Assert.Single(Directory.GetFiles(System.IO.Path.Combine(directory.Data, "exports")));
        var bytes = await File.ReadAllBytesAsync(file);
        Assert.DoesNotContain(patient, System.Text.Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.DoesNotContain(System.IO.Path.GetFileName(file), kept, StringComparison.Ordinal);
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            (await gateway.Get(Clinic, kept)).Is(200);
            Assert.Equal([patient], (await gateway.Get(Clinic, kept + "/Patient.ndjson")).LineIds());
            (await gateway.Get(Clinic, ended)).IsFault(404, "not-found");
        }

        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await using (var gateway = await TestGateway.Start(directory, clients))
        {
            (await gateway.Get(Clinic, kept)).IsFault(404, "not-found");
        }

        static string Path(string url) => new Uri(url).AbsolutePath;
    }

    [Fact]
    public async Task A_client_has_so_many_exports_open_and_each_expires()
    {
        var clock = new TestClock();
        await using var gateway = await TestGateway.Start(clock);
        var all = new List<string>();
        for (var i = 0; i < ExportJobs.MaximumOpen; i++)
        {
            all.Add(await gateway.KickOff(Clinic, "$export?_type=Patient"));
        }

        var refused = (await gateway.Get(Clinic, "$export", Async)).IsFault(429, "throttled");
        Assert.Equal(0u, refused.Growth);
        Assert.Equal(ExportJobs.Lifetime.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture), refused.Headers["Retry-After"]);
        await gateway.KickOff(Stranger, "$export?_type=Patient");
        (await gateway.Delete(Clinic, all[0])).Is(202);
        await gateway.KickOff(Clinic, "$export?_type=Patient");

        clock.Advance(ExportJobs.Lifetime);
        gateway.ForgetTokens();
        (await gateway.Get(Clinic, all[1])).IsFault(404, "not-found");
        await gateway.KickOff(Clinic, "$export?_type=Patient");
    }

    [Fact]
    public async Task A_client_reads_so_many_files_at_once()
    {
        await using var gateway = await TestGateway.Start();
        await Heavy(gateway);
        var file = await gateway.KickOff(Clinic, "Patient/$export?_type=Observation") + "/Observation.ndjson";
        var open = new List<(HttpClient Client, StreamReader Reader)>();
        for (var i = 0; i < FhirExports.MaximumDownloads; i++)
        {
            open.Add(await gateway.OpenSlowly(Clinic, file));
        }

        var refused = (await gateway.Get(Clinic, file)).IsFault(429, "throttled");
        Assert.Equal(0u, refused.Growth);
        Assert.True(refused.Headers.ContainsKey("Retry-After"));
        foreach (var (client, reader) in open)
        {
            reader.Dispose();
            client.Dispose();
        }

        // Whoever went away holds no place.
        Answer answer;
        do
        {
            answer = await gateway.Get(Clinic, file);
        }
        while (answer.Status == 429);
        Assert.Equal(HeavyRecords, answer.Lines().Length);
    }

    private const int HeavyRecords = 700;

    /// <summary>The ledger's own last entry of each batch.</summary>
    private const uint State = 1;

    /// <summary>A patient who permits the clinic everything, with far more than fits into the buffers between server and client; how many pages that is.</summary>
    private static async Task<uint> Heavy(TestGateway gateway)
    {
        (await gateway.Put(Hospital, "Patient/heavy", Records.Patient("heavy", "Heavy"))).Is(201);
        (await gateway.Post(Hospital, "Consent", Records.Consent(null, "heavy", Records.Permit()))).Is(201);
        for (var i = 0; i < HeavyRecords; i += 100)
        {
            var entries = Enumerable.Range(0, 100).Select(_ => Records.Entry("POST", "Observation", Records.Observation(null, "heavy").With("note", new JsonArray(new JsonObject { ["text"] = new string('x', 20_000) }))));
            (await gateway.Post(Hospital, "", Records.Bundle("transaction", [.. entries]))).Is(200);
        }

        return (HeavyRecords + 199) / 200;
    }

    private static async Task<(string Patient, string Consent)> Consenting(TestGateway gateway, string family = "Openshaw")
    {
        var patient = (await gateway.Post(Hospital, "Patient", Records.Patient(null, family))).Is(201).Id;
        (await gateway.Post(Hospital, "Observation", Records.Observation(null, patient))).Is(201);
        return (patient, (await gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201).Id);
    }
}
