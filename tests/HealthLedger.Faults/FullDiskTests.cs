// A disk that is really full: a small tmpfs. Where mounting is not permitted, the test says so and passes; CommitFaultTests play the same in memory.
using System.Diagnostics;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Tests.Ledger;
using Xunit.Abstractions;

namespace HealthLedger.Faults;

public sealed class FullDiskTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1024 * 1024)] // as it is meant: a reserve that is not touched
    [InlineData(0)] // without reserve the journal itself hits the end of the disk
    public async Task A_full_disk_refuses_appends_loses_nothing_and_passes(long reserve)
    {
        using var directory = new TemporaryDirectory();
        if (!OperatingSystem.IsLinux() || Execute("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", directory.Path) != 0)
        {
            output.WriteLine("SKIPPED: mounting a tmpfs is not permitted here.");
            return;
        }

        try
        {
            await FillUp(directory, reserve);
        }
        finally
        {
            Execute("umount", "-l", directory.Path);
        }
    }

    private static async Task FillUp(TemporaryDirectory directory, long reserve)
    {
        var facts = new Dictionary<ulong, string>();
        var ballast = directory["ballast"];
        var fatal = new RecordedFatal();
        var options = TestLedger.Options(directory["ledger"]) with { MinFreeBytes = reserve, SegmentBytes = 512 * 1024, PreallocateBytes = 64 * 1024 };
        await File.WriteAllBytesAsync(ballast, new byte[1024 * 1024]);
        await using (var log = LedgerLog.Open(options with { Fatal = fatal }))
        {
            await FillUp(log, facts);
            LogCheck.Check(log);
            if (reserve > 0)
            {
                // Room returns, and the ledger goes on by itself.
                Assert.False(fatal.IsStopped);
                File.Delete(ballast);
                facts[(await log.Appended("patient", "room again")).Indices[0]] = "room again";
                LogCheck.Check(log);
            }
        }

        // Without a reserve a committed batch may not have found its place: then the ledger stopped, and completes it once there is room.
        File.Delete(ballast);
        await using var again = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
        LogCheck.Check(again);
        Assert.All(facts, fact => Assert.Equal(fact.Value, Encoding.UTF8.GetString(again.OpenFact(fact.Key, TestLedger.Chain("patient"))!)));
        await again.Appended("patient", "goes on");
    }

    private static async Task FillUp(LedgerLog log, Dictionary<ulong, string> facts)
    {
        for (var i = 0; i < 20_000; i++)
        {
            var fact = $"{i}:{new string('.', 1500)}";
            try
            {
                if (await log.Append(TestLedger.Request(TestLedger.Event("patient", fact)), CancellationToken.None) is not AppendOutcome.Appended appended)
                {
                    return;
                }

                facts[appended.Indices[0]] = fact;
            }
            catch (LedgerStoppedException)
            {
                return;
            }
        }

        Assert.Fail("The disk never became full.");
    }

    private static int Execute(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program) { RedirectStandardError = true };
            Array.ForEach(arguments, start.ArgumentList.Add);
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
