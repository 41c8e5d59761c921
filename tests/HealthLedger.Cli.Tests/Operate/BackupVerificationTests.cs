// docs/formats/backup.md: what `healthledger backup verify` finds, and says, without keys and gateway.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Cli.Tests.Kit;

namespace HealthLedger.Cli.Tests.Operate;

public sealed class BackupVerificationTests : IDisposable
{
    private readonly string _backup = Directory.CreateTempSubdirectory("healthledger-cli-tests-").FullName;

    public BackupVerificationTests()
    {
        Write("keys/master.json", "{}");
        Write("keys/keys.db", "sealed");
        Write("backup.json", """{"format":"healthledger/backup/v1","kind":"keys","name":"night","tenant":"00000000000000000000000000000001","created":"2026-11-01T00:00:00Z","deleteAfter":"2026-11-02T00:00:00Z"}""");
        Sum();
    }

    public void Dispose() => Directory.Delete(_backup, recursive: true);

    [Fact]
    public async Task A_whole_backup_is_said_to_be_whole_and_when_it_had_to_be_destroyed()
    {
        var outcome = await Command.Run("backup", "verify", _backup);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.StartsWith("whole: 3 files", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("2026-11-02T00:00:00Z, which is past: destroy it", outcome.Out, StringComparison.Ordinal);
        var json = JsonNode.Parse((await Command.Run("backup", "verify", _backup, "--json")).Out)!;
        Assert.True(json["whole"]!.GetValue<bool>());
        Assert.Equal(("keys", 3), (json["manifest"]!["kind"]!.GetValue<string>(), json["files"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Every_file_that_was_changed_removed_or_added_is_named()
    {
        Write("keys/keys.db", "Sealed");
        File.Delete(Path.Combine(_backup, "keys", "master.json"));
        Write("keys/more", "");
        var outcome = await Command.Run("backup", "verify", _backup);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Equal(
            ["keys/keys.db: not as it was written", "keys/master.json: missing", "keys/more: not part of the backup", "not whole: 3 findings in 3 files"],
            outcome.Out.Split('\n').Take(4));
    }

    [Fact]
    public async Task A_link_is_not_followed_to_what_it_leads_to()
    {
        var elsewhere = _backup + "-elsewhere";
        File.Move(Path.Combine(_backup, "keys", "keys.db"), elsewhere);
        try
        {
            File.CreateSymbolicLink(Path.Combine(_backup, "keys", "keys.db"), elsewhere);
            var outcome = await Command.Run("backup", "verify", _backup);
            Assert.Equal(ExitCode.Failed, outcome.Code);
            Assert.Contains("keys/keys.db: a link", outcome.Out, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(elsewhere);
        }
    }

    [Theory]
    [InlineData("{0}../outside\n", "line 1 cannot be read")]
    [InlineData("{0}/etc/hostname\n", "line 1 cannot be read")]
    [InlineData("{0}keys//keys.db\n", "line 1 cannot be read")]
    [InlineData("{0}\n", "line 1 cannot be read")]
    [InlineData("abc  keys/keys.db\n", "line 1 cannot be read")]
    [InlineData("{0}keys/keys.db\n{0}keys/keys.db\n", "line 2 cannot be read")]
    [InlineData("{0}keys/keys.db", "does not end")]
    [InlineData("", "does not end")]
    public async Task Sums_that_are_none_are_a_finding(string sums, string problem)
    {
        Write("SHA256SUMS", sums.Replace("{0}", new string('0', 64) + "  ", StringComparison.Ordinal));
        var outcome = await Command.Run("backup", "verify", _backup);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("SHA256SUMS: " + problem, outcome.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"format":"another"}""")]
    public async Task A_backup_that_does_not_say_what_it_is_is_not_whole(string manifest)
    {
        Write("backup.json", manifest);
        Sum();
        var outcome = await Command.Run("backup", "verify", _backup);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("backup.json: cannot be read", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_sums_it_is_no_backup_and_without_a_directory_there_is_nothing_to_check()
    {
        File.Delete(Path.Combine(_backup, "SHA256SUMS"));
        var outcome = await Command.Run("backup", "verify", _backup);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("SHA256SUMS: missing", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Unreachable, (await Command.Run("backup", "verify", Path.Combine(_backup, "absent"))).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("backup", "verify")).Code);
    }

    private void Write(string path, string content)
    {
        var full = Path.Combine(_backup, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    private void Sum() => Write("SHA256SUMS", string.Concat(new[] { "backup.json", "keys/keys.db", "keys/master.json" }
        .Select(path => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_backup, path))))}  {path}\n")));
}
