// docs/surfaces.md, "Recorded events": what a client opened between two times, and of whom; asked of a running gateway, and of a server that does as it likes.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Cli.Breach;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Cli.Tests.Strangers;

namespace HealthLedger.Cli.Tests.Breach;

public sealed class BreachReportTests(DemoGateway gateway) : IClassFixture<DemoGateway>
{
    private static readonly string Today = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    private static readonly string Yesterday = DateTime.UtcNow.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [Fact]
    public async Task It_says_what_a_client_opened_and_of_whom()
    {
        await gateway.Receipt("/fhir/Patient");
        var outcome = await Command.Run("breach-report", "demo-clinic", "--from", Yesterday, "--to", Today, "--client", gateway.Credentials, "--json");
        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        var report = JsonNode.Parse(outcome.Out)!;
        Assert.Equal(("demo-clinic", Yesterday + "T00:00:00.000Z"), (report["client"]!.GetValue<string>(), report["since"]!.GetValue<string>()));
        var (patients, accesses) = (report["patients"]!.AsArray(), report["accesses"]!.AsArray());
        Assert.NotEmpty(patients);
        Assert.Equal(accesses.Count(access => access!["patient"] is not null), patients.Sum(patient => patient!["accesses"]!.GetValue<int>()));
        Assert.All(patients, patient => Assert.Matches("^P-[0-9a-f]{16}$", patient!["patient"]!.GetValue<string>()));

        var text = await Command.Run("breach-report", "demo-clinic", "--from", Yesterday, "--to", Today, "--client", gateway.Credentials);
        Assert.Equal(ExitCode.Ok, text.Code);
        Assert.Matches($"^demo-clinic opened records of {patients.Count} patients? in [0-9]+ accesse?s?, from ", text.Out);
        Assert.All(patients, patient => Assert.Contains(patient!["patient"]!.GetValue<string>(), text.Out, StringComparison.Ordinal));

        var nobody = await Command.Run("breach-report", "demo-nobody", "--from", Yesterday, "--to", Today, "--client", gateway.Credentials);
        Assert.Equal(ExitCode.Ok, nobody.Code);
        Assert.Contains("records of 0 patients in 0 accesses", nobody.Out, StringComparison.Ordinal);
        Assert.Contains("An id that is no client's is answered alike", nobody.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_no_auditor_is_refused_and_what_is_wrong_is_said()
    {
        var clinic = await Command.Run("breach-report", "demo-clinic", "--from", Today, "--to", Today, "--client", gateway.Credentials, "--as", "demo-clinic");
        Assert.Equal(ExitCode.Failed, clinic.Code);
        Assert.Equal("refused: This is for auditors with the scope healthledger/audit, for the purpose HCOMPL. (403)", clinic.Error.Trim());
        var backwards = await Command.Run("breach-report", "demo-clinic", "--from", Today, "--to", "2020-01-01", "--client", gateway.Credentials);
        Assert.Equal(ExitCode.Failed, backwards.Code);
        Assert.Contains("(400)", backwards.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("yesterday", "2026-11-20")]
    [InlineData("2026-11-20", "2026-11-20T08:00:00+01:00")]
    [InlineData("2026-02-30", "2026-11-20")]
    public async Task A_time_that_is_none_is_a_matter_of_usage(string from, string to) =>
        Assert.Equal(ExitCode.Usage, (await Command.Run("breach-report", "demo-clinic", "--from", from, "--to", to, "--client", gateway.Credentials)).Code);

    [Fact]
    public async Task What_is_missing_is_a_matter_of_usage_and_who_is_not_there_unreachable()
    {
        Assert.Equal(ExitCode.Usage, (await Command.Run("breach-report", "demo-clinic", "--from", Today, "--client", gateway.Credentials)).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("breach-report", "demo-clinic", "--from", Today, "--to", Today, "--client", "/nowhere.json")).Code);
        var file = gateway.NewFile();
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(gateway.Credentials)).Replace(gateway.Url, "http://127.0.0.1:1", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("breach-report", "demo-clinic", "--from", Today, "--to", Today, "--client", file)).Code);
        Assert.Contains("healthledger breach-report", (await Command.Run("breach-report", "--help")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_add_up_and_what_others_chose_steers_no_terminal()
    {
        var report = new BreachAnswer("cl\u001b[2Jinic");
        Assert.Equal(40UL, report.Add(Page("2026-11-20T10:00:00.000Z", 90, 40, """{"time":"t","entry":50,"patient":"P-1","records":2,"user":"Practitioner/\u001b]0;x\u0007\u202e","purpose":null,"interaction":"read"}""")));
        Assert.Null(report.Add(Page("2026-11-20T08:00:00.000Z", 92, null, """{"time":"t","entry":30,"patient":"P-1","records":1,"user":null,"purpose":"TREAT","interaction":"read"}""")));
        var json = JsonNode.Parse(report.ToJson())!;
        Assert.Equal([90UL, 92UL], json["asked"]!.AsArray().Select(entry => entry!.GetValue<ulong>()));
        var patient = Assert.Single(json["patients"]!.AsArray())!;
        Assert.Equal(
            (2L, 3L, "2026-11-20T08:00:00.000Z", "2026-11-20T10:00:00.000Z"),
            (patient["accesses"]!.GetValue<long>(), patient["records"]!.GetValue<long>(), patient["first"]!.GetValue<string>(), patient["last"]!.GetValue<string>()));
        Assert.Equal([50, 30], json["accesses"]!.AsArray().Select(access => access!["entry"]!.GetValue<int>()));
        Assert.DoesNotContain(report.ToText(), c => char.IsControl(c) && c is not ('\n' or '\r'));
        Assert.DoesNotContain("\u202e", report.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_report_has_no_end_is_left()
    {
        await using var endless = await EndlessReport.Start();
        var outcome = await Command.Run("breach-report", "c", "--from", Today, "--to", Today, "--client", await endless.Credentials(gateway));
        Assert.Equal(ExitCode.Unreachable, outcome.Code);
        Assert.Contains("does not come to an end within 2000 pages", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(BreachQuestions.MaxPages, endless.Pages);
    }

    private static JsonElement Page(string time, ulong asked, ulong? next, string access) => JsonDocument.Parse($$"""
        {"client":"c","since":"s","until":"u","asked":{{asked}},"whole":{{(next is null ? "true" : "false")}}{{(next is { } on ? $",\"next\":{on}" : "")}},
        "accesses":[{{access}}],"patients":[{"patient":"P-1","first":"{{time}}","last":"{{time}}","accesses":1,"records":{{(next is null ? 1 : 2)}}}]}
        """).RootElement;
}
