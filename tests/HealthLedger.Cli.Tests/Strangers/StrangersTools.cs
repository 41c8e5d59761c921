using System.ComponentModel;
using System.Diagnostics;

namespace HealthLedger.Cli.Tests.Strangers;

/// <summary>A test that runs somebody else's tool: skipped with a notice where it is not installed, but never in CI, where tests/run installs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsAttribute : FactAttribute
{
    /// <param name="tool">The tool's command, which must know <c>version</c> or <c>--version</c>.</param>
    public NeedsAttribute(string tool)
    {
        if (Environment.GetEnvironmentVariable("CI") != "true" && !StrangersTools.IsThere(tool))
        {
            Skip = $"{tool} is not installed here.";
        }
    }
}

/// <summary>The programs of tests/strangers, built and run.</summary>
internal static class StrangersTools
{
    private static readonly Lazy<string> s_folder = new(() =>
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HealthLedger.sln")))
            {
                return Path.Combine(folder.FullName, "tests", "strangers");
            }
        }

        throw new InvalidOperationException("The tests are not run inside the repository.");
    });

    private static readonly Lazy<Task<string>> s_audit = new(Build);

    public static bool IsThere(string tool)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(tool, tool == "go" ? ["version"] : ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs tests/strangers/go.</summary>
    public static async Task<(int Code, string Out)> Go(params string[] arguments) => await Run(await s_audit.Value, arguments);

    /// <summary>Runs tests/strangers/node/receipt.mjs.</summary>
    public static Task<(int Code, string Out)> Node(params string[] arguments) => Run("node", [Path.Combine(s_folder.Value, "node", "receipt.mjs"), .. arguments]);

    /// <summary>Whether what tests/strangers/noble needs was installed there (<c>npm ci</c>).</summary>
    public static bool HasNoble => Directory.Exists(Path.Combine(s_folder.Value, "noble", "node_modules", "@noble", "post-quantum"));

    /// <summary>Runs tests/strangers/noble/cosignature.mjs.</summary>
    public static Task<(int Code, string Out)> Noble(params string[] arguments) => Run("node", [Path.Combine(s_folder.Value, "noble", "cosignature.mjs"), .. arguments]);

    /// <summary>A frozen example of a format.</summary>
    public static string Fixture(string name) => Path.Combine(s_folder.Value, "..", "HealthLedger.Proofs.Tests", "Fixtures", name);

    /// <summary>Debian's golang-golang-x-mod-dev puts the packages under /usr/share/gocode, where a toolchain without modules finds them.</summary>
    private static async Task<string> Build()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "strangers-audit");
        var (code, output) = await Run("go", ["build", "-o", program, "."], Path.Combine(s_folder.Value, "go"), ("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", ""));
        return code == 0 ? program : throw new InvalidOperationException($"tests/strangers/go does not build: {output}");
    }

    private static Task<(int Code, string Out)> Run(string program, string[] arguments) => Run(program, arguments, AppContext.BaseDirectory);

    private static async Task<(int Code, string Out)> Run(string program, string[] arguments, string folder, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }
}
