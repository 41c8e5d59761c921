using System.ComponentModel;
using System.Diagnostics;
using HealthLedger.Tests.Ledger;
using Xunit.Abstractions;

namespace HealthLedger.Faults;

/// <summary>The load of <see cref="AppendLoad"/> in a process under strace, which sees and can break its system calls.</summary>
internal static class TracedLoad
{
    /// <summary>Starts it on <c>data</c> of the directory, with the trace in <c>trace</c> beside it.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="appenders">How many append at once.</param>
    /// <param name="output">Where it is said that there is no strace.</param>
    /// <param name="options">What strace is to do.</param>
    /// <returns>The process; null where strace is not installed.</returns>
    public static Process? Start(TemporaryDirectory directory, int appenders, ITestOutputHelper output, params string[] options)
    {
        string[] load = ["dotnet", "exec", typeof(AppendLoad).Assembly.Location, "append", directory["data"], $"{appenders}"];
        try
        {
            return Process.Start(new ProcessStartInfo("strace", ["-f", "-o", directory["trace"], .. options, .. load]) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception)
        {
            output.WriteLine("SKIPPED: strace is not installed here.");
            return null;
        }
    }

    /// <summary>Says that strace is there, but the system lets nobody be traced.</summary>
    public static void NotPermitted(ITestOutputHelper output) => output.WriteLine("SKIPPED: tracing is not permitted here.");
}
