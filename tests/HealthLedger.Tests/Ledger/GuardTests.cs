// Guards, clock and queue of the sequencer: docs/threats.md, "A withdrawal that comes too late"; clocks in docs/formats/ledger-files.md.
using System.Collections.Concurrent;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Entries;

namespace HealthLedger.Tests.Ledger;

public sealed class GuardTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_append_that_rests_on_an_overtaken_decision_is_stale_and_writes_nothing()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var seen = log.DecisionVersionOf("patient");
        var everybody = log.DecisionVersionOf(DecisionVersion.Everybody);
        Assert.Equal(0, seen.Version);

        await log.Append(TestLedger.Request(TestLedger.Event("patient", "withdraw")) with { Raises = ["patient"] }, CancellationToken.None);
        Assert.Equal(1, log.DecisionVersionOf("patient").Version);
        var size = log.Published.Size;

        var stale = Assert.IsType<AppendOutcome.Stale>(
            await log.Append(TestLedger.Request(TestLedger.Event("patient", "read")) with { Expected = [seen, everybody] }, CancellationToken.None));
        Assert.Equal("patient", Assert.Single(stale.Subjects));
        Assert.Equal(size, log.Published.Size);
        Assert.IsType<AppendOutcome.Appended>(
            await log.Append(TestLedger.Request(TestLedger.Event("patient", "read")) with { Expected = [log.DecisionVersionOf("patient"), everybody] }, CancellationToken.None));
    }

    [Fact]
    public async Task A_change_that_itself_rests_on_the_version_it_raises_wins_once()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var seen = log.DecisionVersionOf("patient");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => log.Append(
            TestLedger.Request(TestLedger.Event("patient", $"{i}")) with { Expected = [seen], Raises = ["patient"] }, CancellationToken.None).AsTask()));

        Assert.Single(outcomes.OfType<AppendOutcome.Appended>());
        Assert.Equal(15, outcomes.OfType<AppendOutcome.Stale>().Count());
        Assert.Equal(3ul, log.Published.Size);
    }

    [Fact]
    public async Task No_read_that_was_decided_before_a_withdrawal_is_appended_after_it()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var withdrawnAt = new ConcurrentDictionary<long, ulong>();
        var read = new ConcurrentBag<(long Version, ulong Index)>();
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 6).Select(r => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var version = log.DecisionVersionOf("patient");
                var request = TestLedger.Request(TestLedger.Event("patient", $"read {r} {i}")) with { Expected = [version] };
                if (await log.Append(request, CancellationToken.None) is AppendOutcome.Appended appended)
                {
                    read.Add((version.Version, appended.CheckpointSize));
                }
            }
        })).ToArray();

        // Sixty, and more where no read came between any two of them yet.
        for (var i = 1; i <= 60 || (read.IsEmpty && i <= 100_000); i++)
        {
            var request = TestLedger.Request(TestLedger.Event("patient", $"withdraw {i}")) with { Raises = ["patient"] };
            withdrawnAt[i] = Assert.IsType<AppendOutcome.Appended>(await log.Append(request, CancellationToken.None)).CheckpointSize;
            Assert.Equal(i, log.DecisionVersionOf("patient").Version);
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);

        // A read that rests on version v stands in the batch of withdrawal v + 1 at the latest.
        Assert.All(read.Where(r => withdrawnAt.ContainsKey(r.Version + 1)), r => Assert.True(r.Index <= withdrawnAt[r.Version + 1]));
        Assert.NotEmpty(read);
        LogCheck.Check(log);
    }

    [Fact]
    public async Task The_callback_runs_after_the_store_applied_and_before_the_version_can_be_read()
    {
        var store = new RecordingParticipant();
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path) with { Participants = [store] });
        var seen = (-1L, -1, 0ul);
        var request = TestLedger.Request(TestLedger.Event("patient", "x")) with
        {
            Raises = ["patient"],
            Redo = new byte[] { 1 },
            Committed = () => seen = (log.DecisionVersionOf("patient").Version, store.Applied.Count, log.Published.Size),
        };
        Assert.IsType<AppendOutcome.Appended>(await log.Append(request, CancellationToken.None));
        Assert.Equal((0L, 1, 1ul), seen);
    }

    [Fact]
    public async Task An_append_given_up_before_it_was_sequenced_writes_nothing_and_one_given_up_later_runs_to_its_end()
    {
        using var blocking = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        var first = log.Append(
            TestLedger.Request(TestLedger.Event("patient", "first")) with
            {
                Committed = () =>
                {
                    entered.Set();
                    blocking.Wait();
                },
            },
            CancellationToken.None).AsTask();
        entered.Wait();

        using var cancellation = new CancellationTokenSource();
        var given = log.Append(TestLedger.Request(TestLedger.Event("patient", "given up")), cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        blocking.Set();
        Assert.IsType<AppendOutcome.Appended>(await first);
        await log.Appended("patient", "last");
        Assert.Equal(2ul, log.CountOf(TestLedger.Chain("patient")));
        Assert.Equal(5ul, log.Published.Size);
    }

    [Fact]
    public async Task A_full_queue_answers_unavailable()
    {
        using var blocking = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path) with { QueueLimit = 3 });
        var first = log.Append(
            TestLedger.Request(TestLedger.Event("patient", "first")) with
            {
                Committed = () =>
                {
                    entered.Set();
                    blocking.Wait();
                },
            },
            CancellationToken.None).AsTask();
        entered.Wait();
        var waiting = Enumerable.Range(0, 3).Select(i => log.Appended("patient", $"{i}")).ToList();
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "x")), CancellationToken.None));
        blocking.Set();
        await first;
        await Task.WhenAll(waiting);
        Assert.Equal(4ul, log.CountOf(TestLedger.Chain("patient")));
    }

    [Fact]
    public async Task Time_in_the_ledger_never_goes_back_and_a_clock_far_off_stops_appends_until_it_is_right()
    {
        var clock = new SetClock(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        var options = TestLedger.Options(_directory.Path) with { Time = clock, MaxClockBack = TimeSpan.FromMinutes(5), MaxClockForward = TimeSpan.FromHours(1) };
        await using (var log = LedgerLog.Open(options))
        {
            var first = await log.Appended("patient", "noon");
            clock.Wall -= TimeSpan.FromMinutes(4);
            Assert.Equal(first.Time, (await log.Appended("patient", "a little back")).Time);

            clock.Wall -= TimeSpan.FromMinutes(2);
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "far back")), CancellationToken.None));

            clock.Wall = first.Time + TimeSpan.FromHours(2);
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "far ahead")), CancellationToken.None));

            clock.Wall = first.Time + TimeSpan.FromMinutes(1);
            Assert.Equal(clock.Wall, (await log.Appended("patient", "right again")).Time);
            Assert.All(LogCheck.Check(log).Skip(1), entry => Assert.Equal(0ul, entry.Time % LedgerEntry.TimeStep));
        }

        // The last time survives a restart.
        clock.Wall -= TimeSpan.FromHours(1);
        await using var again = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
        Assert.IsType<AppendOutcome.Unavailable>(await again.Append(TestLedger.Request(TestLedger.Event("patient", "x")), CancellationToken.None));
    }

    private sealed class SetClock(DateTimeOffset wall) : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = wall;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => 0;
    }
}
