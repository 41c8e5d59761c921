// Truncation at every byte of the last batch's journal record (docs/architecture.md, "One commit"): recovery drops what was never
// acknowledged and nothing else; a damaged middle is refused.
using HealthLedger.Ledger;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

public sealed class TruncatedJournalTests
{
    private const string Journal = "journal-00000001.log";

    [Fact]
    public async Task A_record_that_was_never_acknowledged_is_dropped_wherever_it_was_cut()
    {
        var (before, after, record) = await LastRecord();
        foreach (var zeros in new[] { false, true })
        {
            for (var left = 0; left <= record.Length; left++)
            {
                // The lock checkpoint does not know of the record. Behind the cut the file ends, or the zeros that were written ahead go on.
                var disk = before.Kill();
                var bytes = zeros ? (byte[])before[Journal].Clone() : before[Journal][..(record.Position + left)];
                after[Journal].AsSpan(record.Position, left).CopyTo(bytes.AsSpan(record.Position));
                disk[Journal] = bytes;
                await using var log = Open(disk);
                Assert.Equal(3ul, log.CountOf(TestLedger.Chain("patient")));
                if (left % 16 == 0)
                {
                    await log.Appended("patient", "goes on");
                    LogCheck.Check(log);
                }
            }
        }
    }

    [Fact]
    public async Task An_acknowledged_record_that_was_cut_anywhere_refuses_the_start()
    {
        var (_, after, record) = await LastRecord();
        var whole = after[Journal];
        for (var left = 0; left < record.Length; left++)
        {
            var ended = after.Kill();
            ended[Journal] = whole[..(record.Position + left)];
            Assert.Contains("damaged", Refused(ended), StringComparison.Ordinal);

            var zeros = after.Kill();
            var bytes = (byte[])whole.Clone();
            bytes.AsSpan(record.Position + left, record.Length - left).Clear();
            if (!bytes.AsSpan().SequenceEqual(whole))
            {
                zeros[Journal] = bytes;
                Assert.Contains("damaged", Refused(zeros), StringComparison.Ordinal);
            }
        }

        // Cut right behind it, nothing is lost.
        var exact = after.Kill();
        exact[Journal] = whole[..(record.Position + record.Length)];
        await using var log = Open(exact);
        Assert.Equal(4ul, log.CountOf(TestLedger.Chain("patient")));
        LogCheck.Check(log);
    }

    /// <summary>A ledger of three appends, the same with a fourth, and where the fourth's record lies in the journal.</summary>
    private static async Task<(ForgetfulDisk Before, ForgetfulDisk After, (int Position, int Length) Record)> LastRecord()
    {
        var disk = new ForgetfulDisk();
        var log = Open(disk);
        for (var i = 0; i < 3; i++)
        {
            await log.Appended("patient", $"fact {i}");
        }

        var before = disk.Kill();
        await log.DisposeAsync();
        var after = before.Kill();
        log = Open(after);
        await log.Appended("patient", "the last");
        var killed = after.Kill();
        await log.DisposeAsync();

        var position = 0;
        while (JournalRecord.LengthOf(before[Journal].AsSpan(position)) is > 0 and var length)
        {
            position += (int)length;
        }

        return (before, killed, (position, (int)JournalRecord.LengthOf(killed[Journal].AsSpan(position))));
    }

    private static LedgerOptions Options() => TestLedger.Options("unused") with { Fatal = new RecordedFatal(), Index = new VolatileLedgerIndex() };

    private static LedgerLog Open(ForgetfulDisk disk) => LedgerLog.Open(Options(), disk);

    private static string Refused(ForgetfulDisk disk) => Assert.Throws<LedgerRefusesToStartException>(() => Open(disk)).Message;
}
