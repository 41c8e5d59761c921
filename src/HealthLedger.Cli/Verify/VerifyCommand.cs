using System.CommandLine;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary><c>healthledger verify</c>.</summary>
internal static class VerifyCommand
{
    public const string Examples = """
          healthledger verify http://localhost:5080 --vkey "ledger.example/log+1a2b3c4d+Ab..."
          healthledger verify https://ledger.example/ledger --policy policy.txt --state seen.checkpoint
          healthledger verify ./copy-of-ledger --vkey "$(cat ledger.vkey)" --json

        Exit codes: 0 what was checked holds, 1 it does not, 2 usage, 3 no key was pinned, 4 unreachable.
        """;

    private const string Unpinned = """
        unpinned: no key was given, so nothing can be verified.
        Get the ledger's verifier key (vkey) from its operator by a way that the ledger itself does not control, and pass it as --vkey KEY, or name a
        policy file by --policy FILE. The key at URL/ledger/vkey is what the server says of itself: compare it, do not start from it.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var place = new Argument<string>("URL-or-DIR") { Description = "Where the ledger is served, or a directory with a copy of the served files." };
        var vkey = new Option<string?>("--vkey") { Description = "The ledger's verifier key: name+id+base64.", HelpName = "KEY" };
        var policy = new Option<string?>("--policy") { Description = "A policy file (c2sp.org/tlog-policy): logs, witnesses and quorum.", HelpName = "FILE" };
        var state = new Option<string?>("--state") { Description = "Remembers the checkpoint here; the next run checks that the ledger only grew.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Writes the report as JSON." };
        var command = new Command("verify", "Checks a ledger's signature, hashes and growth from outside.") { place, vkey, policy, state, json };
        command.SetAction((parsed, cancellationToken) => Run(
            terminal, time, parsed.GetRequiredValue(place), parsed.GetValue(vkey), parsed.GetValue(policy), parsed.GetValue(state), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> Run(
        Terminal terminal, TimeProvider time, string place, string? vkey, string? policyFile, string? stateFile, bool json, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(vkey) && policyFile is null)
        {
            await terminal.Error.WriteLineAsync(Unpinned);
            if (json)
            {
                await terminal.Out.WriteLineAsync("""{"result":"unpinned"}""");
            }

            return (int)ExitCode.Unpinned;
        }

        var policy = ReadPolicy(vkey, policyFile);
        var earlier = stateFile is null ? null : RememberedCheckpoint.Read(stateFile, policy);
        using var source = LedgerSource.Of(place);
        var verification = new LedgerVerification(source, policy, earlier);
        var report = await verification.Run(size => new ProgressBar(terminal, time, "Checking entries", size), cancellationToken);
        await terminal.Out.WriteLineAsync(json ? ReportWriter.Json(report) : ReportWriter.Text(report));
        if (report.Holds)
        {
            if (stateFile is not null)
            {
                RememberedCheckpoint.Write(stateFile, verification.Note);
            }

            return (int)ExitCode.Ok;
        }

        await KeepEvidence(terminal, report, stateFile, verification.Note);
        return (int)ExitCode.Failed;
    }

    /// <summary>Two signed checkpoints that contradict each other convict the ledger: both are kept.</summary>
    private static async Task KeepEvidence(Terminal terminal, VerifyReport report, string? stateFile, byte[] note)
    {
        if (stateFile is not null && report.Findings.Any(finding => finding.Code.StartsWith("append-only", StringComparison.Ordinal)))
        {
            var evidence = stateFile + ".conflict";
            RememberedCheckpoint.Write(evidence, note);
            await terminal.Error.WriteLineAsync($"{stateFile} and {evidence} are both signed by the ledger and contradict each other: keep both as evidence.");
        }
    }

    private static LogPolicy ReadPolicy(string? vkey, string? policyFile)
    {
        NoteVerifier? key = null;
        if (vkey is not null && !NoteVerifier.Parse(vkey.Trim()).TryGet(out key, out var keyFault))
        {
            throw new UsageException($"--vkey: {keyFault.Detail}");
        }

        if (policyFile is null)
        {
            return key!.Type == NoteKeyType.Ed25519 ? LogPolicy.ForLog(key) : throw new UsageException("--vkey: a ledger's key is of type 1 (Ed25519).");
        }

        string text;
        try
        {
            text = File.ReadAllText(policyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--policy: {e.Message}");
        }

        if (!LogPolicy.Parse(text).TryGet(out var policy, out var fault))
        {
            throw new UsageException($"--policy: {fault.Detail}");
        }

        return key is null || policy.Logs.Any(log => log.ToString() == key.ToString()) ? policy : throw new UsageException("The policy does not name the key given by --vkey.");
    }
}
