// docs/formats/succession.md: what `healthledger verify` says of a log whose key was succeeded, with the old key, the new one or the offline key pinned, and how it refuses.
using System.Text.Json;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Tests.Successions;
using static HealthLedger.Proofs.Tests.Successions.SucceededLog;

namespace HealthLedger.Cli.Tests.Verify;

public sealed class SuccessionTests : IDisposable
{
    private static readonly string s_old = First.Verifier.ToString();
    private static readonly string s_offline = Offline.Verifier.ToString();
    private readonly string folder = Directory.CreateTempSubdirectory("hl-succession-").FullName;

    private string Kept => Path.Combine(folder, "kept.successions");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_old_key_the_new_one_and_the_offline_one_lead_to_the_checkpoint_and_the_report_says_which_did()
    {
        var ledger = Serve(Rotated(), Second);
        var byOld = await Command.Run("verify", ledger, "--vkey", s_old, "--json");
        Assert.Equal((ExitCode.Ok, ""), (byOld.Code, byOld.Error));
        using var report = JsonDocument.Parse(byOld.Out);
        Assert.Equal(("log-key", 1, Second.Verifier.ToString()), (report.RootElement.GetProperty("followedBy").GetString(), report.RootElement.GetProperty("successions").GetInt32(), report.RootElement.GetProperty("logKey").GetString()));

        var byOffline = await Command.Run("verify", ledger, "--offline-key", s_offline);
        Assert.Equal(ExitCode.Ok, byOffline.Code);
        Assert.Contains($"each succession is signed by the pinned offline key {Offline.Verifier.Name}", byOffline.Out, StringComparison.Ordinal);
        Assert.Contains("OK: 5 entries", byOffline.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--vkey", Second.Verifier.ToString())).Code);
        Assert.Equal(ExitCode.Unpinned, (await Command.Run("verify", ledger)).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("verify", ledger, "--offline-key", "nonsense")).Code);
    }

    [Fact]
    public async Task The_retired_key_alone_is_refused_beyond_its_time_with_a_plain_sentence()
    {
        var log = Rotated();
        var ledger = Serve(log, First);
        var refused = await Command.Run("verify", ledger, "--vkey", s_old);
        Assert.Equal(ExitCode.Failed, refused.Code);
        Assert.Contains("was retired at 3 entries by succession 1", refused.Out, StringComparison.Ordinal);
        Serve(log, First, Second);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--vkey", s_old)).Code);
    }

    [Fact]
    public async Task A_log_that_hides_its_successions_is_refused_by_who_pinned_the_offline_key_whatever_else_is_pinned()
    {
        var ledger = Serve(Rotated(), First);
        File.Delete(Path.Combine(ledger, "successions"));
        Assert.Contains("no succession that it signed", await Refused(ledger, "--offline-key", s_offline), StringComparison.Ordinal);
        Assert.Contains("no succession that it signed", await Refused(ledger, "--vkey", s_old, "--offline-key", s_offline), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--vkey", s_old)).Code);
    }

    [Fact]
    public async Task A_succession_that_lacks_a_signature_or_is_revoked_is_refused()
    {
        var log = Rotated();
        log.Statements[1] = Sign(Succession.Parse(log.Statements[1].Text).Value, First, Second);
        Assert.Contains("not signed by its offline key", await Refused(Serve(log, Second), "--vkey", s_old), StringComparison.Ordinal);

        var ledger = Serve(Rotated(SuccessionReason.Revoked), Second);
        Assert.Contains("only who pinned the offline key", await Refused(ledger, "--vkey", s_old), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--vkey", s_old, "--offline-key", s_offline)).Code);
    }

    [Fact]
    public async Task Of_two_statements_of_one_number_both_are_shown_and_one_that_is_no_longer_served_is_missed()
    {
        var ledger = Serve(Rotated(), Second);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--offline-key", s_offline, "--successions", Kept)).Code);
        Assert.True(SuccessionFile.Parse(await File.ReadAllBytesAsync(Kept)).IsValid);
        Assert.Equal(ExitCode.Ok, (await Command.Run("verify", ledger, "--offline-key", s_offline, "--successions", Kept)).Code);

        using var third = Signer(Origin, 0x60);
        var other = new SucceededLog();
        other.Grow(1);
        other.State(Succession.Founding(First.Verifier, Offline.Verifier), First, Offline);
        other.Grow(1);
        other.State(other.Next() with { Successor = third.Verifier }, First, third, Offline);
        var contradicted = await Command.Run("verify", Serve(other, third), "--offline-key", s_offline, "--successions", Kept);
        Assert.Equal(ExitCode.Failed, contradicted.Code);
        Assert.Contains(Second.Verifier.ToString(), contradicted.Error, StringComparison.Ordinal);
        Assert.Contains(third.Verifier.ToString(), contradicted.Error, StringComparison.Ordinal);

        var founded = new SucceededLog();
        founded.Grow(1);
        founded.State(Succession.Founding(First.Verifier, Offline.Verifier), First, Offline);
        Assert.Contains("fewer successions", await Refused(Serve(founded, First), "--offline-key", s_offline, "--successions", Kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Successions_of_another_history_are_refused()
    {
        var other = Rotated();
        other.Entries[0] = Proofs.Entries.LedgerEntry.ForEvent(Now, default, default);
        var ledger = Serve(other, Second);
        File.WriteAllBytes(Path.Combine(folder, "ledger", "successions"), Rotated().File(Second).ToJson());
        Assert.Contains("are of another history", await Refused(ledger, "--offline-key", s_offline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offline_key_signs_what_it_is_shown_and_opens_with_its_passphrase_alone()
    {
        var (key, passphrase, wrong) = (Path.Combine(folder, "offline.key"), Path.Combine(folder, "passphrase"), Path.Combine(folder, "wrong"));
        await File.WriteAllTextAsync(passphrase, "a long passphrase\n");
        await File.WriteAllTextAsync(wrong, "another one\n");
        var made = await Command.Run("keys", "offline-make", "--name", Offline.Verifier.Name, "--out", key, "--passphrase-file", passphrase);
        Assert.Equal(ExitCode.Ok, made.Code);
        var vkey = NoteVerifier.Parse(made.Out.Trim()).Value;
        Assert.Equal(ExitCode.Usage, (await Command.Run("keys", "offline-make", "--name", Offline.Verifier.Name, "--out", key, "--passphrase-file", passphrase)).Code);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        }

        var (request, signed) = (Path.Combine(folder, "request"), Path.Combine(folder, "statement"));
        await File.WriteAllBytesAsync(request, Sign(Rotated().Next() with { Offline = vkey }, First, Second).ToBytes());
        var refused = await Command.Run("keys", "offline-sign", "--key", key, "--passphrase-file", wrong, "--request", request, "--out", signed);
        Assert.Equal((ExitCode.Usage, false), (refused.Code, File.Exists(signed)));
        var shown = await Command.Run("keys", "offline-sign", "--key", key, "--passphrase-file", passphrase, "--request", request, "--out", signed);
        Assert.Equal(ExitCode.Ok, shown.Code);
        Assert.Contains("Frozen at 5 entries", shown.Out, StringComparison.Ordinal);
        Assert.True(SignedSuccession.Verify(await File.ReadAllBytesAsync(signed)).IsValid);

        await File.WriteAllBytesAsync(request, Sign(Rotated().Next(), First, Second).ToBytes());
        Assert.Contains("another offline key", (await Command.Run("keys", "offline-sign", "--key", key, "--passphrase-file", passphrase, "--request", request, "--out", signed + "2")).Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(key, (await File.ReadAllTextAsync(key)).Replace("\"n\":262144", "\"n\":131072", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Usage, (await Command.Run("keys", "offline-sign", "--key", key, "--passphrase-file", passphrase, "--request", request, "--out", signed + "3")).Code);
    }

    private async Task<string> Refused(string ledger, params string[] pins)
    {
        var outcome = await Command.Run(["verify", ledger, .. pins]);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        return outcome.Out;
    }

    /// <summary>The log's files in a directory, its checkpoint signed by these, the one of its successions by the newest key.</summary>
    private string Serve(SucceededLog log, params NoteSigner[] signers)
    {
        var path = Path.Combine(folder, "ledger");
        using var files = new GeneratedLog([.. log.Entries.Select(entry => entry.ToBytes())]);
        files.Files["checkpoint"] = log.Checkpoint(log.Entries.Count, signers).ToBytes();
        var newest = Succession.Parse(log.Statements[^1].Text).Value.Successor.ToString();
        files.Files["successions"] = log.File(signers.Append(Second).First(signer => signer.Verifier.ToString() == newest)).ToJson();

        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        files.WriteTo(path);
        return path;
    }
}
