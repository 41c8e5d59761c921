// What may not wait for room is recorded on a full disk too, out of room taken ahead, whoever filled the disk (docs/decisions/0014-room-taken-ahead.md). Which requests
// that are is told by their kind alone. Everything else is refused before anything is written, and goes on when room is back.
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

public sealed class ReserveTests
{
    private const int Reserve = 256 * 1024;

    [Fact]
    public async Task On_a_full_disk_only_what_may_use_the_reserve_is_recorded_until_room_is_back()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        var fatal = new RecordedFatal();
        var participant = new RecordingParticipant();
        await using var log = Open(disk, fatal, participant);
        await log.Appended(TestLedger.Event("patient", "granted", TestLedger.Grant(1)));
        Assert.Equal(LedgerState.Taking, log.Condition.State);

        Fill(disk);
        Assert.Equal(LedgerState.TakingFromReserve, log.Condition.State);
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(Request("read", ReserveUse.None), CancellationToken.None));
        var withdrawal = new AppendRequest
        {
            Events = [TestLedger.Event("patient", "withdrawn", TestLedger.Withdraw(1))],
            Raises = ["patient"],
            Redo = Encoding.UTF8.GetBytes("inactive"),
            Reserve = ReserveUse.All,
        };
        Assert.IsType<AppendOutcome.Appended>(await log.Append(withdrawal, CancellationToken.None));
        Assert.IsType<AppendOutcome.Appended>(await log.Append(Request("seen before", ReserveUse.Half), CancellationToken.None));
        Assert.Equal(["inactive"], participant.Applied);
        Assert.Equal(Proofs.ConsentStateMap.ConsentStanding.Withdrawn, log.ConsentStateOf(new Proofs.Hash(TestLedger.Handle(1)))?.Standing);
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(Request("read", ReserveUse.None), CancellationToken.None));
        LogCheck.Check(log);

        (disk.IsFull, disk.FreeBytes) = (false, long.MaxValue);
        Assert.Equal(LedgerState.Taking, log.Condition.State);
        await log.Appended("patient", "goes on");
        Assert.False(fatal.IsStopped);
        LogCheck.Check(log);
    }

    [Fact]
    public async Task The_reserve_is_used_up_without_harm_and_what_it_took_outlives_a_kill()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        var fatal = new RecordedFatal();
        var log = Open(disk, fatal);
        await log.Appended("patient", "before");
        Fill(disk);
        var taken = 0;
        while (await log.Append(Request($"withdrawn {taken}", ReserveUse.All), CancellationToken.None) is AppendOutcome.Appended)
        {
            Assert.True(++taken < 10_000, "The reserve has no end.");
        }

        Assert.InRange(taken, 8, 10_000);
        Assert.Equal(LedgerState.TakingNothing, log.Condition.State);
        Assert.False(fatal.IsStopped);
        LogCheck.Check(log);

        var next = disk.Kill();
        await log.DisposeAsync();
        await using var again = Open(next, new RecordedFatal());
        LogCheck.Check(again);
        Assert.Equal((ulong)taken + 1, again.CountOf(TestLedger.Chain("patient")));
        await again.Appended("patient", "goes on");
    }

    [Fact]
    public async Task What_only_leads_to_a_withdrawal_leaves_half_of_the_reserve_to_withdrawals()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        await using var log = Open(disk, new RecordedFatal());
        await log.Appended("patient", "before");
        Fill(disk);
        async Task<int> Exhaust(ReserveUse use)
        {
            var taken = 0;
            while (await log.Append(Request($"{use} {taken}", use), CancellationToken.None) is AppendOutcome.Appended)
            {
                Assert.True(++taken < 10_000, "The reserve has no end.");
            }

            return taken;
        }

        Assert.InRange(await Exhaust(ReserveUse.Half), 4, 10_000);
        Assert.InRange(await Exhaust(ReserveUse.All), 4, 10_000);
        Assert.Equal(0, await Exhaust(ReserveUse.Half));
    }

    [Fact]
    public async Task A_full_disk_makes_no_file_and_every_file_finds_its_room_ahead()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        await using var log = LedgerLog.Open(Options(new RecordedFatal()) with { SegmentBytes = 4096 }, disk);
        await log.Appended("patient", "before");
        var files = Files(disk);

        // Segments would be full long before: on a full disk no other is begun.
        Fill(disk);
        for (var i = 0; i < 6; i++)
        {
            Assert.IsType<AppendOutcome.Appended>(await log.Append(Request(new string('x', 1000), ReserveUse.All), CancellationToken.None));
        }

        Assert.Equal(files, Files(disk));
        LogCheck.Check(log);

        // The next segment is the keeper's, which gives it back where room is short.
        static int Files(ForgetfulDisk disk) => disk.List().Count(name => name != HealthLedger.Ledger.Storage.NextSegment.Name);
    }

    [Fact]
    public async Task A_store_without_room_refuses_before_the_point_of_no_return()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        var fatal = new RecordedFatal();
        var participant = new FullParticipant();
        await using var log = Open(disk, fatal, participant);
        var before = await log.Appended("patient", "before");
        Fill(disk);
        participant.IsFull = true;
        var request = Request("withdrawn", ReserveUse.All) with { Redo = new byte[] { 1 } };
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(request, CancellationToken.None));
        Assert.Equal(before.CheckpointSize, log.Published.Size);
        Assert.False(fatal.IsStopped);
        participant.IsFull = false;
        Assert.IsType<AppendOutcome.Appended>(await log.Append(request, CancellationToken.None));
    }

    [Fact]
    public async Task A_ledger_that_cannot_make_its_reserve_whole_takes_only_what_may_use_it()
    {
        var disk = new ForgetfulDisk { OffersRoom = true };
        await using (var log = Open(disk, new RecordedFatal()))
        {
            await log.Appended("patient", "before");
            Fill(disk);
            Assert.IsType<AppendOutcome.Appended>(await log.Append(Request("withdrawn", ReserveUse.All), CancellationToken.None));

            // There is room again as far as one can ask, but none for the reserve. It is never used for what must wait.
            disk.FreeBytes = long.MaxValue;
            for (var i = 0; await log.Append(Request($"read {i}", ReserveUse.None), CancellationToken.None) is AppendOutcome.Appended; i++)
            {
                Assert.True(i < 10_000, "The reserve is not kept whole.");
            }

            Assert.Equal(LedgerState.TakingFromReserve, log.Condition.State);
            Assert.IsType<AppendOutcome.Appended>(await log.Append(Request("withdrawn", ReserveUse.All), CancellationToken.None));
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(Request("read", ReserveUse.None), CancellationToken.None));
            disk.IsFull = false;
            await log.Appended("patient", "goes on");
            Assert.Equal(LedgerState.Taking, log.Condition.State);
        }
    }

    [Fact]
    public async Task A_disk_that_promises_no_room_is_used_as_without_a_reserve()
    {
        var disk = new ForgetfulDisk();
        await using var log = Open(disk, new RecordedFatal());
        await log.Appended("patient", "taken");
        disk.FreeBytes = 0;
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(Request("withdrawn", ReserveUse.All), CancellationToken.None));
        Assert.Equal(LedgerState.TakingNothing, log.Condition.State);
        disk.FreeBytes = long.MaxValue;
        await log.Appended("patient", "goes on");
    }

    [Fact]
    public async Task A_halted_ledger_says_that_it_takes_nothing_and_why()
    {
        await using var log = Open(new ForgetfulDisk(), new RecordedFatal());
        log.Halt("Two histories.");
        Assert.Equal(new LedgerCondition(LedgerState.TakingNothing, "Two histories."), log.Condition);
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(Request("withdrawn", ReserveUse.All), CancellationToken.None));
    }

    [Fact]
    public async Task A_ledger_whose_disk_broke_says_that_it_takes_nothing()
    {
        var disk = new ForgetfulDisk();
        var fatal = new RecordedFatal();
        await using var log = Open(disk, fatal);
        disk.Decide = (name, what) => name == "lock" && what == "flush" ? Fault.NotDone : Fault.None;
        await Assert.ThrowsAsync<LedgerStoppedException>(() => log.Appended("patient", "in doubt"));
        Assert.Equal(LedgerState.TakingNothing, log.Condition.State);
    }

    private static void Fill(ForgetfulDisk disk) => (disk.IsFull, disk.FreeBytes) = (true, 0);

    private static AppendRequest Request(string fact, ReserveUse use) => TestLedger.Request(TestLedger.Event("patient", fact)) with { Reserve = use };

    private static LedgerOptions Options(IFatal fatal) => TestLedger.Options("unused") with { Fatal = fatal, ReserveBytes = Reserve, MinFreeBytes = 1000 };

    private static LedgerLog Open(ForgetfulDisk disk, IFatal fatal, params ICommitParticipant[] participants) => LedgerLog.Open(Options(fatal) with { Participants = participants }, disk);

    /// <summary>A store that may have no room.</summary>
    private sealed class FullParticipant : ICommitParticipant
    {
        public bool IsFull { get; set; }

        public ulong AppliedSize { get; private set; }

        public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo)
        {
            Assert.False(IsFull);
            AppliedSize = size;
        }

        public bool HasRoom(IReadOnlyList<ReadOnlyMemory<byte>> redo) => !IsFull;
    }
}
