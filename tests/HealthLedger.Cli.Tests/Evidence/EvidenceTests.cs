// docs/formats/evidence.md: `healthledger audit FILE`, offline, with a pinned key. The bundle and the AuditEvent are the frozen vectors of the formats.
using System.Text;
using System.Text.Json;
using HealthLedger.Cli.Tests.Kit;

namespace HealthLedger.Cli.Tests.Evidence;

public sealed class EvidenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hl-evidence-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_bundle_verifies_and_what_it_cannot_show_is_said()
    {
        var outcome = await Audit(Frozen("evidence.jsonl"));
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        Assert.Contains("Asked    by auditor at 2023-11-14T22:13:29.000Z, entry 6: {\"client\":\"clinic\"", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("ask again with before=2", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("Whom a pseudonym stands for", outcome.Out, StringComparison.Ordinal);
        Assert.EndsWith("OK: 2 events as the ledger recorded them.", outcome.Out.TrimEnd(), StringComparison.Ordinal);
        var json = JsonDocument.Parse((await Audit(Frozen("evidence.jsonl"), "--json")).Out).RootElement;
        Assert.Equal(("ok", 2, 2, false), (json.GetProperty("result").GetString(), json.GetProperty("events").GetInt32(), json.GetProperty("next").GetInt32(), json.GetProperty("claimedWhole").GetBoolean()));
    }

    [Fact]
    public async Task AuditEvents_one_to_a_line_verify_each_and_none_twice()
    {
        var line = File.ReadAllText(Frozen("audit-event.json"));
        Assert.Equal(ExitCode.Ok, (await Audit(Write(line + "\n"))).Code);
        Assert.Contains("a second time", (await Audit(Write(line + "\n" + line + "\n"))).Out, StringComparison.Ordinal);
        var changed = await Audit(Write(line + "\n" + line.Replace("\"TREAT\"", "\"HRESCH\"", StringComparison.Ordinal) + "\n"), "--json");
        Assert.Equal(ExitCode.Failed, changed.Code);
        var json = JsonDocument.Parse(changed.Out).RootElement;
        Assert.Equal(("audit-event-differs", 2), (json.GetProperty("code").GetString(), json.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task A_file_that_was_changed_or_cut_anywhere_fails()
    {
        var bundle = File.ReadAllBytes(Frozen("evidence.jsonl"));
        for (var at = 0; at < bundle.Length; at += 97)
        {
            var changed = bundle.ToArray();
            changed[at] ^= 0x01;
            Assert.Equal(ExitCode.Failed, (await Audit(Write(changed))).Code);
            Assert.Equal(ExitCode.Failed, (await Audit(Write(bundle[..at]))).Code);
        }

        Assert.Equal(ExitCode.Failed, (await Audit(Write(bundle[..^1]))).Code);
        Assert.Equal(ExitCode.Failed, (await Audit(Write([.. bundle, (byte)'\n']))).Code);
        Assert.Equal(ExitCode.Failed, (await Audit(Write([.. bundle, .. bundle]))).Code);
    }

    [Fact]
    public async Task Without_a_key_with_another_key_and_without_a_file_it_says_so()
    {
        var unpinned = await Command.Run("audit", Frozen("evidence.jsonl"));
        Assert.Equal((ExitCode.Unpinned, ""), (unpinned.Code, unpinned.Out));
        using var other = new GeneratedLog(1);
        Assert.Equal(ExitCode.Failed, (await Command.Run("audit", Frozen("evidence.jsonl"), "--vkey", other.Vkey)).Code);
        Assert.Equal(ExitCode.Unreachable, (await Audit(Path.Combine(_folder, "absent"))).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("audit", Frozen("evidence.jsonl"), "--vkey", "nonsense")).Code);
        Assert.Equal(ExitCode.Usage, (await Audit(Frozen("evidence.jsonl"), "--client", Frozen("policy.txt"))).Code);
        Assert.Equal(ExitCode.Usage, (await Audit(Frozen("evidence.jsonl"), "--state", Path.Combine(_folder, "seen"))).Code);
    }

    [Fact]
    public async Task A_line_without_end_is_not_kept_in_memory_for_ever()
    {
        var outcome = await Audit(Write([.. "{"u8, .. Enumerable.Repeat((byte)' ', 9 * 1024 * 1024)]));
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("has more than", outcome.Out, StringComparison.Ordinal);
    }

    private static Task<Outcome> Audit(string file, params string[] more) => Command.Run(["audit", file, "--policy", Frozen("policy.txt"), .. more]);

    private static string Frozen(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    private string Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    private string Write(byte[] bytes)
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllBytes(file, bytes);
        return file;
    }
}
