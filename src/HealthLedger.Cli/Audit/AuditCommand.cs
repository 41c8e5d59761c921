using System.CommandLine;
using HealthLedger.Cli.Evidence;
using HealthLedger.Cli.Token;
using HealthLedger.Cli.Verify;

namespace HealthLedger.Cli.Audit;

/// <summary><c>healthledger audit</c>.</summary>
internal static class AuditCommand
{
    public const string Examples = """
          healthledger audit http://localhost:5080 --client demo-credentials.json --vkey "$(cat ledger.vkey)"
          healthledger audit https://ledger.example --client auditor.json --policy policy.txt --state seen.checkpoint --json
          healthledger audit https://ledger.example --client auditor.json --vkey "$(cat ledger.vkey)" --challenge 300
          healthledger audit ./copy-of-ledger --vkey "$(cat ledger.vkey)"
          healthledger audit evidence.jsonl --vkey "$(cat ledger.vkey)"
          healthledger audit evidence.jsonl --offline-key "$(cat offline.vkey)" --successions ledger.successions

        Exit codes: 0 what was checked holds, 1 it does not, 2 usage, 3 no key was pinned, 4 unreachable, or the client may not read entries.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var place = new Argument<string>("URL-DIR-or-FILE") { Description = "Where the ledger is served; a directory: a copy of the served files, entries included, or a gateway's own DATA/ledger; or evidence that was exported: a signed bundle, or AuditEvents one to a line." };
        var file = new Option<string?>("--client") { Description = "A credentials file with the auditor's client and its private key. Needed for a URL: entries are for auditors.", HelpName = "FILE" };
        var id = new Option<string?>("--as") { Description = "The client id in that file; otherwise its only client, or the only one whose id ends in 'auditor'.", HelpName = "ID" };
        var challenges = new Option<int>("--challenge") { Description = "Has so many entries opened, drawn at random: finds events that were kept off a patient's list. 0 to 10,000. Each 16 are one entry of the ledger.", HelpName = "N" };
        challenges.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 10_000)
            {
                result.AddError("--challenge: 0 to 10,000.");
            }
        });
        var run = new PinnedRun();
        var command = new Command("audit", "Reads every entry of a ledger and replays it: inclusion, growth, consent-state map, epochs. Or checks exported evidence, offline.") { place, file, id, challenges };
        run.AddTo(command);
        command.SetAction((parsed, cancellationToken) => File.Exists(parsed.GetRequiredValue(place)) ? OfFile(parsed, cancellationToken) : OfLedger(parsed, cancellationToken));
        return command;

        async Task<int> OfLedger(ParseResult parsed, CancellationToken cancellationToken)
        {
            AuditorToken? token = null;
            try
            {
                return await run.Run(terminal, parsed, () =>
                {
                    token = TokenFor(parsed.GetRequiredValue(place), parsed.GetValue(file), parsed.GetValue(id), time);
                    return LedgerSource.Of(parsed.GetRequiredValue(place), token is null ? null : token.Get);
                }, async (source, followed, earlier) =>
                {
                    using var challenge = Challenge.Of(parsed.GetRequiredValue(place), parsed.GetValue(challenges), token);
                    var audit = new LedgerAudit(source, followed, earlier, challenge);
                    var report = await audit.Run(size => new ProgressBar(terminal, time, "Reading entries", size), cancellationToken);
                    return (report, audit.Note);
                }, cancellationToken);
            }
            finally
            {
                token?.Dispose();
            }
        }

        Task<int> OfFile(ParseResult parsed, CancellationToken cancellationToken) => parsed.GetValue(file) is not null
            ? throw new UsageException("--client: exported evidence is read without a client.")
            : run.Run(terminal, parsed, policy => EvidenceFile.Check(parsed.GetRequiredValue(place), policy, cancellationToken));
    }

    private static AuditorToken? TokenFor(string place, string? file, string? id, TimeProvider time)
    {
        var isUrl = place.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || place.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        return (isUrl, file) switch
        {
            (true, null) => throw new UsageException("--client: a served ledger gives its entries to auditors only. Name a credentials file."),
            (false, not null) => throw new UsageException("--client: a directory is read without a client."),
            (true, not null) => new AuditorToken(Credentials.Read(file, id), time),
            _ => null,
        };
    }
}
