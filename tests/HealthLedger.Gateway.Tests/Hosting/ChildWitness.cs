using System.Collections.Concurrent;
using System.Diagnostics;
using HealthLedger.Gateway.Demo;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary><c>healthledger witness</c> as a process of its own, as another party runs it.</summary>
internal sealed class ChildWitness : IAsyncDisposable
{
    private readonly Process _process;

    private ChildWitness(Process process, IReadOnlyList<string> vkeys, string url)
    {
        _process = process;
        (Vkeys, Url) = (vkeys, url);
    }

    /// <summary>Its lines of JSON so far.</summary>
    public ConcurrentQueue<string> Lines { get; } = [];

    /// <summary>The Ed25519 key first.</summary>
    public IReadOnlyList<string> Vkeys { get; }

    public string Vkey => Vkeys[0];

    public string Url { get; }

    public NoteVerifier Key => NoteVerifier.Parse(Vkey).Value;

    /// <summary>Starts a witness; its key and state lie in a directory of this name, and are made where they are missing.</summary>
    public static async Task<ChildWitness> Start(TestDirectory directory, string name, string logVkey, string url = "http://127.0.0.1:0", params string[] more)
    {
        var folder = Directory.CreateDirectory(Path.Combine(directory.Root, name)).FullName;
        var key = Path.Combine(folder, "key");
        if (!File.Exists(key))
        {
            using var keygen = Launch(["witness", "keygen", "--name", $"{name}.example/w", "--out", key]);
            await keygen.WaitForExitAsync();
            Assert.Equal(0, keygen.ExitCode);
        }

        var process = Launch(["witness", "--key", key, "--state", Path.Combine(folder, "state"), "--log", logVkey, "--url", url, .. more]);
        var errors = process.StandardError.ReadToEndAsync();
        var vkeys = new List<string> { await Line(process, "vkey ", errors) };
        if (more.Contains("--key"))
        {
            vkeys.Add(await Line(process, "vkey ", errors));
        }

        var listening = await Line(process, "listening ", errors);
        var witness = new ChildWitness(process, vkeys, listening);
        _ = witness.Read();
        return witness;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task Read()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            Lines.Enqueue(line);
        }
    }

    private static async Task<string> Line(Process process, string prefix, Task<string> errors) =>
        await process.StandardOutput.ReadLineAsync() is { } line && line.StartsWith(prefix, StringComparison.Ordinal)
            ? line[prefix.Length..]
            : throw new InvalidOperationException($"The witness did not start: {await errors}");

    private static Process Launch(string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Verifier.Require(AppContext.BaseDirectory), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
