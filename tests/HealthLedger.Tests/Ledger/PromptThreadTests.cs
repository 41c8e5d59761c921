// docs/decisions/0027: the sequencer's thread asks to go before the others, and keeps its turn where it may not (setpriority(2), sched(7)).
using System.Globalization;
using System.Runtime.InteropServices;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class PromptThreadTests
{
    private const int ResetOnFork = 0x40000000;

    [Fact]
    public async Task The_sequencers_thread_asks_to_go_first()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // The flag needs no right, so that it shows on every machine whether the thread asked. Others' sequencers may be about to ask, or to end.
        await using var log = LedgerLog.Open(TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() }, new ForgetfulDisk());
        await log.Appended("patient", "one");
        Assert.True(SpinWait.SpinUntil(() => Sequencers().Any() && Sequencers().All(thread => GetScheduler(thread) is ResetOnFork or < 0), TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void It_is_ten_steps_nicer_to_itself_where_the_system_allows_that_and_what_it_starts_is_not()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        int usual = 0, tried = 0, first = 0, second = 0;
        OnItsOwn(() =>
        {
            usual = GetPriority(0, 0);
            _ = SetPriority(0, 0, usual - 10);
            tried = GetPriority(0, 0);
        });
        OnItsOwn(() =>
        {
            PromptThread.TryBecome();
            first = GetPriority(0, 0);
            OnItsOwn(() => second = GetPriority(0, 0));
        });
        Assert.Equal(tried, first);
        Assert.Equal(Math.Max(0, first), second);
    }

    private static void OnItsOwn(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        thread.Join();
    }

    private static List<int> Sequencers() =>
        [.. Directory.EnumerateDirectories("/proc/self/task").Where(IsSequencer).Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture))];

    private static bool IsSequencer(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("ledger sequence", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // ended meanwhile
        }
    }

    [DllImport("libc", EntryPoint = "sched_getscheduler")]
    private static extern int GetScheduler(int thread);

    [DllImport("libc", EntryPoint = "getpriority")]
    private static extern int GetPriority(int which, int who);

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, int who, int nice);
}
