using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.Json;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.KeyHolder;

/// <summary><c>healthledger-key-holder</c>: init, run, report.</summary>
internal static class CommandLine
{
    private const string Examples = """
        Examples:
          healthledger-key-holder init --state ./holder --link holder.link
          healthledger-key-holder run --state ./holder --link holder.link --log "$(cat ledger.vkey)" --listen unix:/run/healthledger/holder.sock
          healthledger-key-holder run --state ./holder --link holder.link --policy policy.txt --listen http://127.0.0.1:5095
          healthledger-key-holder run --state ./holder --link holder.link --log "$(cat ledger.vkey)" --successions ledger.successions --listen unix:/run/healthledger/holder.sock
          healthledger-key-holder report --state ./holder

        The gateway gets --HealthLedger:KeyHolder:Address=unix:/run/healthledger/holder.sock and --HealthLedger:KeyHolder:LinkFile=holder.link.

        Exit codes: 0 done or stopped, 2 usage, a state or link that cannot be used, an address in use.
        """;

    public static async Task<int> Run(string[] args, TextWriter output, TextWriter errors, TimeProvider time, CancellationToken cancellationToken)
    {
        var help = new HelpOption();
        var root = new Command("healthledger-key-holder", "Holds the keys to records for a gateway that somebody else runs, and uses them only against receipts of its ledger.")
        {
            help, new VersionOption(), Init(output), Serve(output, time), Report(output),
        };
        help.Action = new HelpWithExamples((HelpAction)help.Action!, output);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await errors.WriteLineAsync(error.Message);
            }

            await errors.WriteLineAsync("Try --help.");
            return 2;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false }, cancellationToken);
        }
        catch (UsageException e)
        {
            await errors.WriteLineAsync(e.Message);
            return 2;
        }
    }

    private static Option<string> State() => new("--state") { Description = "The holder's directory. Never put back an older copy of it: receipts could be used again.", HelpName = "DIR", Required = true };

    private static Option<string> Link() => new("--link") { Description = "The file that gateway and holder have in common; each has a copy for its user alone.", HelpName = "FILE", Required = true };

    private static Command Init(TextWriter output)
    {
        var (state, link) = (State(), Link());
        var command = new Command("init", "Makes a holder's key and the link to one gateway.") { state, link };
        command.SetAction(async (parsed, _) =>
        {
            HolderState.Create(parsed.GetRequiredValue(state));
            try
            {
                using var fresh = HolderLink.Random();
                fresh.WriteTo(parsed.GetRequiredValue(link));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"--link: {e.Message}");
            }

            await output.WriteLineAsync("Made. Back up the state's file key apart from everything else: without it no record opens again. Give the gateway a copy of the link.");
            return 0;
        });
        return command;
    }

    private static Command Serve(TextWriter output, TimeProvider time)
    {
        var (state, link) = (State(), Link());
        var log = new Option<string?>("--log") { Description = "The verifier key of the gateway's ledger (/ledger/vkey, got by a safe way).", HelpName = "VKEY" };
        var policy = new Option<string?>("--policy") { Description = "A tlog-policy file instead: only what its quorum cosigned counts.", HelpName = "FILE" };
        var offline = new Option<string?>("--offline-key") { Description = "The verifier key of the ledger's offline key: follows every succession that it signed.", HelpName = "VKEY" };
        var successions = new Option<string?>("--successions") { Description = "The successions of the ledger's key (/ledger/successions), which lead on from --log or --policy, or from --offline-key alone.", HelpName = "FILE" };
        var listen = new Option<string>("--listen") { Description = "unix:PATH, for its user alone, or an http:// address; port 0 takes a free one.", HelpName = "ADDRESS", Required = true };
        var age = new Option<int>("--max-age") { Description = "Minutes after which an entry permits nothing any more, 1 to 10,080.", HelpName = "MINUTES", DefaultValueFactory = _ => 60 };
        var indexing = new Option<bool>("--allow-indexing") { Description = "Lets search terms be extracted again, without receipts but counted: for the time after an update of the gateway that needs it." };
        var command = new Command("run", "Serves one gateway.") { state, link, log, policy, offline, successions, listen, age, indexing };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(age) is < 1 or > 10_080)
            {
                throw new UsageException("--max-age: 1 to 10,080 minutes.");
            }

            var rules = new ReceiptRules(Follow(parsed.GetValue(log), parsed.GetValue(policy), parsed.GetValue(offline), parsed.GetValue(successions)), TimeSpan.FromMinutes(parsed.GetValue(age)), time);
            using var shared = ReadLink(parsed.GetRequiredValue(link));
            using var own = HolderState.Open(parsed.GetRequiredValue(state), rules.Oldest);
            var holder = new Holder(own.Keys, rules, own.List, parsed.GetValue(indexing), time);
            await using var server = new HolderServer(holder, shared, parsed.GetRequiredValue(listen), output, time);
            await output.WriteLineAsync($"listening {await server.Start(cancellationToken)}");
            await output.FlushAsync(cancellationToken);
            await server.WaitForShutdown(cancellationToken);
            return 0;
        });
        return command;
    }

    private static Command Report(TextWriter output)
    {
        var state = State();
        var entries = new Option<bool>("--entries") { Description = "Lists the ledger's entries by index, with how many versions each opened." };
        var json = new Option<bool>("--json") { Description = "Writes JSON." };
        var command = new Command("report", "Says what was unwrapped, to be compared with the ledger.") { state, entries, json };
        command.SetAction(async (parsed, _) =>
        {
            var (records, head) = HolderState.ReadList(parsed.GetRequiredValue(state));
            var byEntry = records.Where(record => record.Index != UnwrapList.NoEntry).GroupBy(record => record.Index).OrderBy(group => group.Key).ToList();
            var report = new { versions = records.Count, entries = byEntry.Count, withoutEntry = records.Count(record => record.Index == UnwrapList.NoEntry), head };
            if (parsed.GetValue(json))
            {
                await output.WriteLineAsync(JsonSerializer.Serialize(new
                {
                    report.versions, report.entries, report.withoutEntry, report.head,
                    unwrapped = parsed.GetValue(entries) ? byEntry.Select(group => new { index = group.Key, versions = group.Count() }) : null,
                }));
                return 0;
            }

            await output.WriteLineAsync($"{report.versions} versions were unwrapped under {report.entries} entries, {report.withoutEntry} of them without an entry (indexing). Head {report.head}.");
            foreach (var group in parsed.GetValue(entries) ? byEntry : [])
            {
                await output.WriteLineAsync($"{group.Key} {group.Count()}");
            }

            return 0;
        });
        return command;
    }

    /// <summary>Whose receipts count, by the key or policy that is pinned and the successions that lead on from it.</summary>
    internal static LogPolicy Follow(string? vkey, string? policyFile, string? offlineKey, string? successions)
    {
        if (successions is null)
        {
            return offlineKey is null ? Policy(vkey, policyFile) : throw new UsageException("--offline-key: give the successions that it signed too (--successions).");
        }

        NoteVerifier? offline = null;
        if (offlineKey is not null && (!NoteVerifier.Parse(offlineKey.Trim()).TryGet(out offline, out _) || offline.Type != NoteKeyType.Ed25519))
        {
            throw new UsageException($"--offline-key: {(offline is null ? "not a verifier key." : "an offline key is of type 1 (Ed25519).")}");
        }

        var pinned = vkey is null && policyFile is null && offline is not null ? null : Policy(vkey, policyFile);
        try
        {
            return !SuccessionFile.Parse(File.ReadAllBytes(successions)).TryGet(out var file, out var fault) || !file.Verify([.. pinned?.Logs ?? []], offline).TryGet(out var lineage, out fault)
                ? throw new UsageException($"--successions: {fault.Detail}")
                : pinned?.Following(lineage) ?? LogPolicy.ForLineage(lineage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--successions: {e.Message}");
        }
    }

    private static LogPolicy Policy(string? vkey, string? file)
    {
        if ((vkey is null) == (file is null))
        {
            throw new UsageException("Give --log or --policy.");
        }

        if (vkey is not null)
        {
            return !NoteVerifier.Parse(vkey.Trim()).TryGet(out var key, out var fault) ? throw new UsageException($"--log: {fault.Detail}")
                : key.Type == NoteKeyType.Ed25519 ? LogPolicy.ForLog(key)
                : throw new UsageException("--log: a log's key is of type 1 (Ed25519).");
        }

        try
        {
            return LogPolicy.Parse(File.ReadAllText(file!)).TryGet(out var policy, out var fault) && (fault = policy.UnmetHere) is null
                ? policy
                : throw new UsageException($"--policy: {fault.Detail}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--policy: {e.Message}");
        }
    }

    private static HolderLink ReadLink(string path)
    {
        try
        {
            return HolderLink.FromFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UsageException($"--link: {e.Message}");
        }
    }

    private sealed class HelpWithExamples(HelpAction inner, TextWriter output) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = inner.Invoke(parseResult);
            output.WriteLine(Examples);
            return code;
        }
    }
}

/// <summary>The command line, or a file named on it, is wrong: exit 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
