using System.CommandLine;

namespace HealthLedger.Cli.Verify;

/// <summary><c>healthledger verify</c>.</summary>
internal static class VerifyCommand
{
    public const string Examples = """
          healthledger verify http://localhost:5080 --vkey "ledger.example/log+1a2b3c4d+Ab..."
          healthledger verify https://ledger.example/ledger --policy policy.txt --state seen.checkpoint
          healthledger verify https://ledger.example --offline-key "$(cat offline.vkey)" --successions ledger.successions
          healthledger verify ./copy-of-ledger --vkey "$(cat ledger.vkey)" --json

        Exit codes: 0 what was checked holds, 1 it does not, 2 usage, 3 no key was pinned, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var place = new Argument<string>("URL-or-DIR") { Description = "Where the ledger is served, or a directory: a copy of the served files, or a gateway's own DATA/ledger." };
        var run = new PinnedRun();
        var command = new Command("verify", "Checks a ledger's signature, hashes and growth from outside.") { place };
        run.AddTo(command);
        command.SetAction((parsed, cancellationToken) => run.Run(terminal, parsed, () => LedgerSource.Of(parsed.GetRequiredValue(place)), async (source, followed, earlier) =>
        {
            var verification = new LedgerVerification(source, followed, earlier);
            var report = await verification.Run(size => new ProgressBar(terminal, time, "Checking entries", size), cancellationToken);
            return (report, verification.Note);
        }, cancellationToken));
        return command;
    }
}
