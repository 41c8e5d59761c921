namespace HealthLedger.Cli.Tests.Kit;

/// <summary>Runs the command line in this process.</summary>
internal static class Command
{
    public static Task<Outcome> Run(params string[] args) => Typed(null, args);

    /// <summary>As somebody at a terminal who types these lines; null where nobody is there.</summary>
    public static async Task<Outcome> Typed(string? lines, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.Run(args, new Terminal(output, error, ShowsProgress: false) { In = lines is null ? null : new StringReader(lines) }, TimeProvider.System, default);
        return new Outcome((ExitCode)code, output.ToString(), error.ToString());
    }
}

internal sealed record Outcome(ExitCode Code, string Out, string Error);
