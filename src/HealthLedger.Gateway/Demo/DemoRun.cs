using System.Diagnostics;
using HealthLedger.Gateway.Hosting;
using Spectre.Console;

namespace HealthLedger.Gateway.Demo;

/// <summary>The walk through the main job: each step does it over HTTP and shows what proves it.</summary>
internal static class DemoRun
{
    /// <summary>Seeds and walks; true where every step proved what it says.</summary>
    public static async Task<bool> Walk(GatewayHost gateway, CommandLine line)
    {
        var console = new DemoConsole(DemoConsole.Open());
        using var clients = new DemoClients();
        using var http = new DemoHttp(gateway.Url, clients, TimeProvider.System);
        var context = new DemoContext(gateway, line, console, clients, http);
        console.Title("HealthLedger: the main job, step by step");

        // A step that fails or breaks ends the walk: the ones after it stand on it.
        Func<DemoContext, Task<bool>>[] steps =
        [
            DemoSteps.LoadHospital, DemoSteps.GrantConsent, DemoSteps.PermittedRead, DemoSteps.RefusedRead, DemoSteps.Risk,
            DemoSteps.Withdraw, DemoSteps.PatientsList, DemoSteps.VerifyFromOutside, DemoSteps.ScanStoredFiles,
        ];
        var watch = Stopwatch.StartNew();
        var proved = 0;
        foreach (var step in steps)
        {
            if (!await step(context))
            {
                break;
            }

            proved++;
        }

        context.WriteCredentials();
        console.Title(proved == steps.Length
            ? $"All {steps.Length} steps proved, in {watch.Elapsed.TotalSeconds:F1} s. Clients and users are in {line.DemoCredentials}."
            : $"Step {proved + 1} did not prove what it says. Clients and users of what came before it are in {line.DemoCredentials}.");
        if (!line.Once)
        {
            console.Say($"Serving at {gateway.Url}: /portal for patients, /review for regulators, /fhir for clients. Ctrl-C stops it.");
        }

        return proved == steps.Length;
    }
}
