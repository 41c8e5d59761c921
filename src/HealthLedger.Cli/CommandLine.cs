using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using HealthLedger.Cli.Audit;
using HealthLedger.Cli.Breach;
using HealthLedger.Cli.MyEvents;
using HealthLedger.Cli.Operate;
using HealthLedger.Cli.Token;
using HealthLedger.Cli.Verify;
using HealthLedger.Cli.Witness;

namespace HealthLedger.Cli;

/// <summary>The commands, and what happens around each.</summary>
internal static class CommandLine
{
    private const string RootExamples = """
          healthledger verify http://localhost:5080 --vkey "$(cat ledger.vkey)"
          healthledger audit http://localhost:5080 --client demo-credentials.json --vkey "$(cat ledger.vkey)"
          healthledger token --credentials demo-credentials.json --client demo-clinic --scope "system/*.rs"
          healthledger breach-report demo-clinic --from 2026-11-20 --to 2026-11-21 --client demo-credentials.json
          healthledger witness --key witness.key --state ./witness --log "$(cat ledger.vkey)"

        ledger.vkey is a file with the ledger's verifier key, got by a way that the ledger does not control. The demo's is "vkey" in demo-credentials.json.
        """;

    /// <summary>Runs one command line; the process's exit code.</summary>
    public static async Task<int> Run(string[] args, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        // No RootCommand: it would call itself by the file's name.
        var help = new HelpOption();
        var root = new Command("healthledger", "Checks a HealthLedger from outside, gets tokens for its FHIR server, and operates a gateway.") { help, new VersionOption() };
        var examples = new Dictionary<Command, string> { [root] = RootExamples };
        Add(VerifyCommand.Make(terminal, time), VerifyCommand.Examples);
        Add(AuditCommand.Make(terminal, time), AuditCommand.Examples);
        Add(MyEventsCommand.Make(terminal), MyEventsCommand.Examples);
        Add(BreachReportCommand.Make(terminal, time), BreachReportCommand.Examples);
        Add(TokenCommand.Make(terminal, time), TokenCommand.Examples);
        Add(EraseCommand.Make(terminal, time), EraseCommand.Examples);
        Add(KeysCommand.Make(terminal, time), KeysCommand.Examples);
        Add(BackupCommand.Make(terminal, time), BackupCommand.Examples);
        Add(VaultCommand.Make(terminal, time), VaultCommand.Examples);
        Add(ClientsCommand.Make(terminal, time), ClientsCommand.Examples);
        Add(UsersCommand.Make(terminal, time), UsersCommand.Examples);
        Add(OrganizationsCommand.Make(terminal, time), OrganizationsCommand.Examples);
        Add(WitnessCommand.Make(terminal, time, out var keygen), WitnessCommand.Examples);
        examples[keygen] = WitnessCommand.KeygenExamples;
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples, terminal.Out);

        var settings = new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await terminal.Error.WriteLineAsync(error.Message);
            }

            await terminal.Error.WriteLineAsync("Try --help.");
            return (int)ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(settings, cancellationToken);
        }
        catch (UsageException e)
        {
            await terminal.Error.WriteLineAsync(PlainLine.Of(e.Message));
            return (int)ExitCode.Usage;
        }
        catch (RefusedException e)
        {
            await terminal.Error.WriteLineAsync($"refused ({e.Status}): {e.Message}");
            return (int)ExitCode.Failed;
        }
        catch (UnreachableException e)
        {
            await terminal.Error.WriteLineAsync($"unreachable: {PlainLine.Of(e.Message)}");
            return (int)ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync("stopped");
            return (int)ExitCode.Unreachable;
        }

        void Add(Command command, string example)
        {
            root.Subcommands.Add(command);
            examples[command] = example;
        }
    }

    private sealed class HelpWithExamples(HelpAction inner, Dictionary<Command, string> examples, TextWriter output) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = inner.Invoke(parseResult);
            foreach (var line in Explanation(parseResult.CommandResult))
            {
                output.WriteLine(line);
            }

            return code;
        }

        /// <summary>A command's examples; of a subcommand without its own, those that the command above has of it, and the exit codes.</summary>
        private IEnumerable<string> Explanation(CommandResult result)
        {
            if (examples.TryGetValue(result.Command, out var own))
            {
                return ["Examples:", own];
            }

            if (result.Parent is not CommandResult { Command: var above } || !examples.TryGetValue(above, out var all))
            {
                return [];
            }

            var lines = all.ReplaceLineEndings("\n").Split('\n');
            var ofThis = lines.Where(line => line.StartsWith($"  healthledger {above.Name} {result.Command.Name} ", StringComparison.Ordinal)).ToList();
            var codes = lines.Where(line => line.StartsWith("Exit codes:", StringComparison.Ordinal));
            return ofThis.Count == 0 ? codes : ["Examples:", .. ofThis, "", .. codes];
        }
    }
}

/// <summary>The command line, or a file named on it, is wrong: exit 2.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The server answered, and refused: exit 1.</summary>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status => status;
}

/// <summary>A server or a directory cannot be read: exit 4.</summary>
internal sealed class UnreachableException(string message) : Exception(message);
