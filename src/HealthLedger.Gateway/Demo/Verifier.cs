using System.Diagnostics;

namespace HealthLedger.Gateway.Demo;

/// <summary>
/// Runs the command line tool as a stranger would: another process, with nothing of the gateway but its URL. It is built with the gateway and lies beside it.
/// </summary>
internal static class Verifier
{
    public static async Task<(int ExitCode, string Output)> Run(IReadOnlyList<string> arguments)
    {
        var tool = Find() ?? throw new InvalidOperationException("The command line tool is not beside the gateway: build src/HealthLedger.Cli.");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(tool);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>In a published gateway the same folder; in a build the neighbour's.</summary>
    private static string? Find()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        return new[]
        {
            Path.Combine(here, "HealthLedger.Cli.dll"),
            Path.Combine(here, "..", "..", "HealthLedger.Cli", configuration, "HealthLedger.Cli.dll"),
        }.FirstOrDefault(File.Exists);
    }
}
