// c2sp.org/tlog-tiles, tlog-checkpoint, signed-note, tlog-policy; RFC 6962 section 2.1. What a stranger can check of a ledger with a pinned key.
using System.Text.Json;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Cli.Tests.Verify;

public sealed class VerifyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hl-verify-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(600)]
    [InlineData(65_536 + 300)]
    public async Task An_honest_ledger_verifies_over_HTTP_and_from_a_directory(int size)
    {
        using var log = new GeneratedLog(size);
        await using var server = await FileServer.Start(log);
        var http = await Command.Run("verify", server.Url, "--vkey", log.Vkey);
        Assert.Equal((ExitCode.Ok, ""), (http.Code, http.Error));
        Assert.Contains($"Entries  {size}", http.Out);
        Assert.Contains("Inclusion", http.Out);
        Assert.Contains("Consent state", http.Out);
        Assert.Contains("Completeness", http.Out);
        Assert.StartsWith($"OK: {size} entries", LastLine(http));
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", server.Url + "/ledger/", "--vkey", log.Vkey)).Code);

        log.WriteTo(Path.Combine(folder, "ledger"));
        var inside = await Command.Run("verify", folder, "--vkey", log.Vkey);
        Assert.Equal((ExitCode.Ok, size > 0), (inside.Code, inside.Out.Contains("Entries: each entry")));
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", Path.Combine(folder, "ledger"), "--vkey", log.Vkey)).Code);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(256)]
    [InlineData(600)]
    [InlineData(1024)]
    public async Task One_flipped_bit_in_any_served_file_is_found_and_the_file_named(int size)
    {
        using var log = new GeneratedLog(size);
        await using var server = await FileServer.Start(log);
        foreach (var path in log.PublicFiles.ToList())
        {
            var honest = log.Files[path];
            foreach (var position in new[] { 0, honest.Length / 2, honest.Length - 1 })
            {
                server.Files[path] = Flip(honest, position);
                var outcome = await Command.Run("verify", server.Url, "--vkey", log.Vkey, "--json");
                Assert.True(outcome.Code == ExitCode.Failed, $"{path} at {position}: {outcome.Code}");
                Assert.Contains(Findings(outcome), finding => Mentions(finding, path));
            }

            server.Files[path] = honest;
        }

        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", server.Url, "--vkey", log.Vkey)).Code);
    }

    [Fact]
    public async Task Every_bit_of_the_checkpoint_counts()
    {
        using var log = new GeneratedLog(3);
        log.WriteTo(folder);
        var honest = log.Files["checkpoint"];
        for (var position = 0; position < honest.Length; position++)
        {
            File.WriteAllBytes(Path.Combine(folder, "checkpoint"), Flip(honest, position));
            var outcome = await Command.Run("verify", folder, "--vkey", log.Vkey);
            Assert.True(outcome.Code == ExitCode.Failed, $"byte {position}");
            Assert.StartsWith("FAILED at checkpoint: ", LastLine(outcome));
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_a_copied_entry_names_the_entry()
    {
        using var log = new GeneratedLog(600);
        log.WriteTo(folder);
        var bundle = log.Files["tile/entries/001"];
        var second = 2 + (bundle[0] << 8) + bundle[1];
        File.WriteAllBytes(Path.Combine(folder, "tile/entries/001"), Flip(bundle, second + 2));
        var outcome = await Command.Run("verify", folder, "--vkey", log.Vkey, "--json");
        var finding = Assert.Single(Findings(outcome));
        Assert.Equal((ExitCode.Failed, "tile/entries/001", 1), (outcome.Code, finding.GetProperty("file").GetString(), finding.GetProperty("hash").GetInt32()));
        Assert.Contains("Entry 257 ", finding.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("tile/0/001", "tile/0/001", null)]
    [InlineData("tile/1/000.p/2", "tile/1/000.p/2", 0)]
    public async Task The_changed_tile_is_told_from_its_neighbours(string changed, string named, int? hash)
    {
        using var log = new GeneratedLog(600);
        await using var server = await FileServer.Start(log);
        server.Files[changed] = Flip(log.Files[changed], 3);
        var finding = Assert.Single(Findings(await Command.Run("verify", server.Url, "--vkey", log.Vkey, "--json")));
        Assert.Equal(named, finding.GetProperty("file").GetString());
        Assert.Equal(hash, finding.TryGetProperty("hash", out var number) ? number.GetInt32() : null);
    }

    [Theory]
    [InlineData("tile/0/000")]
    [InlineData("tile/0/002.p/88")]
    [InlineData("tile/1/000.p/2")]
    public async Task A_missing_short_or_long_tile_fails(string path)
    {
        using var log = new GeneratedLog(600);
        await using var server = await FileServer.Start(log);
        server.Files.Remove(path);
        await IsFinding("tile-missing");
        server.Files[path] = log.Files[path][..^1];
        await IsFinding(null);
        server.Files[path] = [.. log.Files[path], .. new byte[32]];
        await IsFinding(null);
        server.Files[path] = new byte[1_000_000];
        await IsFinding(null);

        async Task IsFinding(string? code)
        {
            var outcome = await Command.Run("verify", server.Url, "--vkey", log.Vkey, "--json");
            Assert.Equal(ExitCode.Failed, outcome.Code);
            Assert.Contains(Findings(outcome), finding => Mentions(finding, path) && (code is null || finding.GetProperty("code").GetString() == code));
        }
    }

    [Fact]
    public async Task A_full_tile_stands_for_a_partial_one_that_was_dropped()
    {
        using var log = new GeneratedLog(600);
        using var grown = new GeneratedLog(1024);
        await using var server = await FileServer.Start(log);
        server.Files.Remove("tile/0/002.p/88");
        server.Files["tile/0/002"] = grown.Files["tile/0/002"];
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", server.Url, "--vkey", log.Vkey)).Code);
    }

    [Fact]
    public async Task Without_a_pinned_key_nothing_is_claimed()
    {
        using var log = new GeneratedLog(5);
        await using var server = await FileServer.Start(log);
        var outcome = await Command.Run("verify", server.Url);
        Assert.Equal((ExitCode.Unpinned, ""), (outcome.Code, outcome.Out));
        Assert.StartsWith("unpinned", outcome.Error);
        Assert.Contains("unpinned", (await Command.Run("verify", server.Url, "--json", "--vkey", "")).Out);
    }

    [Fact]
    public async Task Another_key_or_a_root_that_the_tiles_do_not_give_fails()
    {
        using var log = new GeneratedLog(5);
        log.WriteTo(folder);
        const string other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        Assert.Equal(ExitCode.Failed, (await Command.Run("verify", folder, "--vkey", other)).Code);
        File.WriteAllBytes(Path.Combine(folder, "checkpoint"), log.SignOther(5, MerkleHash.EmptyRoot));
        Assert.Contains("tiles-root", (await Command.Run("verify", folder, "--vkey", log.Vkey, "--json")).Out);
        File.WriteAllBytes(Path.Combine(folder, "checkpoint"), log.SignOther(0, Hash.Zero));
        Assert.Contains("tiles-root", (await Command.Run("verify", folder, "--vkey", log.Vkey, "--json")).Out);
    }

    [Fact]
    public async Task A_grown_ledger_is_consistent_with_what_was_remembered()
    {
        var state = Path.Combine(folder, "seen");
        foreach (var size in new[] { 0, 3, 3, 256, 300, 900 })
        {
            using var log = new GeneratedLog(size);
            await using var server = await FileServer.Start(log);
            var first = !File.Exists(state);
            var outcome = await Command.Run("verify", server.Url, "--vkey", log.Vkey, "--state", state);
            Assert.Equal(ExitCode.Ok, outcome.Code);
            Assert.Equal(!first, outcome.Out.Contains("still there, unchanged"));
            Assert.Equal(log.Files["checkpoint"], File.ReadAllBytes(state));
        }
    }

    [Theory]
    [InlineData(900, 250, "append-only-fork")]
    [InlineData(300, 299, "append-only-fork")]
    [InlineData(299, 299, "append-only-shrunk")]
    public async Task A_rewritten_or_shortened_ledger_is_convicted_by_two_signed_checkpoints(int size, int changedFrom, string code)
    {
        var state = Path.Combine(folder, "seen");
        using var before = new GeneratedLog(300);
        File.WriteAllBytes(state, before.Files["checkpoint"]);
        using var after = new GeneratedLog(size, "!", changedFrom);
        await using var server = await FileServer.Start(after);
        var outcome = await Command.Run("verify", server.Url, "--vkey", after.Vkey, "--state", state, "--json");
        Assert.Equal((ExitCode.Failed, code), (outcome.Code, Assert.Single(Findings(outcome)).GetProperty("code").GetString()));
        Assert.Equal(before.Files["checkpoint"], File.ReadAllBytes(state));
        Assert.Equal(after.Files["checkpoint"], File.ReadAllBytes(state + ".conflict"));
    }

    [Fact]
    public async Task A_ledger_that_changed_only_after_what_was_remembered_is_fine()
    {
        var state = Path.Combine(folder, "seen");
        using var before = new GeneratedLog(300);
        File.WriteAllBytes(state, before.Files["checkpoint"]);
        using var after = new GeneratedLog(301, "!", 300);
        await using var server = await FileServer.Start(after);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", server.Url, "--vkey", after.Vkey, "--state", state)).Code);
    }

    [Fact]
    public async Task A_policy_wants_its_quorum()
    {
        using var log = new GeneratedLog(5);
        await using var server = await FileServer.Start(log);
        var policy = Path.Combine(folder, "policy");
        await File.WriteAllTextAsync(policy, $"log {log.Vkey}\nwitness w {log.WitnessVkey}\nquorum w\n");
        Assert.Contains("checkpoint-quorum", (await Command.Run("verify", server.Url, "--policy", policy, "--json")).Out);
        server.Files["checkpoint"] = log.Cosigned;
        var outcome = await Command.Run("verify", server.Url, "--policy", policy, "--vkey", log.Vkey);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains("2027-01-15", outcome.Out);
        Assert.DoesNotContain("another visitor", outcome.Out);
    }

    [Fact]
    public async Task Where_the_newest_checkpoint_has_no_quorum_yet_the_newest_final_one_is_verified()
    {
        using var before = new GeneratedLog(300);
        using var log = new GeneratedLog(700);
        await using var server = await FileServer.Start(log);
        foreach (var path in before.PublicFiles.Where(path => path != "checkpoint"))
        {
            server.Files[path] = before.Files[path];
        }

        var (policy, state) = (Path.Combine(folder, "policy"), Path.Combine(folder, "seen"));
        await File.WriteAllTextAsync(policy, $"log {log.Vkey}\nwitness w {log.WitnessVkey}\nquorum w\n");
        server.Files["final/checkpoint"] = before.Cosigned;
        var outcome = await Command.Run("verify", server.Url, "--policy", policy, "--state", state);
        Assert.True(outcome.Code == ExitCode.Ok, outcome.Out + outcome.Error);
        Assert.Contains("all 300 entry hashes", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("The ledger has grown since", outcome.Out, StringComparison.Ordinal);

        // Without a policy the newest is what counts; nor does another fault than the missing quorum lead to the final one.
        Assert.Contains("all 700 entry hashes", (await Command.Run("verify", server.Url, "--vkey", log.Vkey)).Out, StringComparison.Ordinal);
        server.Files["checkpoint"] = [.. log.Files["checkpoint"].Select(b => b == (byte)'7' ? (byte)'8' : b)];
        Assert.Equal(ExitCode.Failed, (await Command.Run("verify", server.Url, "--policy", policy)).Code);
        server.Files["checkpoint"] = log.Files["checkpoint"];

        // A final one that lies before what was seen, or that the quorum did not cosign, is none.
        server.Files["final/checkpoint"] = log.Files["checkpoint"];
        Assert.Contains("checkpoint-quorum", (await Command.Run("verify", server.Url, "--policy", policy, "--json")).Out, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(state, log.Cosigned);
        server.Files["final/checkpoint"] = before.Cosigned;
        var older = await Command.Run("verify", server.Url, "--policy", policy, "--state", state, "--json");
        Assert.Equal(ExitCode.Failed, older.Code);
        Assert.Contains("checkpoint-quorum", older.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("append-only-shrunk", older.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(state + ".conflict"));
    }

    [Theory]
    [InlineData("group g any one two\nquorum g", false)]
    [InlineData("group g 1 one two\nquorum g", false)]
    [InlineData("group g all one two\nquorum g", true)]
    [InlineData("quorum one", true)]
    [InlineData("quorum none", true)]
    public async Task A_policy_that_lets_two_histories_find_a_quorum_each_is_refused(string quorum, bool isTaken)
    {
        using var log = new GeneratedLog(5);
        using var two = new Proofs.Notes.NoteSigner("two.example/w", Proofs.Notes.NoteKeyType.Cosignature, Proofs.Notes.Ed25519PrivateKey.Generate());
        await using var server = await FileServer.Start(log);
        server.Files["checkpoint"] = log.Cosigned;
        var policy = Path.Combine(folder, "policy");
        await File.WriteAllTextAsync(policy, $"log {log.Vkey}\nwitness one {log.WitnessVkey}\nwitness two {two.Verifier}\n{quorum}\n");
        var outcome = await Command.Run("verify", server.Url, "--policy", policy);
        Assert.Equal(isTaken, outcome.Code != ExitCode.Usage);
        Assert.Equal(!isTaken, outcome.Error.Contains("2k > n + f", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_reached_is_not_called_false()
    {
        using var log = new GeneratedLog(600);
        await using var server = await FileServer.Start(log);
        server.Status = 500;
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("verify", server.Url, "--vkey", log.Vkey)).Code);
        server.Status = null;
        server.Files.Remove("checkpoint");
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("verify", server.Url, "--vkey", log.Vkey)).Code);
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("verify", "http://127.0.0.1:1/", "--vkey", log.Vkey)).Code);
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("verify", Path.Combine(folder, "nothing"), "--vkey", log.Vkey)).Code);
    }

    [Fact]
    public async Task Mistakes_on_the_command_line_are_usage()
    {
        using var log = new GeneratedLog(1);
        log.WriteTo(folder);
        var rubbish = Path.Combine(folder, "rubbish");
        await File.WriteAllTextAsync(rubbish, "rubbish");
        string[][] mistakes =
        [
            ["verify"],
            ["verify", folder, "--nonsense"],
            ["verify", folder, "--vkey", "rubbish"],
            ["verify", folder, "--vkey", log.WitnessVkey],
            ["verify", folder, "--policy", rubbish],
            ["verify", folder, "--policy", Path.Combine(folder, "nothing")],
            ["verify", folder, "--vkey", log.Vkey, "--state", rubbish],
            ["verify", "http://127.0.0.1:1/?a=b", "--vkey", log.Vkey],
            ["nonsense"],
        ];
        foreach (var mistake in mistakes)
        {
            var outcome = await Command.Run(mistake);
            Assert.True(outcome.Code == ExitCode.Usage && outcome.Error.Length > 0, string.Join(' ', mistake));
        }
    }

    [Theory]
    [InlineData]
    [InlineData("verify")]
    [InlineData("token")]
    [InlineData("clients", "add")]
    [InlineData("erase", "patient")]
    public async Task Help_has_examples(params string[] command)
    {
        var outcome = await Command.Run([.. command, "--help"]);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains("Examples:", outcome.Out);
        Assert.Contains("healthledger " + string.Join(' ', command), outcome.Out);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("clients", "add")]
    [InlineData("erase", "hold")]
    public async Task Help_tells_the_exit_codes(params string[] command) => Assert.Contains("Exit codes: 0 ", (await Command.Run([.. command, "--help"])).Out, StringComparison.Ordinal);

    [Fact]
    public void Progress_is_drawn_after_a_second_on_a_terminal_only()
    {
        var time = new StepTime();
        foreach (var (terminal, drawn) in new[] { (true, true), (false, false) })
        {
            var error = new StringWriter();
            using (var bar = new ProgressBar(new Terminal(TextWriter.Null, error, terminal), time, "Work", 100))
            {
                bar.Report(10);
                Assert.Equal("", error.ToString());
                time.Now += TimeSpan.TicksPerSecond;
                bar.Report(50);
                Assert.Equal(drawn, error.ToString().Contains("[###############...............]"));
            }

            Assert.Equal(drawn, error.ToString().EndsWith('\r'));
        }
    }

    private static string LastLine(Outcome outcome) => outcome.Out.TrimEnd().Split('\n')[^1];

    private static byte[] Flip(byte[] bytes, int position)
    {
        var copy = (byte[])bytes.Clone();
        copy[position] ^= 1;
        return copy;
    }

    private static List<JsonElement> Findings(Outcome outcome) => [.. JsonDocument.Parse(outcome.Out).RootElement.GetProperty("findings").EnumerateArray()];

    private static bool Mentions(JsonElement finding, string path) =>
        finding.GetProperty("file").GetString() == path || finding.GetProperty("detail").GetString()!.Contains(path, StringComparison.Ordinal);

    private sealed class StepTime : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
