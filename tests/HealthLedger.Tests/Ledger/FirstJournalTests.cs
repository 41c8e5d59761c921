// Records of the journal's first version, "HLJ1", which end with a SHA-256 (docs/formats/ledger-files.md): Fixtures/first-journal is what a power cut left of a ledger that wrote them, its journal and its
// lock, nothing of the flat files.
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

public sealed class FirstJournalTests
{
    private const string Journal = "journal-00000001.log";

    [Fact]
    public async Task A_journal_of_the_first_version_is_applied_and_gone_on_with()
    {
        var (disk, participant) = (Fixture(), new RecordingParticipant());
        Assert.StartsWith("HLJ1", Encoding.ASCII.GetString(disk[Journal].AsSpan(0, 4)), StringComparison.Ordinal);
        await using (var log = Open(disk, participant))
        {
            Check(log, 6);
            Assert.Equal(["redo"], participant.Applied);
            await log.Appended("patient", "fact 6");
        }

        // Both versions in one segment.
        var records = Records(disk[Journal]);
        Assert.Equal(["HLJ1", "HLJ1", "HLJ1", "HLJ1", "HLJ2"], records);
        await using var again = Open(disk.Kill(), participant);
        Check(again, 7);
    }

    [Fact]
    public async Task A_record_of_the_first_version_that_was_staged_and_not_locked_is_dropped()
    {
        // The slot of the newest generation is lost, so that the lock is the one before.
        var (disk, participant) = (Fixture(), new RecordingParticipant());
        var bytes = disk["lock"];
        var newest = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(8)) > System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(4096 + 8)) ? 0 : 4096;
        bytes.AsSpan(newest, 4096).Clear();
        disk["lock"] = bytes;
        await using (var log = Open(disk, participant))
        {
            Check(log, 5);
            Assert.Empty(participant.Applied);
            await log.Appended("patient", "fact 5");
        }

        Assert.Equal(["HLJ1", "HLJ1", "HLJ1", "HLJ2"], Records(disk[Journal]));
        await using var again = Open(disk.Kill(), participant);
        Check(again, 6);
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(JournalRecord.HeaderSize + 40, 1)]
    [InlineData(-1, 1)]
    [InlineData(3, '1' ^ '2')]
    public async Task A_record_of_either_version_that_was_changed_refuses_the_start(int place, int change)
    {
        foreach (var second in new[] { false, true })
        {
            var disk = Fixture();
            if (second)
            {
                await using var log = Open(disk, new RecordingParticipant());
                await log.Appended("patient", "fact 6");
            }

            var copy = disk.Kill();
            var bytes = copy[Journal];
            var at = 0;
            for (var record = 0; record < (second ? 4 : 1); record++)
            {
                at += (int)JournalRecord.LengthOf(bytes.AsSpan(at));
            }

            bytes[at + (place < 0 ? (int)JournalRecord.LengthOf(bytes.AsSpan(at)) + place : place)] ^= (byte)change;
            copy[Journal] = bytes;
            Assert.Throws<LedgerRefusesToStartException>(() => Open(copy, new RecordingParticipant()));
        }
    }

    private static List<string> Records(byte[] journal)
    {
        var magics = new List<string>();
        for (var at = 0; JournalRecord.LengthOf(journal.AsSpan(at)) is > 0 and var length; at += (int)length)
        {
            Assert.NotNull(JournalRecord.Parse(journal.AsMemory(at, (int)length)));
            magics.Add(Encoding.ASCII.GetString(journal.AsSpan(at, 4)));
        }

        return magics;
    }

    private static void Check(LedgerLog log, int facts)
    {
        LogCheck.Check(log);
        var chain = TestLedger.Chain("patient");
        Assert.Equal(Enumerable.Range(0, facts).Select(i => $"fact {i}"), log.EventsOf(chain, 0, 100).Select(e => Encoding.UTF8.GetString(log.OpenFact(e.Index, chain)!)).Order(StringComparer.Ordinal));
        Assert.Equal(HealthLedger.Proofs.ConsentStateMap.ConsentStanding.Granted, log.ConsentStateOf(new HealthLedger.Proofs.Hash(TestLedger.Handle(1)))?.Standing);
    }

    private static LedgerLog Open(ForgetfulDisk disk, RecordingParticipant participant) =>
        LedgerLog.Open(TestLedger.Options("unused") with { Index = new VolatileLedgerIndex(), Participants = [participant], Time = new LaterClock() }, disk);

    private static ForgetfulDisk Fixture()
    {
        var disk = new ForgetfulDisk();
        foreach (var name in new[] { Journal, "lock" })
        {
            disk[name] = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Ledger", "Fixtures", "first-journal", name));
        }

        return disk;
    }

    /// <summary>After the fixture, wherever the tests run.</summary>
    private sealed class LaterClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
