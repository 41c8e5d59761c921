using System.Diagnostics;
using HealthLedger.Gateway.Hosting;

namespace HealthLedger.Gateway.Demo;

/// <summary>
/// Runs the command line tool as a stranger would: another process, with nothing of the gateway but its URL. It is built with the gateway and lies beside it.
/// </summary>
internal static class Verifier
{
    /// <summary>The tool, as built beside a gateway in this folder.</summary>
    /// <exception cref="ConfigurationException">It is not there; the message says what to do.</exception>
    public static string Require(string gatewayFolder) => Find(gatewayFolder) ?? throw new ConfigurationException(
        $"The demo verifies the ledger with the command line tool, and HealthLedger.Cli.dll is not in {gatewayFolder}. Build it (dotnet build src/HealthLedger.Cli -c Release) or copy its files there.");

    public static async Task<(int ExitCode, string Output)> Run(IReadOnlyList<string> arguments)
    {
        var tool = Require(AppContext.BaseDirectory);
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
    private static string? Find(string gatewayFolder)
    {
        var here = gatewayFolder.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        return new[]
        {
            Path.Combine(here, "HealthLedger.Cli.dll"),
            Path.Combine(here, "..", "..", "HealthLedger.Cli", configuration, "HealthLedger.Cli.dll"),
        }.FirstOrDefault(File.Exists);
    }
}
