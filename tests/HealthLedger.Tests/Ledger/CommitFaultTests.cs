// The commit order of docs/architecture.md, "One commit": every step can fail in two ways, not done or done but reported as failed. What breaks, does the ledger
// stop, is the batch there after a start; and whatever happens, everything acknowledged is there and the log verifies.
using System.Text;
using HealthLedger.Ledger;
using Standing = HealthLedger.Proofs.ConsentStateMap.ConsentStanding;

namespace HealthLedger.Tests.Ledger;

public sealed class CommitFaultTests
{
    /// <summary>After a start: the batch is there, is not, or may be either because nobody could know.</summary>
    public enum Batch
    {
        Lost,
        There,
        Either,
    }

    public static TheoryData<string, string, bool, Batch, Batch> Steps()
    {
        var steps = new TheoryData<string, string, bool, Batch, Batch>();
        void Pair(string file, string operation, Batch notDone, Batch done, Batch? doneButCut = null)
        {
            steps.Add(file, operation, false, notDone, notDone);
            steps.Add(file, operation, true, done, doneButCut ?? done);
        }

        // Before the point of no return the batch is lost, however much of it was staged.
        Pair("journal-", "write", Batch.Lost, Batch.Lost);
        Pair("journal-", "flush", Batch.Lost, Batch.Lost);

        // The point of no return itself: written but not flushed survives a killed process, not always a power cut.
        Pair("lock", "write", Batch.Lost, Batch.There, Batch.Either);
        Pair("lock", "flush", Batch.There, Batch.There);

        // After it the batch is there, and the start applies what is missing.
        Pair("level-0.dat", "write", Batch.There, Batch.There);
        Pair("facts.dat", "write", Batch.There, Batch.There);
        Pair("facts.idx", "write", Batch.There, Batch.There);
        Pair("entries.dat", "write", Batch.There, Batch.There);
        return steps;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_failed_step_stops_the_ledger_and_a_start_decides(string file, string operation, bool done, Batch afterKill, Batch afterCut)
    {
        foreach (var (cut, expected) in new[] { (false, afterKill), (true, afterCut) })
        {
            var disk = new ForgetfulDisk();
            var fatal = new RecordedFatal();
            var participant = new RecordingParticipant();
            var log = Open(disk, fatal, participant);
            var kept = await log.Appended("patient", "kept");
            var before = log.Published.Size;

            disk.Decide = (name, what) =>
                !name.StartsWith(file, StringComparison.Ordinal) || what != operation ? Fault.None : done ? Fault.DoneButFailed : Fault.NotDone;
            await Assert.ThrowsAsync<LedgerStoppedException>(() => log.Appended("patient", "in doubt"));
            Assert.NotNull(await fatal.Stopped);
            Assert.Equal(before, log.Published.Size);
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "later")), CancellationToken.None));

            // A flush that was not done although its write was: the power cut loses the write.
            var next = cut ? disk.CutPower(() => -1) : disk.Kill();
            await log.DisposeAsync();

            await using var again = Open(next, new RecordedFatal(), participant);
            LogCheck.Check(again);
            Assert.Equal("kept", Encoding.UTF8.GetString(again.OpenFact(kept.Indices[0], TestLedger.Chain("patient"))!));
            var there = again.CountOf(TestLedger.Chain("patient")) == 2;
            var notFlushed = cut && operation == "flush" && !done;
            if (expected != Batch.Either && !notFlushed)
            {
                Assert.Equal(expected == Batch.There, there);
            }

            Assert.Equal(before + (there ? 2ul : 0), again.Published.Size);
            await again.Appended("patient", "goes on");
            LogCheck.Check(again);
        }
    }

    /// <summary>A transaction with consents: several of one patient and of another, given and taken back, with records, in one append.</summary>
    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Consents_and_records_of_one_append_are_there_together_or_not_at_all(string file, string operation, bool done, Batch afterKill, Batch afterCut)
    {
        foreach (var cut in new[] { false, true })
        {
            var disk = new ForgetfulDisk();
            var fatal = new RecordedFatal();
            var participant = new RecordingParticipant();
            var log = Open(disk, fatal, participant);
            await log.Appended(TestLedger.Event("one", "granted before", TestLedger.Grant(1)));

            disk.Decide = (name, what) =>
                !name.StartsWith(file, StringComparison.Ordinal) || what != operation ? Fault.None : done ? Fault.DoneButFailed : Fault.NotDone;
            var transaction = TestLedger.Request(
                TestLedger.Event("one", "records of one"),
                TestLedger.Event("one", "withdrawn", TestLedger.Withdraw(1)),
                TestLedger.Event("one", "granted", TestLedger.Grant(2)),
                TestLedger.Event("one", "granted too", TestLedger.Grant(3)),
                TestLedger.Event("other", "granted to other", TestLedger.Grant(4))) with { Raises = ["one", "other"], Redo = Encoding.UTF8.GetBytes("rows") };
            await Assert.ThrowsAsync<LedgerStoppedException>(async () => await log.Append(transaction, CancellationToken.None));
            await fatal.Stopped;
            var next = cut ? disk.CutPower(() => -1) : disk.Kill();
            await log.DisposeAsync();

            await using var again = Open(next, new RecordedFatal(), participant);
            LogCheck.Check(again);
            var there = again.CountOf(TestLedger.Chain("one")) == 5;
            var expected = cut ? afterCut : afterKill;
            if (expected != Batch.Either && !(cut && operation == "flush" && !done))
            {
                Assert.Equal(expected == Batch.There, there);
            }

            Assert.Equal((there ? 5ul : 1, there ? 1ul : 0), (again.CountOf(TestLedger.Chain("one")), again.CountOf(TestLedger.Chain("other"))));
            Assert.Equal(there ? ["rows"] : [], participant.Applied);
            Assert.Equal(
                there ? [Standing.Withdrawn, Standing.Granted, Standing.Granted, Standing.Granted] : new Standing?[] { Standing.Granted, null, null, null },
                new byte[] { 1, 2, 3, 4 }.Select(h => again.ConsentStateOf(new Proofs.Hash(TestLedger.Handle(h)))?.Standing));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_participant_that_fails_stops_the_ledger_and_gets_the_batch_again_at_the_next_start(bool applied)
    {
        var disk = new ForgetfulDisk();
        var fatal = new RecordedFatal();
        var participant = new RecordingParticipant();
        var log = Open(disk, fatal, participant);
        await Redo(log, "one");
        participant.Fails = true;
        participant.FailsAfterwards = applied;
        await Assert.ThrowsAsync<LedgerStoppedException>(() => Redo(log, "two"));
        await fatal.Stopped;
        var next = disk.Kill();
        await log.DisposeAsync();

        participant.Fails = false;
        await using var again = Open(next, new RecordedFatal(), participant);
        Assert.Equal(["one", "two"], participant.Applied);
        await Redo(again, "three");
        Assert.Equal(["one", "two", "three"], participant.Applied);
        LogCheck.Check(again);
    }

    [Fact]
    public async Task A_full_disk_while_staging_answers_unavailable_changes_nothing_and_passes()
    {
        var disk = new ForgetfulDisk();
        var fatal = new RecordedFatal();
        await using var log = Open(disk, fatal);
        await log.Appended(TestLedger.Event("patient", "grant", TestLedger.Grant(1)));
        var before = log.Published;

        disk.Decide = (name, what) => name.StartsWith("journal-", StringComparison.Ordinal) && what == "write" ? Fault.Full : Fault.None;
        var version = log.DecisionVersionOf("patient");
        foreach (var operation in new[] { TestLedger.Withdraw(1), TestLedger.Grant(2) })
        {
            var request = TestLedger.Request(TestLedger.Event("patient", "refused", operation)) with { Raises = ["patient"] };
            Assert.IsType<AppendOutcome.Unavailable>(await log.Append(request, CancellationToken.None));
        }

        Assert.Same(before, log.Published);
        Assert.Equal(version, log.DecisionVersionOf("patient"));
        Assert.Equal(1ul, log.CountOf(TestLedger.Chain("patient")));
        Assert.False(fatal.IsStopped);
        LogCheck.Check(log);

        disk.Decide = (_, _) => Fault.None;
        await log.Appended(TestLedger.Event("patient", "withdraw", TestLedger.Withdraw(1)));
        await log.Appended(TestLedger.Event("patient", "grant", TestLedger.Grant(2)));
        LogCheck.Check(log);
        await log.DisposeAsync();
        await using var again = Open(disk.Kill(), new RecordedFatal());
        LogCheck.Check(again);
    }

    [Fact]
    public async Task A_nearly_full_disk_is_refused_before_anything_is_staged()
    {
        var disk = new ForgetfulDisk();
        await using var log = LedgerLog.Open(Options(new RecordedFatal()) with { MinFreeBytes = 1000 }, disk);
        disk.FreeBytes = 999;
        disk.History.Clear();
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "x")), CancellationToken.None));
        Assert.DoesNotContain(disk.History, operation => operation.StartsWith("write journal", StringComparison.Ordinal));
        disk.FreeBytes = 1000;
        await log.Appended("patient", "x");
    }

    [Fact]
    public void A_new_ledger_on_a_full_disk_says_so()
    {
        var disk = new ForgetfulDisk { FreeBytes = 10 };
        var refused = Assert.Throws<LedgerRefusesToStartException>(() => LedgerLog.Open(Options(new RecordedFatal()) with { MinFreeBytes = 11 }, disk));
        Assert.Contains("room", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_cannot_be_written_for_want_of_room_is_caught_up_later_and_one_that_breaks_stops_the_ledger()
    {
        var disk = new ForgetfulDisk();
        var fatal = new RecordedFatal();
        var index = new FailingIndex();
        await using var log = LedgerLog.Open(Options(fatal) with { Index = index }, disk);
        index.Failure = new IOException("full");
        await log.Appended("patient", "one");
        await index.Failed.Task;
        Assert.Equal(1ul, log.CountOf(TestLedger.Chain("patient")));
        Assert.Single(log.EventsOf(TestLedger.Chain("patient"), 0, 10));

        index.Failure = null;
        await index.Caught.Task;
        await log.Appended("patient", "two");
        Assert.False(fatal.IsStopped);

        index.Failure = new InvalidDataException("broken");
        await log.Append(TestLedger.Request(TestLedger.Event("patient", "three")), CancellationToken.None);
        Assert.IsType<InvalidDataException>(await fatal.Stopped);
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", "four")), CancellationToken.None));
    }

    [Fact]
    public async Task The_lock_is_flushed_after_the_journal_and_before_anything_is_applied_or_released()
    {
        var disk = new ForgetfulDisk();
        await using var log = Open(disk, new RecordedFatal());
        disk.History.Clear();
        var released = log.Appended("patient", "x");
        await released;
        var order = disk.History.Where(operation => !operation.Contains("checkpoint", StringComparison.Ordinal)).ToList();

        int At(string operation) => order.FindIndex(o => o.StartsWith(operation, StringComparison.Ordinal));
        Assert.True(At("write journal") < At("flush journal"));
        Assert.True(At("flush journal") < At("write lock"));
        Assert.True(At("write lock") < At("flush lock"));
        Assert.True(At("flush lock") < order.FindIndex(o => o.EndsWith(".dat", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_disk_that_is_full_half_way_through_filling_ahead_leaves_the_journal_as_long_as_it_was()
    {
        var disk = new ForgetfulDisk();
        await using var log = Open(disk, new RecordedFatal());
        await log.Appended("patient", "one");
        var before = disk["journal-00000001.log"].Length;

        // Three times the length by which the journal is filled ahead; there is room for the first of them.
        var writes = 0;
        disk.Decide = (name, what) => name.StartsWith("journal-", StringComparison.Ordinal) && what == "write" && ++writes > 1 ? Fault.Full : Fault.None;
        Assert.IsType<AppendOutcome.Unavailable>(await log.Append(TestLedger.Request(TestLedger.Event("patient", new string('.', 3 * 4096))), CancellationToken.None));
        Assert.Equal(before, disk["journal-00000001.log"].Length);

        disk.Decide = (_, _) => Fault.None;
        var last = 0ul;
        for (var i = 0; i < 8; i++)
        {
            last = (await log.Appended("patient", new string('.', 1500))).Indices[0];
        }

        LogCheck.Check(log);
        await using var again = Open(disk.Kill(), new RecordedFatal());
        LogCheck.Check(again);
        Assert.NotNull(again.OpenFact(last, TestLedger.Chain("patient")));
    }

    [Fact]
    public async Task A_staged_batch_that_reads_back_differently_is_not_signed()
    {
        var disk = new ForgetfulDisk();
        var fatal = new RecordedFatal();
        var log = Open(disk, fatal);
        var published = log.Published;
        disk.Decide = (name, what) =>
        {
            if (what == "flush" && name.StartsWith("journal-", StringComparison.Ordinal))
            {
                // One bit of the first staged entry's commitment flips on its way to the disk.
                var bytes = disk[name];
                bytes[LastRecord(bytes) + HealthLedger.Ledger.Storage.JournalRecord.HeaderSize + 20] ^= 1;
                disk.Overwrite(name, bytes);
            }

            return Fault.None;
        };
        await Assert.ThrowsAsync<LedgerStoppedException>(() => log.Appended("patient", "x"));
        Assert.IsType<InvalidDataException>(await fatal.Stopped);
        Assert.Same(published, log.Published);
        await log.DisposeAsync();
    }

    private static int LastRecord(byte[] journal)
    {
        var at = 0;
        for (var next = 0; ; next += (int)HealthLedger.Ledger.Storage.JournalRecord.LengthOf(journal.AsSpan(next)))
        {
            if (HealthLedger.Ledger.Storage.JournalRecord.LengthOf(journal.AsSpan(next)) == 0)
            {
                return at;
            }

            at = next;
        }
    }

    private static async Task Redo(LedgerLog log, string redo) =>
        Assert.IsType<AppendOutcome.Appended>(await log.Append(
            TestLedger.Request(TestLedger.Event("patient", redo)) with { Redo = Encoding.UTF8.GetBytes(redo) }, CancellationToken.None));

    private static LedgerOptions Options(IFatal fatal) => TestLedger.Options("unused") with { Fatal = fatal, Index = new VolatileLedgerIndex() };

    private static LedgerLog Open(ForgetfulDisk disk, IFatal fatal, params ICommitParticipant[] participants) =>
        LedgerLog.Open(Options(fatal) with { Participants = participants }, disk);
}

/// <summary>An index that fails when it is told to.</summary>
internal sealed class FailingIndex : ILedgerIndex
{
    private readonly VolatileLedgerIndex _index = new();

    public volatile Exception? Failure;

    public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Something was applied after a failure.</summary>
    public TaskCompletionSource Caught { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ulong AppliedSize => _index.AppliedSize;

    public ulong? Find(UInt128 tag) => _index.Find(tag);

    public IEnumerable<ConsentLeaf> Leaves() => _index.Leaves();

    public void Apply(ulong size, IReadOnlyCollection<TagPlace> tags, IReadOnlyCollection<ConsentLeaf> leaves)
    {
        if (Failure is { } failure)
        {
            Failed.TrySetResult();
            throw failure;
        }

        _index.Apply(size, tags, leaves);
        if (Failed.Task.IsCompleted)
        {
            Caught.TrySetResult();
        }
    }

    public void Clear() => _index.Clear();

    public void Dispose() => _index.Dispose();
}

/// <summary>A store that writes with the ledger: remembers what it applied, as a database would.</summary>
internal sealed class RecordingParticipant : ICommitParticipant
{
    public bool Fails { get; set; }

    /// <summary>Fails once it has applied the batch, as a database whose commit went through before its answer was lost.</summary>
    public bool FailsAfterwards { get; set; }

    public List<string> Applied { get; } = [];

    public ulong AppliedSize { get; set; }

    public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo)
    {
        if (Fails && !FailsAfterwards)
        {
            throw new IOException("The store failed.");
        }

        Assert.True(size > AppliedSize);
        Applied.AddRange(redo.Select(bytes => Encoding.UTF8.GetString(bytes.Span)));
        AppliedSize = size;
        if (Fails)
        {
            throw new IOException("The store failed after it applied.");
        }
    }
}
