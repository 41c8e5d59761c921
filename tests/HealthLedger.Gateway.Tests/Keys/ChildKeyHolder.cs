using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Tests.Hosting;

namespace HealthLedger.Gateway.Tests.Keys;

/// <summary><c>healthledger-key-holder run</c> as a process of its own, as another party runs it.</summary>
internal sealed class ChildKeyHolder : IAsyncDisposable
{
    private readonly Process _process;

    private ChildKeyHolder(Process process) => _process = process;

    /// <summary>Its lines of JSON so far.</summary>
    public ConcurrentQueue<string> Lines { get; } = [];

    public static string Link(TestDirectory directory) => Path.Combine(directory.Root, "holder.link");

    public static string Socket(TestDirectory directory) => Path.Combine(directory.Root, "holder.sock");

    /// <summary>What the gateway is told.</summary>
    public static string[] Settings(TestDirectory directory) =>
        [$"--HealthLedger:KeyHolder:Address=unix:{Socket(directory)}", $"--HealthLedger:KeyHolder:LinkFile={Link(directory)}", "--HealthLedger:KeyHolder:TimeoutSeconds=20"];

    public static async Task Init(TestDirectory directory) => Assert.Equal(0, (await Run("init", "--state", State(directory), "--link", Link(directory))).ExitCode);

    public static async Task<ChildKeyHolder> Start(TestDirectory directory, params string[] more)
    {
        var process = Launch(["run", "--state", State(directory), "--link", Link(directory), "--listen", "unix:" + Socket(directory), .. more]);
        var errors = process.StandardError.ReadToEndAsync();
        if (await process.StandardOutput.ReadLineAsync() is not { } line || !line.StartsWith("listening ", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The key holder did not start: {await errors}");
        }

        var holder = new ChildKeyHolder(process);
        _ = holder.Read();
        return holder;
    }

    public static async Task<JsonNode> Report(TestDirectory directory) =>
        JsonNode.Parse((await Run("report", "--state", State(directory), "--entries", "--json")).Output)!;

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    public static async Task<(int ExitCode, string Output)> Run(params string[] arguments)
    {
        using var process = Launch(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private async Task Read()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            Lines.Enqueue(line);
        }
    }

    private static string State(TestDirectory directory) => Path.Combine(directory.Root, "holder");

    private static Process Launch(string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "HealthLedger.KeyHolder.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
