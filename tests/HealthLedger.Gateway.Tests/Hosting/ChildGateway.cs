using System.Diagnostics;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>The built gateway as a process of its own, as an operator starts it.</summary>
internal sealed class ChildGateway : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ChildGateway(Process process, Task<string> errors, string url)
    {
        _process = process;
        _errors = errors;
        Url = url;
    }

    public string Url { get; }

    /// <summary>Runs the gateway to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> Run(string[] arguments, string? passphrase = null)
    {
        using var process = Launch(arguments, passphrase);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    /// <summary>Starts the gateway in a directory and waits for its line <c>listening URL</c>.</summary>
    public static async Task<ChildGateway> Start(TestDirectory directory, params string[] arguments)
    {
        var process = Launch([.. Arguments(directory), .. arguments], null);
        return await Listen(process);
    }

    /// <summary>The same under strace, which writes the calls it is told to follow into a file; null where it is not installed or may not trace.</summary>
    public static async Task<ChildGateway?> StartTraced(TestDirectory directory, string trace, string calls)
    {
        try
        {
            return await Listen(Launch(Arguments(directory), null, "strace", "-f", "-y", "-s", "1024", "-e", "trace=" + calls, "-o", trace, "dotnet"));
        }
        catch (Exception missing) when (missing is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The same on a disk that breaks: from a call on this file on each such call fails. Null where strace is not installed or may not trace.</summary>
    /// <param name="directory">Data and keys.</param>
    /// <param name="file">The file.</param>
    /// <param name="injection">What fails, as strace's <c>-e inject=</c> says it.</param>
    /// <param name="arguments">Settings.</param>
    public static async Task<ChildGateway?> StartOnBrokenDisk(TestDirectory directory, string file, string injection, params string[] arguments)
    {
        try
        {
            return await Listen(Launch([.. Arguments(directory), .. arguments], null, "strace", "-f", "-qq", "-o", "/dev/null", "-P", file, "-e", "inject=" + injection, "dotnet"));
        }
        catch (Exception missing) when (missing is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task<ChildGateway> Listen(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        const string Listening = "listening ";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Listening, StringComparison.Ordinal))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return new ChildGateway(process, errors, line[Listening.Length..]);
            }
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException($"The gateway ended with {process.ExitCode} before it listened: {await errors}");
    }

    public static string[] Arguments(TestDirectory directory) =>
        ["--urls=http://127.0.0.1:0", $"--HealthLedger:Data={directory.Data}", $"--HealthLedger:Keys={directory.Keys}", "--HealthLedger:ScryptLogN=15"];

    /// <summary>The most memory that it has had until now; 0 where the system does not tell.</summary>
    public long PeakBytes()
    {
        _process.Refresh();
        return _process.PeakWorkingSet64;
    }

    /// <summary>kill -9; what it had said on its error stream.</summary>
    public async Task<string> Kill()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        return await _errors;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Kill();
        }

        _process.Dispose();
    }

    private static Process Launch(string[] arguments, string? passphrase, params string[] through)
    {
        string[] command = [.. through.DefaultIfEmpty("dotnet"), Path.Combine(AppContext.BaseDirectory, "HealthLedger.Gateway.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("HEALTHLEDGER_PASSPHRASE");
        if (passphrase is not null)
        {
            start.Environment["HEALTHLEDGER_PASSPHRASE"] = passphrase;
        }

        return Process.Start(start)!;
    }
}
