using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger backup</c>.</summary>
internal static class BackupCommand
{
    public const string Examples = """
          healthledger backup data --to nightly-2026-11-29 --credentials demo-credentials.json --client demo-operator
          healthledger backup keys --to nightly-2026-11-29 --credentials demo-credentials.json --client demo-operator
          healthledger backup list --credentials demo-credentials.json --client demo-operator
          healthledger backup verify /backups/data/nightly-2026-11-29

        Exit codes: 0 done, 1 the gateway refused or the backup is not what was written, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        return new Command("backup", "Backs up a running gateway, lists its backups, and checks one offline.")
        {
            One("data", "Backs up records and ledger, as of one checkpoint, where the gateway's settings say."),
            One("keys", "Backs up the keys, sealed, for as long as backups of keys may live. After the data."),
            make.Make("list", "Lists the backups with their age, and those of keys that are due.", [], _ => (HttpMethod.Get, "backups", null)),
            Verify(terminal, time),
        };

        Command One(string kind, string description)
        {
            var name = new Option<string>("--to") { Description = "How the backup is called: 1 to 64 of a-z, 0-9 and hyphen.", HelpName = "NAME", Required = true };
            return make.Make(kind, description, [name], parsed =>
                (HttpMethod.Post, "backups/" + kind, JsonContent.Create(new Dictionary<string, string> { ["name"] = parsed.GetRequiredValue(name) })));
        }
    }

    private static Command Verify(Terminal terminal, TimeProvider time)
    {
        var directory = new Argument<string>("directory") { Description = "A backup, or a copy of one." };
        var json = new Option<bool>("--json") { Description = "Writes the verdict as JSON." };
        var command = new Command("verify", "Checks every file of a backup against its SHA256SUMS: no keys, no network.") { directory, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var verdict = BackupVerification.Run(parsed.GetRequiredValue(directory), cancellationToken);
            if (parsed.GetValue(json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(verdict, JsonSerializerOptions.Web));
            }
            else
            {
                await Print(terminal, verdict, time.GetUtcNow());
            }

            return (int)(verdict.Whole ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    private static async Task Print(Terminal terminal, BackupVerdict verdict, DateTimeOffset now)
    {
        foreach (var finding in verdict.Findings)
        {
            await terminal.Out.WriteLineAsync(PlainLine.Of($"{finding.Path}: {finding.Problem}"));
        }

        await terminal.Out.WriteLineAsync(verdict.Whole
            ? $"whole: {verdict.Files} files, {verdict.Bytes} bytes, as they were written"
            : $"not whole: {verdict.Findings.Count} findings in {verdict.Files} files");
        if (verdict.Manifest is { } manifest)
        {
            await terminal.Out.WriteLineAsync(PlainLine.Of($"backup of {manifest.Kind}, {manifest.Name}, of {manifest.Created}{(manifest.LedgerSize is { } size ? $", {size} entries" : "")}"));
            if (manifest.DeleteAfter is { } deleteAfter)
            {
                await terminal.Out.WriteLineAsync(PlainLine.Of($"to be destroyed at {deleteAfter}{(manifest.IsDue(now) ? ", which is past: destroy it" : "")}"));
            }
        }
    }
}
