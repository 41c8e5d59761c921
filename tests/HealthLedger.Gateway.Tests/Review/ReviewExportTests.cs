// docs/surfaces.md, "Review": exports and breach reports for a regulator; docs/formats/evidence.md; RFC 4180; OWASP "CSV Injection".
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Access;
using HealthLedger.Gateway.Review;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Gateway.Tests.Portal;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Review;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Review;

public sealed class ReviewExportTests : IAsyncLifetime
{
    private const string Span = "from=2026-11-20&to=2026-11-20";
    private static readonly string[] Closed = ["secret-patient", "secret-pulse", "other-patient", "Namely", "unconscious", "Observation/"];
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.Start(new TestClock());
        foreach (var patient in new[] { "secret-patient", "other-patient" })
        {
            (await _gateway.Put(Hospital, "Patient/" + patient, Records.Patient(patient, "Namely"))).Is(201);
            (await _gateway.Post(Hospital, "Consent", Records.Consent(null, patient, Records.Permit()))).Is(201);
        }

        (await _gateway.Put(Hospital, "Observation/secret-pulse", Records.Observation("secret-pulse", "secret-patient"))).Is(201);
        (await _gateway.Get(Clinic, "Observation?patient=secret-patient")).Is(200);
        (await _gateway.Get(Clinic, "Observation/secret-pulse", ("X-Purpose-Of-Use", "BTG"), ("X-Break-Glass-Reason", "unconscious"))).Is(200);
        (await _gateway.Get(Clinic, "Patient/other-patient")).Is(200);
        (await _gateway.Get(Stranger, "Observation/secret-pulse")).Is(404);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_bundle_verifies_with_Proofs_alone_and_no_byte_of_it_can_be_changed()
    {
        var answer = (await _gateway.Get(Auditor, "/ledger/review/export?format=bundle&client=clinic&" + Span)).Is(200);
        Assert.Equal((2UL, "attachment; filename=\"evidence.jsonl\""), (answer.Growth, answer.Headers["Content-Disposition"]));
        var verdict = Verify(answer.Body);
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal((answer.Headers["X-Ledger-Count"], null), (verdict.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), verdict.Seal!.Next));
        Assert.Equal(("auditor", "HCOMPL"), (verdict.Asked!.Opening.ValueOf(FactField.Client), verdict.Asked.Opening.ValueOf(FactField.Purpose)));
        Assert.All(Closed, closed => Assert.DoesNotContain(closed, answer.Text, StringComparison.Ordinal));
        for (var at = 0; at < answer.Body.Length; at += 61)
        {
            var changed = answer.Body.ToArray();
            changed[at] ^= 0x01;
            Assert.False(Verify(changed).Holds, $"byte {at}");
        }
    }

    [Fact]
    public async Task AuditEvents_one_to_a_line_prove_themselves()
    {
        var answer = (await _gateway.Get(Auditor, "/ledger/review/export?format=ndjson&patient=secret-patient")).Is(200);
        var lines = answer.Text.TrimEnd('\n').Split('\n');
        Assert.Equal(answer.Headers["X-Ledger-Count"], $"{lines.Length}");
        Assert.All(lines, line => Assert.True(AuditEventProof.Verify(Encoding.UTF8.GetBytes(line), Policy()).IsValid));
        Assert.All(lines, line => Assert.Contains("Patient/secret-patient", line, StringComparison.Ordinal));
        Assert.DoesNotContain("secret-pulse", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_has_a_line_for_each_event_and_no_formula()
    {
        var answer = (await _gateway.Get(Auditor, "/ledger/review/export?format=csv&decision=refused")).Is(200);
        var lines = answer.Text.Split("\r\n");
        Assert.Equal(["\"entry\",\"time\",\"event\",\"client\",\"user\",\"organization\",\"purpose\",\"interaction\",\"decision\",\"reason\",\"obligations\",\"patient\",\"records\",\"request\"", lines[1], ""], lines);
        Assert.Matches("^\"[0-9]+\",\"2026-11-20T12:00:00.000Z\",\"refusal\",\"stranger\",\"\",\"Organization/harbour\",\"TREAT\",\"read\",\"deny\",\"implicit-deny\",\"\",\"P-[0-9a-f]{16}\",\"1\",\"[0-9a-f]{16}\"$", lines[1]);
    }

    [Fact]
    public async Task A_breach_report_says_what_a_client_opened_and_of_whom()
    {
        var answer = (await _gateway.SendBytes(Auditor, "POST", "/ledger/review/breach", Encoding.UTF8.GetBytes("format=json&client=clinic&" + Span), "application/x-www-form-urlencoded")).Is(200);
        Assert.Equal(2UL, answer.Growth);
        Assert.Equal((3, true), (answer.Json["accesses"]!.AsArray().Count, answer.Json["whole"]!.GetValue<bool>()));
        var patients = answer.Json["patients"]!.AsArray().OrderBy(p => p!["accesses"]!.GetValue<int>()).ToArray();
        Assert.Equal([1, 2], patients.Select(p => p!["accesses"]!.GetValue<int>()));
        Assert.Equal("2026-11-20T12:00:00.000Z", patients[0]!["first"]!.GetValue<string>());
        Assert.All(Closed, closed => Assert.DoesNotContain(closed, answer.Text, StringComparison.Ordinal));
        var csv = (await _gateway.Get(Auditor, "/ledger/review/breach?format=csv&client=clinic&" + Span)).Is(200);
        Assert.Equal(5, csv.Text.Split("\r\n").Length);
        Assert.Empty((await _gateway.Get(Auditor, "/ledger/review/breach?format=json&client=clinic&from=2026-11-19&to=2026-11-19")).Is(200).Json["accesses"]!.AsArray());
        Assert.Equal(3, (await _gateway.Get(Auditor, "/ledger/review/breach?format=json&client=clinic&from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00.001Z")).Is(200).Json["accesses"]!.AsArray().Count);
        Assert.Empty((await _gateway.Get(Auditor, "/ledger/review/breach?format=json&client=clinic&from=2026-11-20T11:00:00Z&to=2026-11-20T12:00:00Z")).Is(200).Json["accesses"]!.AsArray());
    }

    [Fact]
    public async Task An_operator_tells_whom_a_pseudonym_stands_for_and_nobody_else_does()
    {
        var report = (await _gateway.Get(Auditor, "/ledger/review/breach?format=json&client=clinic&" + Span)).Is(200);
        var pseudonyms = new JsonArray([.. report.Json["patients"]!.AsArray().Select(p => (JsonNode)p!["patient"]!.GetValue<string>()), "P-0000000000000000"]);
        var asked = new JsonObject { ["pseudonyms"] = pseudonyms };
        var answer = (await _gateway.Post(Operator, "/admin/pseudonyms", asked)).Is(200);
        Assert.Equal(2UL, answer.Growth);
        Assert.Equal(["Patient/other-patient", "Patient/secret-patient"], answer.Json.AsObject().Select(p => p.Value!.GetValue<string>()).Order());
        (await _gateway.Post(Auditor, "/admin/pseudonyms", asked)).Is(403);
        (await _gateway.Post(Clinic, "/admin/pseudonyms", asked)).Is(403);
        (await _gateway.Post(Operator, "/admin/pseudonyms", new JsonObject { ["pseudonyms"] = new JsonArray("Patient/x") })).Is(400);
        (await _gateway.Get(Operator, "/ledger/review/breach?format=json&client=clinic&" + Span)).Is(403);
    }

    [Theory]
    [InlineData("export?format=pdf")]
    [InlineData("export?format=csv&since=2026-01-01")]
    [InlineData("export?format=csv&from=yesterday")]
    [InlineData("export?format=csv&from=2026-02-02&to=2026-02-01T00:00:00Z")]
    [InlineData("export?format=bundle&from=2026-02-02&to=2026-02-01")]
    [InlineData("export?format=csv&purpose=XX")]
    [InlineData("export?format=csv&patient=not%20an%20id")]
    [InlineData("export?format=csv&format=csv")]
    [InlineData("export?format=csv&before=-1")]
    [InlineData("breach?format=json&client=clinic&from=2026-11-20")]
    [InlineData("breach?format=bundle&client=clinic&from=2026-11-20&to=2026-11-20")]
    public async Task What_is_not_understood_is_refused_and_costs_no_entry(string path)
    {
        var answer = await _gateway.Get(Auditor, "/ledger/review/" + path);
        Assert.Equal((400, 0UL), (answer.Status, answer.Growth));
        (await _gateway.Get(Clinic, "/ledger/review/" + path)).Is(403);
    }

    [Fact]
    public async Task A_third_at_once_is_told_to_wait_in_the_words_of_every_other_refusal_and_costs_no_entry()
    {
        var exports = _gateway.Host.Services.GetRequiredService<ReviewExports>();
        Assert.True(exports.TryEnter() && exports.TryEnter() && !exports.TryEnter());
        foreach (var path in new[] { "export?format=csv", "export?format=bundle", "breach?format=json&client=clinic&" + Span })
        {
            var busy = (await _gateway.Get(Auditor, "/ledger/review/" + path)).Is(429);
            Assert.Equal(("OperationOutcome", "throttled", "5", 0UL), (busy.Json["resourceType"]!.GetValue<string>(), busy.Json["issue"]![0]!["code"]!.GetValue<string>(), busy.Headers["Retry-After"], busy.Growth));
            Assert.Equal((await _gateway.Get(Auditor, "/ledger/review/export?format=pdf")).Is(400).Headers["Content-Type"], busy.Headers["Content-Type"]);
        }

        exports.Leave();
        (await _gateway.Get(Auditor, "/ledger/review/export?format=csv")).Is(200);
        exports.Leave();
        var tooLong = await _gateway.SendBytes(Auditor, "POST", "/ledger/review/export", new byte[9 * 1024], "application/x-www-form-urlencoded");
        Assert.Equal((400, "OperationOutcome", 0UL), (tooLong.Status, tooLong.Json["resourceType"]!.GetValue<string>(), tooLong.Growth));
    }

    [Fact]
    public async Task Going_on_with_before_gives_what_came_earlier()
    {
        var whole = (await _gateway.Get(Auditor, "/ledger/review/export?format=csv")).Is(200).Text.Split("\r\n")[1..^1];
        var middle = whole[2].Split(',')[0].Trim('"');
        var rest = (await _gateway.Get(Auditor, $"/ledger/review/export?format=csv&before={middle}")).Is(200).Text.Split("\r\n")[1..^1];
        Assert.Equal(whole[3..], rest);
    }

    [Fact]
    public async Task The_page_has_a_form_for_each_and_only_regulators_get_a_file()
    {
        using var regulator = await Person.SignedIn(_gateway, CallerRole.Regulator);
        var page = (await regulator.Load("/review")).Is(200);
        PageRules.Hold(page);
        var csv = (await regulator.Submit(page.Form("/review/breach"), ("client", "clinic"), ("from", "2026-11-20"), ("to", "2026-11-20"), ("format", "csv"))).Is(200);
        Assert.Equal("attachment; filename=\"breach.csv\"", csv.Headers["Content-Disposition"]);
        Assert.Equal(5, csv.Html.Split("\r\n").Length);
        var bundle = (await regulator.Submit(page.Form("/review/export"), ("format", "bundle"))).Is(200);
        Assert.True(Verify(Encoding.UTF8.GetBytes(bundle.Html)).Holds);
        PageRules.Hold((await regulator.Submit(page.Form("/review/export"), ("format", "bundle"), ("from", "yesterday"))).Is(422));
        (await regulator.Post("/review/export", new() { ["format"] = "csv" })).Is(400);
        using var patient = await Person.SignedIn(_gateway, CallerRole.Patient, "secret-patient");
        (await patient.Post("/review/export", new() { ["format"] = "csv" })).Is(303);
    }

    private EvidenceVerdict Verify(byte[] bundle)
    {
        using var verification = new EvidenceVerification(Policy());
        var lines = Encoding.Latin1.GetString(bundle).Split('\n');
        foreach (var line in lines[^1].Length == 0 ? lines[..^1] : lines)
        {
            verification.Add(Encoding.Latin1.GetBytes(line));
        }

        return verification.Finish();
    }

    private LogPolicy Policy() => LogPolicy.ForLog(NoteVerifier.Parse(_gateway.Host.Storage.Ledger.VerifierKey).Value);
}
