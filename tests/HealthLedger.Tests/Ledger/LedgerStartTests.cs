// Start-up (docs/architecture.md, "One commit"): lock ahead of what was published re-applies; lock behind, or same size and another root, refuses.
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

public sealed class LedgerStartTests
{
    private static readonly string[] s_derived = ["entries.dat", "level-0.dat", "level-1.dat", "facts.dat", "facts.idx"];

    [Fact]
    public async Task Flat_files_that_lost_everything_unflushed_are_applied_again_from_the_journal()
    {
        var (disk, size) = await Filled(300, segmentBytes: 1 << 20);
        foreach (var name in s_derived)
        {
            disk[name] = [];
        }

        await using var log = Open(disk);
        Assert.Equal(size, log.Published.Size);
        LogCheck.Check(log);
        Assert.Equal("fact 7", Encoding.UTF8.GetString(log.OpenFact(log.EventsOf(TestLedger.Chain("patient"), 7, 1)[0].Index, TestLedger.Chain("patient"))!));
    }

    [Fact]
    public async Task Every_byte_of_the_last_lock_slot_may_be_torn_and_nothing_acknowledged_is_lost()
    {
        var (disk, _) = await Filled(3);
        var whole = disk["lock"];
        for (var torn = 0; torn < 4096; torn += 61)
        {
            // The slot that would be written next is torn at any place: it was never acknowledged.
            var copy = disk.Kill();
            var bytes = (byte[])whole.Clone();
            var older = Generation(bytes, 0) < Generation(bytes, 4096) ? 0 : 4096;
            bytes.AsSpan(older + torn, 4096 - torn).Fill(0xa5);
            copy["lock"] = bytes;
            await using var log = Open(copy);
            Assert.Equal(3ul, log.CountOf(TestLedger.Chain("patient")));
        }
    }

    [Fact]
    public async Task A_dropped_record_does_not_come_back_when_the_next_one_goes_to_another_segment()
    {
        var disk = new ForgetfulDisk();
        var log = Open(disk);
        await log.Appended("patient", "kept");
        disk.Decide = (name, what) => name == "lock" && what == "write" ? Fault.NotDone : Fault.None;
        await Assert.ThrowsAsync<LedgerStoppedException>(() => log.Appended("patient", "staged, not locked"));
        disk = disk.Kill();
        await log.DisposeAsync();

        // The next batch does not fit into the segment any more, so the dropped record is not overwritten.
        await using (var second = Open(disk))
        {
            await second.Appended("patient", new string('x', 20_000));
        }

        await using var third = Open(disk.Kill());
        Assert.Equal(2ul, third.CountOf(TestLedger.Chain("patient")));
        LogCheck.Check(third);
    }

    [Fact]
    public async Task A_lock_file_older_than_the_rest_refuses()
    {
        var disk = new ForgetfulDisk();
        var log = Open(disk);
        await log.Appended("patient", "one");
        var old = disk["lock"];
        var oldFlat = s_derived.ToDictionary(name => name, name => disk[name]);
        await log.Appended("patient", "two");
        await log.Appended("patient", "three");
        var killed = disk.Kill();
        await log.DisposeAsync();

        killed["lock"] = old;
        Assert.Contains("lock", Refused(killed), StringComparison.Ordinal);

        // Also where the flat files were taken back too: the journal has two batches that the lock does not know.
        var withoutFlat = killed.Kill();
        foreach (var name in s_derived)
        {
            withoutFlat[name] = oldFlat[name];
        }

        Assert.Contains("older than the journal", Refused(withoutFlat), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_or_damaged_lock_file_refuses()
    {
        var (disk, _) = await Filled(3);
        var missing = disk.Kill();
        missing.Delete("lock");
        Assert.Contains("no lock checkpoint", Refused(missing), StringComparison.Ordinal);

        var damaged = disk.Kill();
        var bytes = damaged["lock"];
        bytes[20] ^= 1;
        bytes[4096 + 20] ^= 1;
        damaged["lock"] = bytes;
        Assert.Contains("lock file is damaged", Refused(damaged), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_journal_refuses()
    {
        var (disk, _) = await Filled(3);
        foreach (var name in disk.List().Where(name => name.StartsWith("journal-0", StringComparison.Ordinal)))
        {
            disk.Delete(name);
        }

        Assert.Contains("missing", Refused(disk), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_in_the_middle_of_the_journal_refuses()
    {
        var (disk, _) = await Filled(30);
        foreach (var name in disk.List().Where(name => name.StartsWith("journal-0", StringComparison.Ordinal)))
        {
            var copy = disk.Kill();
            var bytes = copy[name];
            bytes[JournalRecord.HeaderSize + 30] ^= 0x10;
            copy[name] = bytes;
            Assert.Contains("damaged", Refused(copy), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_root_at_the_same_size_refuses()
    {
        var disk = new ForgetfulDisk();
        await using (var log = Open(disk))
        {
            await log.Appended("patient", "one");
        }

        // Closed in order: the flat files are durable, nothing is applied again.
        var edge = disk.Kill();
        var level = edge["level-0.dat"];
        level[^1] ^= 1;
        edge["level-0.dat"] = level;
        Assert.Contains("another root", Refused(edge), StringComparison.Ordinal);

        var entry = disk.Kill();
        var entries = entry["entries.dat"];
        entries[entries.Length - 256 + 20] ^= 1;
        entry["entries.dat"] = entries;
        Assert.Contains("STATE", Refused(entry), StringComparison.Ordinal);

        var shorter = disk.Kill();
        shorter["entries.dat"] = shorter["entries.dat"][..^256];
        Assert.Contains("shorter", Refused(shorter), StringComparison.Ordinal);

        var longer = disk.Kill();
        longer["entries.dat"] = [.. longer["entries.dat"], .. new byte[256]];
        Assert.Contains("lock", Refused(longer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_another_ledger_refuse()
    {
        var (disk, _) = await Filled(1);
        var refused = Assert.Throws<LedgerRefusesToStartException>(() => LedgerLog.Open(Options() with { Keys = TestLedger.Keys(9) }, disk));
        Assert.Contains("signed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_ahead_of_the_ledger_refuses_and_one_that_lost_batches_gets_them_again_or_refuses()
    {
        var disk = new ForgetfulDisk();
        var store = new RecordingParticipant();
        await using (var log = Open(disk, store))
        {
            for (var i = 0; i < 3; i++)
            {
                await log.Append(TestLedger.Request(TestLedger.Event("patient", $"{i}")) with { Redo = Encoding.UTF8.GetBytes($"{i}") }, CancellationToken.None);
            }
        }

        var empty = new RecordingParticipant();
        await using (Open(disk.Kill(), empty))
        {
            Assert.Equal(["0", "1", "2"], empty.Applied);
        }

        Assert.Contains("older than the store", Refused(disk.Kill(), new RecordingParticipant { AppliedSize = 1000 }), StringComparison.Ordinal);

        // Until the journal has moved on and no longer has what the store lacks.
        disk = disk.Kill();
        await using (var log = Open(disk, store))
        {
            await MoveJournalOn(log, disk);
        }

        Assert.Contains("older than the ledger", Refused(disk.Kill(), new RecordingParticipant()), StringComparison.Ordinal);
        await using var good = Open(disk.Kill(), store);
        LogCheck.Check(good);
    }

    [Fact]
    public async Task An_index_ahead_of_the_ledger_refuses_and_a_wrong_one_is_rebuilt()
    {
        var (disk, size) = await Filled(5);
        var ahead = new VolatileLedgerIndex();
        ahead.Apply(size + 1, [], []);
        Assert.Contains(
            "index", Assert.Throws<LedgerRefusesToStartException>(() => LedgerLog.Open(Options() with { Index = ahead }, disk.Kill())).Message, StringComparison.Ordinal);

        var wrong = new VolatileLedgerIndex();
        wrong.Apply(size, [], [new ConsentLeaf(new(TestLedger.Handle(1)), default)]);
        await using var log = LedgerLog.Open(Options() with { Index = wrong }, disk.Kill());
        Assert.Equal(5ul, log.CountOf(TestLedger.Chain("patient")));
        LogCheck.Check(log);
    }

    [Fact]
    public async Task A_ledger_whose_first_start_died_before_its_first_checkpoint_starts_anew()
    {
        foreach (var (file, operation) in new[] { ("journal-", "write"), ("journal-", "flush"), ("lock", "write") })
        {
            var disk = new ForgetfulDisk { Decide = (name, what) => name.StartsWith(file, StringComparison.Ordinal) && what == operation && name.Length > 0 ? Fault.DoneButFailed : Fault.None };
            Assert.Throws<IOException>(() => Open(disk));
            await using var log = Open(disk.CutPower(() => -1));
            LogCheck.Check(log);
            await log.Appended("patient", "first");
        }
    }

    [Fact]
    public async Task A_start_publishes_the_lock_checkpoint()
    {
        var (disk, size) = await Filled(3);
        disk.Replace("checkpoint", "stale"u8);
        await using var log = Open(disk);
        Assert.Equal(size, log.Published.Size);
        Assert.Equal(log.Published.Note.ToArray(), disk["checkpoint"]);
    }

    [Fact]
    public async Task The_second_ledger_on_one_directory_is_turned_away_until_the_first_lets_go()
    {
        using var directory = new TemporaryDirectory();
        await using (LedgerLog.Open(TestLedger.Options(directory.Path)))
        {
            Assert.Throws<DirectoryInUseException>(() => LedgerLog.Open(TestLedger.Options(directory.Path)));
        }

        await using var log = LedgerLog.Open(TestLedger.Options(directory.Path));
        LogCheck.Check(log);
    }

    private static ulong Generation(byte[] file, int slot) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(file.AsSpan(slot + 8));

    private static LedgerOptions Options() =>
        TestLedger.Options("unused") with { Fatal = new RecordedFatal(), Index = new VolatileLedgerIndex() };

    private static LedgerLog Open(ForgetfulDisk disk, params ICommitParticipant[] participants) =>
        LedgerLog.Open(Options() with { Participants = participants }, disk);

    private static string Refused(ForgetfulDisk disk, params ICommitParticipant[] participants) =>
        Assert.Throws<LedgerRefusesToStartException>(() => Open(disk, participants)).Message;

    /// <summary>A ledger of so many appends whose process was killed.</summary>
    private static async Task<(ForgetfulDisk Disk, ulong Size)> Filled(int appends, int segmentBytes = 16 * 1024)
    {
        var disk = new ForgetfulDisk();
        var log = LedgerLog.Open(Options() with { SegmentBytes = segmentBytes }, disk);
        for (var i = 0; i < appends; i++)
        {
            await log.Appended("patient", $"fact {i}");
        }

        var killed = disk.Kill();
        var size = log.Published.Size;
        await log.DisposeAsync();
        return (killed, size);
    }

    /// <summary>Appends until the oldest segment is gone.</summary>
    private static async Task MoveJournalOn(LedgerLog log, ForgetfulDisk disk)
    {
        var oldest = disk.List().Where(name => name.StartsWith("journal-0", StringComparison.Ordinal)).Order(StringComparer.Ordinal).First();
        for (var i = 0; disk.List().Contains(oldest); i++)
        {
            Assert.True(i < 2000, "The journal never let go of its oldest segment.");
            await log.Appended("patient", new string('.', 1000));
        }
    }
}
