// What happens beside the commits (docs/architecture.md, "One commit"): rotation of the journal and its next segment, flushing of the flat files, the published checkpoint's file. Each step
// fails without effect and after its effect; the ledger stops, and a start has everything that was acknowledged.
using System.Collections.Concurrent;
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class KeepingFaultTests
{
    public static TheoryData<string, string, bool> Steps()
    {
        var steps = new TheoryData<string, string, bool>();
        foreach (var (file, operation) in new[]
        {
            ("checkpoint", "replace"), ("directory", "flush"), ("journal-00000002.log", "write"), ("journal-00000002.log", "flush"),
            ("journal-next.log", "write"), ("journal-next.log", "flush"), ("journal-0", "rename"),
            ("facts.dat", "flush"), ("facts.idx", "flush"), ("entries.dat", "flush"), ("level-0.dat", "flush"), ("level-7.dat", "flush"),
        })
        {
            steps.Add(file, operation, false);
            steps.Add(file, operation, true);
        }

        return steps;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_step_beside_the_commits_that_fails_stops_the_ledger_and_loses_nothing(string file, string operation, bool done)
    {
        foreach (var cut in new[] { false, true })
        {
            var disk = new ForgetfulDisk();
            var fatal = new RecordedFatal();
            var options = TestLedger.Options("unused") with { Fatal = fatal, Index = new VolatileLedgerIndex() };
            var log = LedgerLog.Open(options, disk);
            disk.Decide = (name, what) => !name.StartsWith(file, StringComparison.Ordinal) || what != operation ? Fault.None : done ? Fault.DoneButFailed : Fault.NotDone;

            // Long facts, so that the first segment of the journal is full soon and the next one begins.
            var acknowledged = new List<ulong>();
            var limit = DateTime.UtcNow.AddSeconds(30);
            while (!fatal.IsStopped && DateTime.UtcNow < limit)
            {
                try
                {
                    if (await log.Append(TestLedger.Request(TestLedger.Event("patient", new string('.', 2000))), CancellationToken.None) is AppendOutcome.Appended appended)
                    {
                        acknowledged.Add(appended.Indices[0]);
                    }
                }
                catch (LedgerStoppedException)
                {
                    break;
                }
            }

            await fatal.Stopped.WaitAsync(TimeSpan.FromSeconds(30));
            var next = cut ? disk.CutPower(() => -1) : disk.Kill();
            await log.DisposeAsync();

            await using var again = LedgerLog.Open(options with { Fatal = new RecordedFatal(), Index = new VolatileLedgerIndex() }, next);
            LogCheck.Check(again);
            Assert.All(acknowledged, index => Assert.Equal(new string('.', 2000), Encoding.UTF8.GetString(again.OpenFact(index, TestLedger.Chain("patient"))!)));
            await again.Appended("patient", "goes on");
        }
    }

    [Fact]
    public async Task What_was_applied_is_flushed_little_by_little_and_not_only_when_a_segment_is_full()
    {
        var disk = new ForgetfulDisk();
        await using var log = LedgerLog.Open(TestLedger.Options("unused") with { SegmentBytes = 64 << 20, Index = new VolatileLedgerIndex() }, disk);
        var done = new ConcurrentDictionary<string, bool>();
        disk.Decide = (name, what) =>
        {
            done.TryAdd($"{what} {name}", true);
            return Fault.None;
        };
        for (var i = 0; i < 5; i++)
        {
            await log.Appended("patient", new string('.', 500_000));
        }

        Assert.True(SpinWait.SpinUntil(() => done.ContainsKey("flush facts.dat") && done.ContainsKey("flush entries.dat"), TimeSpan.FromSeconds(30)));
        Assert.DoesNotContain(done.Keys, operation => operation.Contains("journal-00000002", StringComparison.Ordinal));

        // And not again for the little that comes after.
        Assert.True(SpinWait.SpinUntil(() => done.ContainsKey("flush level-7.dat"), TimeSpan.FromSeconds(30)));
        done.Clear();
        await log.Appended("patient", "little");
        Assert.True(SpinWait.SpinUntil(() => done.ContainsKey("replace checkpoint"), TimeSpan.FromSeconds(30)));
        await Task.Delay(TimeSpan.FromMilliseconds(600));
        Assert.DoesNotContain("flush facts.dat", done.Keys);
    }
}
