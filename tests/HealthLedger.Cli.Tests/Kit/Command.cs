namespace HealthLedger.Cli.Tests.Kit;

/// <summary>Runs the command line in this process.</summary>
internal static class Command
{
    public static async Task<Outcome> Run(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.Run(args, new Terminal(output, error, ShowsProgress: false), TimeProvider.System, default);
        return new Outcome((ExitCode)code, output.ToString(), error.ToString());
    }
}

internal sealed record Outcome(ExitCode Code, string Out, string Error);
