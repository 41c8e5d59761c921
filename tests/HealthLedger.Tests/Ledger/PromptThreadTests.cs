// docs/decisions/0027: the sequencer's thread asks to go before the others, and goes on as it is where it may not (setpriority(2)).
using System.Globalization;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class PromptThreadTests
{
    private const int ChangesPriorities = 23; // CAP_SYS_NICE

    [Fact]
    public async Task The_sequencers_thread_goes_before_the_others_where_the_system_allows_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var usual = Nice("/proc/thread-self");
        await using var log = LedgerLog.Open(TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() }, new ForgetfulDisk());
        await log.Appended("patient", "one");

        var sequencers = Directory.EnumerateDirectories("/proc/self/task").Where(task => Read(task, "comm").StartsWith("ledger sequence", StringComparison.Ordinal)).Select(Nice).ToList();
        Assert.NotEmpty(sequencers);
        Assert.All(sequencers, nice => Assert.Equal(IsAllowed() ? Math.Max(-20, usual - 10) : usual, nice));
    }

    [Fact]
    public void A_thread_that_it_starts_does_not_inherit_that()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        int? inherited = null;
        var first = new Thread(() =>
        {
            PromptThread.TryBecome();
            var second = new Thread(() => inherited = Nice("/proc/thread-self"));
            second.Start();
            second.Join();
        });
        first.Start();
        first.Join();
        Assert.Equal(IsAllowed() ? 0 : Nice("/proc/thread-self"), inherited);
    }

    /// <summary>Field 19 of proc_pid_stat(5); the name before it may have spaces and ends with a bracket.</summary>
    private static int Nice(string task)
    {
        var stat = Read(task, "stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }

    private static bool IsAllowed()
    {
        var effective = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).Split('\t')[1];
        var limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max nice priority", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return ((ulong.Parse(effective, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> ChangesPriorities) & 1) == 1 || limit == "unlimited" || int.Parse(limit, CultureInfo.InvariantCulture) >= 30;
    }

    private static string Read(string task, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, file));
        }
        catch (IOException)
        {
            return ""; // ended meanwhile: a thread of another test
        }
    }
}
