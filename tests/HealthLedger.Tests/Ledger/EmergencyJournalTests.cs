// docs/formats/emergency-journal.md and docs/decisions/0022: what was promised while the ledger stood is recorded afterwards, each once, whatever breaks in between; a journal that lacks what was
// promised refuses the start; and nothing is promised that was not asked for, or while the ledger takes entries.
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Promises;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Promises;
using static HealthLedger.Tests.Ledger.PromiseWorld;

namespace HealthLedger.Tests.Ledger;

public sealed class EmergencyJournalTests
{
    [Fact]
    public async Task A_promise_is_signed_names_the_one_before_and_is_kept_by_the_first_entries_of_the_next_start()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            await log.Appended(Patient, "before");
            log.Halt("It stands.");
            Assert.True(log.Condition.PromisesReads);
            Assert.Equal(1ul, await Promised(log, "one", before: 1));
            Assert.Equal(2ul, await Promised(log, "two", before: 1));
            Assert.Equal(2, log.PromisesWaiting);
            var (first, second) = (Verified(log, 1), Verified(log, 2));
            Assert.Equal((Hash.Zero, first.Hash), (first.Previous, second.Previous));
            Assert.Equal((log.Published.Size, log.Published.Root), (second.Size, second.Root));
            Assert.Equal("two", Encoding.UTF8.GetString(log.PromiseOf(2, TestLedger.Chain(Patient), "id")!.Fact!));
            Assert.Null(log.PromiseOf(3, TestLedger.Chain(Patient), "id"));
        }

        await using var again = world.Open();
        Assert.Equal(2, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
        Assert.Equal(0, again.PromisesWaiting);
        Assert.Null(again.PromiseOf(1, null, "id"));
        Assert.Equal(["before", "one", "two"], Facts(again));
        Assert.Equal(LedgerState.Taking, again.Condition.State);
        LogCheck.Check(again);
    }

    [Fact]
    public async Task Where_the_ledger_takes_entries_or_the_request_is_no_emergencys_nothing_is_promised()
    {
        var world = new PromiseWorld();
        await using var log = world.Open();
        Assert.IsType<PromiseOutcome.Unavailable>(await Promise(log, "takes entries"));
        log.Halt("It stands.");
        await Assert.ThrowsAsync<ArgumentException>(() => log.Promise(_ => Request("ordinary") with { MayBePromised = false }, CancellationToken.None).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => log.Promise(_ => Request("change") with { Redo = new byte[1] }, CancellationToken.None).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => log.Promise(
            _ => TestLedger.Request(TestLedger.Event(Patient, "grant", TestLedger.Grant(1))) with { MayBePromised = true }, CancellationToken.None).AsTask());
        Assert.IsType<PromiseOutcome.Unavailable>(await Promise(log, new string('x', PromiseSlot.Size)));
        Assert.Equal(0, log.PromisesWaiting);
        Assert.IsType<PromiseOutcome.Promised>(await Promise(log, "fits"));
    }

    [Fact]
    public async Task Where_no_policy_permits_it_nothing_is_promised_and_what_was_promised_before_is_still_recorded()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
        }

        await using (var off = world.Open(options => options with { Permits = false }))
        {
            Assert.Equal(1, await off.RecordPromised(TestLedger.Chain, CancellationToken.None));
            Assert.Equal(["one"], Facts(off));
            off.Halt("It stands.");
            Assert.False(off.Condition.PromisesReads);
            Assert.IsType<PromiseOutcome.Unavailable>(await Promise(off, "two"));
        }
    }

    [Fact]
    public async Task A_full_journal_promises_nothing_and_goes_on_once_it_is_recorded()
    {
        var world = new PromiseWorld();
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            for (var i = 0; i < SlotCount; i++)
            {
                await Promised(log, $"{i}");
            }

            Assert.False(log.Condition.PromisesReads);
            Assert.IsType<PromiseOutcome.Unavailable>(await Promise(log, "too many"));
        }

        await using var again = world.Open();
        Assert.Equal(SlotCount, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
        again.Halt("It stands again.");
        Assert.Equal((ulong)SlotCount + 1, await Promised(again, "goes on", before: SlotCount));
    }

    [Fact]
    public async Task A_decision_that_a_withdrawal_overtook_is_made_again_in_the_journal_too()
    {
        var world = new PromiseWorld();
        await using var log = world.Open();
        var seen = log.DecisionVersionOf(Patient);
        Assert.IsType<AppendOutcome.Appended>(await log.Append(TestLedger.Request(TestLedger.Event(Patient, "withdrawn")) with { Raises = [Patient] }, CancellationToken.None));
        log.Halt("It stands.");
        var stale = Assert.IsType<PromiseOutcome.Stale>(await log.Promise(_ => Request("decided before") with { Expected = [seen] }, CancellationToken.None));
        Assert.Equal(Patient, Assert.Single(stale.Subjects));
        Assert.Equal(0, log.PromisesWaiting);
    }

    [Fact]
    public async Task Until_promises_are_recorded_nothing_else_is_but_what_may_use_the_reserve()
    {
        var world = new PromiseWorld { Disk = { OffersRoom = true } };
        await using var log = world.Open(ledger: options => options with { ReserveBytes = 1 << 20, MinFreeBytes = 1 << 20 });
        await log.Appended(Patient, "before");
        world.Disk.FreeBytes = 0;
        Assert.Equal((LedgerState.TakingFromReserve, true), (log.Condition.State, log.Condition.PromisesReads));
        await Promised(log, "promised", before: 1);
        Assert.Null(await log.RecordPromised(TestLedger.Chain, CancellationToken.None));

        world.Disk.FreeBytes = long.MaxValue;
        Assert.Equal(LedgerState.TakingNothing, log.Condition.State);
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event(Patient, "waits")), CancellationToken.None));
        Assert.IsType<AppendOutcome.Appended>(await log.Append(TestLedger.Request(TestLedger.Event(Patient, "withdrawal")) with { Reserve = ReserveUse.All }, CancellationToken.None));
        Assert.Equal(1, await log.RecordPromised(TestLedger.Chain, CancellationToken.None));
        await log.Appended(Patient, "goes on");
        Assert.Equal(["before", "withdrawal", "promised", "goes on"], Facts(log));
    }

    [Fact]
    public async Task Who_looks_for_events_of_a_time_is_told_where_those_are_that_were_recorded_late()
    {
        var world = new PromiseWorld();
        var happened = DateTimeOffset.UtcNow;
        await using (var log = world.Open())
        {
            log.Halt("It stands.");
            await Promised(log, "one");
        }

        await using var again = world.Open();
        Assert.Equal(0ul, again.RecordedLateBehind(happened));
        await again.RecordPromised(TestLedger.Chain, CancellationToken.None);
        Assert.Equal(again.Published.Size, again.RecordedLateBehind(happened));
        Assert.Equal(0ul, again.RecordedLateBehind(happened.AddHours(-1)));
    }

    /// <summary>Each operation on slots and anchor fails in turn, without effect and with; then the process is killed, or the power fails.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_breaks_while_a_promise_is_written_what_was_given_is_recorded_once_and_the_rest_at_most_once(bool cut)
    {
        foreach (var (file, operation) in new[] { ("slots", "write"), ("slots", "flush"), ("promised", "write"), ("promised", "flush") })
        {
            foreach (var fault in new[] { Fault.NotDone, Fault.DoneButFailed, Fault.Full })
            {
                var world = new PromiseWorld();
                var log = world.Open();
                log.Halt("It stands.");
                await Promised(log, "given");
                world.Fail(file, operation, fault);
                Assert.IsType<PromiseOutcome.Unavailable>(await Promise(log, "in doubt"));
                var next = world.After(cut);
                await log.DisposeAsync();

                await using var again = next.Open();
                Assert.InRange((await again.RecordPromised(TestLedger.Chain, CancellationToken.None))!.Value, 1, 2);
                var facts = Facts(again);
                Assert.Equal("given", facts[0]);
                Assert.True(facts is ["given"] or ["given", "in doubt"], $"{fault} at {operation} {file}: {string.Join(", ", facts)}");
                again.Halt("It stands.");
                Assert.Equal((ulong)facts.Length + 1, await Promised(again, "next", (ulong)facts.Length));
            }
        }
    }

    /// <summary>The process is killed, or the power cut, before and after each operation of the recording.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Wherever_the_recording_is_broken_off_nothing_is_lost_and_nothing_is_there_twice(bool cut)
    {
        var broken = 0;
        for (var at = 0; ; at++)
        {
            var world = new PromiseWorld();
            await using (var log = world.Open())
            {
                log.Halt("It stands.");
                for (var i = 0; i < 3; i++)
                {
                    await Promised(log, $"{i}");
                }
            }

            world = world.After(cut: false);
            var interrupted = world.Open();
            var operations = 0;
            world.Decide = (_, _) => operations++ < at ? Fault.None : (at % 2) == 0 ? Fault.NotDone : Fault.DoneButFailed;
            int? recorded = null;
            try
            {
                recorded = await interrupted.RecordPromised(TestLedger.Chain, CancellationToken.None);
            }
            catch (Exception stopped) when (stopped is IOException or LedgerStoppedException)
            {
                broken++;
            }

            var next = world.After(cut);
            await interrupted.DisposeAsync();
            await using (var again = next.Open())
            {
                Assert.NotNull(await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
                Assert.Equal(["0", "1", "2"], Facts(again).Order());
                LogCheck.Check(again);
                again.Halt("It stands.");
                Assert.Equal(4ul, await Promised(again, "next", 3));
            }

            if (recorded == 3 && operations <= at)
            {
                Assert.True(broken > 4, "Nothing was broken off.");
                return;
            }
        }
    }

    [Fact]
    public async Task A_ledger_whose_storage_failed_promises_and_its_next_start_keeps_that()
    {
        var world = new PromiseWorld();
        var log = world.Open();
        await log.Appended(Patient, "before");
        world.Disk.Decide = (name, what) => name == "lock" && what == "flush" ? Fault.NotDone : Fault.None;
        await Assert.ThrowsAsync<LedgerStoppedException>(() => log.Appended(Patient, "in doubt"));
        Assert.True(log.Condition.PromisesReads);
        await Promised(log, "promised", before: 1);
        var next = world.After(cut: true);
        await log.DisposeAsync();

        await using var again = next.Open();
        Assert.Equal(1, await again.RecordPromised(TestLedger.Chain, CancellationToken.None));
        Assert.Equal(["before", "promised"], Facts(again));
        LogCheck.Check(again);
    }

    private static EntryPromise Verified(LedgerLog log, ulong number)
    {
        Assert.True(NoteVerifier.Parse(log.VerifierKey).TryGet(out var key, out _));
        var verdict = log.PromiseOf(number, null, "id")!.Verify(LogPolicy.ForLog(key));
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        return verdict.Promise!;
    }
}
