using System.CommandLine;
using System.Globalization;
using HealthLedger.Cli.Audit;
using HealthLedger.Cli.Token;

namespace HealthLedger.Cli.Breach;

/// <summary><c>healthledger breach-report</c>: what a client opened in a span of time, and of whom.</summary>
internal static class BreachReportCommand
{
    public const string Examples = """
          healthledger breach-report demo-clinic --from 2026-11-20 --to 2026-11-21 --client demo-credentials.json
          healthledger breach-report lost-tablet --from 2026-11-20T08:00:00Z --to 2026-11-20T17:30:00Z --client auditor.json --json

        Days are whole days in UTC, both included; of two instants the second is not included. Patients stand under pseudonyms: an operator, and nobody else,
        can say whom they stand for (POST /admin/pseudonyms). Each page of 20,000 accesses is one question, recorded in the ledger before it is answered; there are 2,000 at most.
        The report is the gateway's word. For what proves itself, export a bundle for the same client and days, and `healthledger audit` the file.

        Exit codes: 0 the report is written and whole, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var suspect = new Argument<string>("CLIENT") { Description = "The whole id of the client whose accesses are meant." };
        var from = new Option<string>("--from") { Description = "A day (2026-11-20) or an instant (2026-11-20T08:00:00Z).", HelpName = "TIME", Required = true };
        var to = new Option<string>("--to") { Description = "The same, not before --from.", HelpName = "TIME", Required = true };
        var file = new Option<string>("--client") { Description = "A credentials file with the auditor's client and its private key; it says where the gateway is.", HelpName = "FILE", Required = true };
        var id = new Option<string?>("--as") { Description = "The client id in that file; otherwise its only client, or the only one whose id ends in 'auditor'.", HelpName = "ID" };
        var json = new Option<bool>("--json") { Description = "Writes the report as JSON." };
        foreach (var option in new[] { from, to })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<string>() is { } text && !IsTime(text))
                {
                    result.AddError($"{option.Name}: a day such as 2026-11-20, or an instant in UTC such as 2026-11-20T08:00:00Z.");
                }
            });
        }

        var command = new Command("breach-report", "Tells what a client opened between two times, and of whom.") { suspect, from, to, file, id, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var credentials = Credentials.Read(parsed.GetRequiredValue(file), parsed.GetValue(id));
            using var token = new AuditorToken(credentials, time);
            using var source = new BreachQuestions(credentials.Fhir, token);
            var report = await source.Ask(parsed.GetRequiredValue(suspect), parsed.GetRequiredValue(from), parsed.GetRequiredValue(to), cancellationToken);
            if (report is null)
            {
                await terminal.Error.WriteLineAsync($"refused: {source.Refusal}");
                return (int)ExitCode.Failed;
            }

            await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? report.ToJson() : report.ToText());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static bool IsTime(string text) => DateTimeOffset.TryParseExact(
        text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out _);
}
