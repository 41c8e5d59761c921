// docs/formats/entry.md, consent-state-map.md ("Replay"); c2sp.org/tlog-tiles; RFC 6962 section 2.1. What an auditor who reads every entry finds.
using System.Text.Json;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Cli.Tests.Audit;

public sealed class AuditTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hl-audit-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(40)]
    public async Task An_honest_ledger_passes_and_each_part_says_whether_it_was_checked(int batches)
    {
        using var log = new ConsentLedger(batches).ToLog();
        var first = await Audit(log, "--state", Path.Combine(folder, "seen"));
        Assert.Equal(ExitCode.Ok, first.Code);
        Assert.Equal(
            new()
            {
                ["signature"] = "passed", ["witnesses"] = "not-checked", ["inclusion"] = "passed", ["append-only"] = "not-checked", ["map-replay"] = "passed",
                ["epochs"] = "not-checked", ["facts"] = "not-checked", ["completeness"] = "not-checked",
            },
            Parts(first));

        using var grown = new ConsentLedger(batches + 3).ToLog();
        var second = await Audit(grown, "--state", Path.Combine(folder, "seen"));
        Assert.Equal((ExitCode.Ok, "passed"), (second.Code, Parts(second)["append-only"]));
    }

    [Fact]
    public async Task A_false_map_root_in_one_STATE_entry_and_the_right_one_in_the_next_is_found()
    {
        var ledger = new ConsentLedger(12);
        var at = ledger.States[5];
        var honest = ledger.Entries[at];
        ledger.Entries[at] = LedgerEntry.ForState(TimeOf(honest), ledger.Entries[ledger.States[0]].Commitment, honest.StateCount, honest.PreviousState);
        await FailsInReplay(ledger, at, "replay-state-root");
    }

    [Fact]
    public async Task A_false_count_or_a_skipped_STATE_entry_is_found()
    {
        foreach (var (count, back, code) in new[] { (1UL, 0UL, "replay-state-count"), (0UL, 1UL, "replay-state-previous") })
        {
            var ledger = new ConsentLedger(12);
            var at = ledger.States[5];
            var honest = ledger.Entries[at];
            ledger.Entries[at] = LedgerEntry.ForState(TimeOf(honest), honest.Commitment, honest.StateCount + count, honest.PreviousState - back);
            await FailsInReplay(ledger, at, code);
        }
    }

    [Fact]
    public async Task A_consent_granted_again_under_its_handle_is_found()
    {
        var ledger = new ConsentLedger(3);
        var again = ledger.Entries.First(entry => entry.Operation == ConsentOperation.Grant);
        ledger.Entries.Add(again);
        ledger.AddState();
        var outcome = await Audit(ledger);
        Assert.Equal(("passed", "failed"), (Parts(outcome)["inclusion"], Parts(outcome)["map-replay"]));
        Assert.Contains(Findings(outcome), finding => finding.GetProperty("code").GetString() == "replay-grant");
    }

    [Fact]
    public async Task A_changed_byte_of_any_entry_is_found_and_the_entry_named()
    {
        var random = new Random(3);
        using var log = new ConsentLedger(20).ToLog();
        foreach (var bundle in log.Files.Keys.Where(path => path.StartsWith("tile/entries/", StringComparison.Ordinal)).ToList())
        {
            var honest = log.Files[bundle];
            var entry = random.Next(honest.Length / 258);
            log.Files[bundle] = [.. honest];
            log.Files[bundle][(entry * 258) + 2 + random.Next(256)] ^= (byte)(1 << random.Next(8));
            var outcome = await Audit(log);
            Assert.Equal((ExitCode.Failed, "failed"), (outcome.Code, Parts(outcome)["inclusion"]));
            Assert.NotEqual("passed", Parts(outcome)["map-replay"]);
            Assert.Contains(Findings(outcome), finding =>
                finding.GetProperty("code").GetString() == "tile-entry" && finding.GetProperty("file").GetString() == bundle.Split(".p/")[0] && finding.GetProperty("hash").GetInt32() == entry);
            log.Files[bundle] = honest;
        }
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("length")]
    public async Task A_bundle_that_cannot_be_read_fails_and_nothing_after_it_is_said_to_hold(string how)
    {
        using var log = new ConsentLedger(20).ToLog();
        const string path = "tile/entries/001";
        var honest = log.Files[path];
        log.Files.Remove(path);
        if (how != "missing")
        {
            log.Files[path] = how switch { "short" => honest[..^1], "long" => [.. honest, 0], _ => [0, .. honest[1..]] };
        }

        var outcome = await Audit(log);
        var parts = Parts(outcome);
        Assert.Equal((ExitCode.Failed, "failed", "not-checked"), (outcome.Code, parts["inclusion"], parts["map-replay"]));
        Assert.NotEmpty(Findings(outcome));
    }

    [Fact]
    public async Task A_rewritten_ledger_is_convicted_and_both_signed_notes_are_shown_and_kept()
    {
        using var before = new ConsentLedger(10).ToLog();
        using var after = new ConsentLedger(11, seed: 2).ToLog();
        var seen = Path.Combine(folder, "seen");
        await File.WriteAllBytesAsync(seen, before.Files["checkpoint"]);
        var outcome = await Audit(after, "--state", seen);
        Assert.Equal((ExitCode.Failed, "failed", "passed"), (outcome.Code, Parts(outcome)["append-only"], Parts(outcome)["inclusion"]));
        foreach (var note in new[] { before, after })
        {
            Assert.Contains(System.Text.Encoding.UTF8.GetString(note.Files["checkpoint"]), outcome.Error, StringComparison.Ordinal);
        }

        Assert.Equal(after.Files["checkpoint"], await File.ReadAllBytesAsync(seen + ".conflict"));
        Assert.Equal(before.Files["checkpoint"], await File.ReadAllBytesAsync(seen));

        using var shorter = new ConsentLedger(5).ToLog();
        Assert.Equal("failed", Parts(await Audit(shorter, "--state", seen))["append-only"]);
    }

    [Fact]
    public async Task A_copy_with_a_changed_entry_does_not_convict_the_log_of_two_histories()
    {
        using var log = new ConsentLedger(20).ToLog();
        var seen = Path.Combine(folder, "seen");
        await File.WriteAllBytesAsync(seen, new ConsentLedger(10).ToLog().Files["checkpoint"]);
        log.Files["tile/entries/000"][20] ^= 1;
        var outcome = await Audit(log, "--state", seen);
        Assert.Equal((ExitCode.Failed, "not-checked"), (outcome.Code, Parts(outcome)["append-only"]));
        Assert.False(File.Exists(seen + ".conflict"));
    }

    [Fact]
    public async Task Another_key_and_a_missing_quorum_fail_before_anything_is_read()
    {
        using var log = new ConsentLedger(2).ToLog();
        const string other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        log.WriteTo(folder);
        var unsigned = await Command.Run("audit", folder, "--vkey", other, "--json");
        Assert.Equal((ExitCode.Failed, "failed", "not-checked"), (unsigned.Code, Parts(unsigned)["signature"], Parts(unsigned)["map-replay"]));

        var policy = Path.Combine(folder, "policy");
        await File.WriteAllTextAsync(policy, $"log {log.Vkey}\nwitness w {log.WitnessVkey}\nquorum w\n");
        Assert.Equal("failed", Parts(await Command.Run("audit", folder, "--policy", policy, "--json"))["witnesses"]);
        await File.WriteAllBytesAsync(Path.Combine(folder, "checkpoint"), log.Cosigned);
        Assert.Equal("passed", Parts(await Command.Run("audit", folder, "--policy", policy, "--json"))["witnesses"]);
    }

    [Fact]
    public async Task Mistakes_on_the_command_line_are_usage_and_no_key_is_unpinned()
    {
        using var log = new ConsentLedger(1).ToLog();
        log.WriteTo(folder);
        var file = Path.Combine(folder, "clients");
        await File.WriteAllTextAsync(file, """{"fhir":"http://127.0.0.1:1/fhir","clients":[{"clientId":"a","kind":"backend","jwk":{}},{"clientId":"b","kind":"backend","jwk":{}}]}""");
        string[][] mistakes =
        [
            ["audit", "http://127.0.0.1:1", "--vkey", log.Vkey],
            ["audit", folder, "--vkey", log.Vkey, "--client", file],
            ["audit", "http://127.0.0.1:1", "--vkey", log.Vkey, "--client", file],
            ["audit", "http://127.0.0.1:1", "--vkey", log.Vkey, "--client", file, "--as", "c"],
        ];
        foreach (var mistake in mistakes)
        {
            var outcome = await Command.Run(mistake);
            Assert.True(outcome.Code == ExitCode.Usage && outcome.Error.Length > 0, string.Join(' ', mistake) + outcome.Error);
        }

        Assert.Equal(ExitCode.Unpinned, (await Command.Run("audit", folder)).Code);
        Assert.Contains("healthledger audit", (await Command.Run("audit", "--help")).Out, StringComparison.Ordinal);
    }

    private async Task FailsInReplay(ConsentLedger ledger, int at, string code)
    {
        var outcome = await Audit(ledger);
        Assert.Equal((ExitCode.Failed, "passed", "failed"), (outcome.Code, Parts(outcome)["inclusion"], Parts(outcome)["map-replay"]));
        var finding = Assert.Single(Findings(outcome));
        Assert.Equal((code, at % 256), (finding.GetProperty("code").GetString(), finding.GetProperty("hash").GetInt32()));
    }

    private async Task<Outcome> Audit(ConsentLedger ledger)
    {
        using var log = ledger.ToLog();
        return await Audit(log);
    }

    private async Task<Outcome> Audit(GeneratedLog log, params string[] more)
    {
        var copy = Directory.CreateDirectory(Path.Combine(folder, Guid.NewGuid().ToString("N"))).FullName;
        log.WriteTo(copy);
        return await Command.Run(["audit", copy, "--vkey", log.Vkey, "--json", .. more]);
    }

    private static DateTimeOffset TimeOf(LedgerEntry entry) => DateTimeOffset.FromUnixTimeSeconds((long)entry.Time);

    private static Dictionary<string, string> Parts(Outcome outcome) => JsonDocument.Parse(outcome.Out).RootElement.GetProperty("parts").EnumerateArray()
        .ToDictionary(part => part.GetProperty("name").GetString()!, part => part.GetProperty("outcome").GetString()!);

    private static List<JsonElement> Findings(Outcome outcome) => [.. JsonDocument.Parse(outcome.Out).RootElement.GetProperty("findings").EnumerateArray()];
}
