// The journal's segments are filled with zeros ahead (docs/formats/ledger-files.md, "The next segment"): whole ones beside the commits. What is made ahead is never part of the journal before it has
// a number, and whatever happens to it, nothing that was acknowledged is lost.
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Tests.Ledger;

public sealed class NextSegmentTests
{
    private const int Bytes = 16 * 1024;

    [Fact]
    public void A_segment_is_filled_part_by_part_flushed_and_takes_a_name_only_when_it_is_whole()
    {
        var disk = new ForgetfulDisk();
        var next = new NextSegment(disk, Bytes);
        Assert.False(next.TryBecome("journal-00000002.log"));
        for (var part = 1; part <= 4; part++)
        {
            Assert.False(next.TryBecome("journal-00000002.log"));
            next.Fill(Bytes / 4);
            Assert.Equal(part * Bytes / 4, disk[NextSegment.Name].Length);
        }

        var operations = disk.History.Count;
        next.Fill(Bytes / 4);
        Assert.Equal(operations, disk.History.Count);
        Assert.True(next.TryBecome("journal-00000002.log"));
        Assert.False(next.TryBecome("journal-00000003.log"));
        Assert.Equal(["journal-00000002.log"], disk.List());

        // The zeros are durable before the name is, and the next one is another file.
        disk.FlushDirectory();
        next.Fill(Bytes / 2);
        Assert.Equal(new byte[Bytes], disk.CutPower(() => -1)["journal-00000002.log"]);
    }

    [Fact]
    public void Where_room_is_short_it_is_given_back_half_filled_or_ready_and_made_anew_later()
    {
        var disk = new ForgetfulDisk();
        var next = new NextSegment(disk, Bytes);
        foreach (var parts in new[] { 1, 2 })
        {
            next.GiveBack();
            next.Fill(Bytes / 2);
            next.Fill(parts == 2 ? Bytes / 2 : 1);
            next.GiveBack();
            Assert.Empty(disk.List());
            Assert.False(next.TryBecome("journal-00000002.log"));
        }

        next.Fill(Bytes);
        Assert.True(next.TryBecome("journal-00000002.log"));
    }

    [Fact]
    public void Without_room_for_its_name_it_stays_ready_and_without_room_for_its_bytes_it_is_not_tried_before_the_next_segment()
    {
        var disk = new ForgetfulDisk();
        var next = new NextSegment(disk, Bytes);
        disk.Decide = (_, what) => what == "write" ? Fault.Full : Fault.None;
        next.Fill(Bytes);
        Assert.Empty(disk.List());
        disk.Decide = (_, what) => what == "rename" ? Fault.Full : Fault.None;
        next.Fill(Bytes);
        Assert.Empty(disk.List());

        Assert.False(next.TryBecome("journal-00000002.log"));
        next.Fill(Bytes);
        Assert.Throws<StorageFullException>(() => next.TryBecome("journal-00000002.log"));
        Assert.Equal([NextSegment.Name], disk.List());
        disk.Decide = (_, _) => Fault.None;
        Assert.True(next.TryBecome("journal-00000002.log"));
    }

    [Fact]
    public async Task A_start_that_refuses_deletes_nothing()
    {
        var disk = new ForgetfulDisk();
        var options = TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() };
        await using (var log = LedgerLog.Open(options, disk))
        {
            await log.Appended("patient", "kept");
        }

        var left = disk.Kill();
        left[NextSegment.Name] = left["journal-00000001.log"];
        left.Delete("journal-00000001.log");
        Assert.Throws<LedgerRefusesToStartException>(() => LedgerLog.Open(options with { Index = new VolatileLedgerIndex() }, left));
        Assert.Contains(NextSegment.Name, left.List());
    }

    [Fact]
    public async Task The_journal_goes_on_in_the_segment_that_was_filled_ahead_without_filling_it_step_by_step()
    {
        var disk = new ForgetfulDisk();
        await using var log = LedgerLog.Open(TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() }, disk);
        var renamed = "";
        var written = 0;
        var length = 0L;
        disk.Decide = (name, what) =>
        {
            renamed = what == "rename" ? name : renamed;
            written += name == renamed && what == "write" ? 1 : 0;
            return Fault.None;
        };
        var limit = DateTime.UtcNow.AddSeconds(30);
        for (; renamed.Length == 0; length = renamed.Length == 0 ? 0 : disk[renamed].Length)
        {
            Assert.True(DateTime.UtcNow < limit, "No segment was filled ahead.");
            await log.Appended("patient", new string('.', 500));
        }

        // One write for the batch that began it, and no other.
        Assert.Equal((1, Bytes), (written, length));
        Assert.Contains(disk[renamed], value => value != 0);
        await log.Appended("patient", "goes on");
        Assert.Equal(2, written);
        LogCheck.Check(log);
    }

    [Fact]
    public async Task What_a_start_finds_half_filled_is_deleted()
    {
        var disk = new ForgetfulDisk();
        var options = TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() };
        ulong index;
        await using (var log = LedgerLog.Open(options, disk))
        {
            index = (await log.Appended("patient", "kept")).Indices[0];
        }

        var left = disk.Kill();
        left[NextSegment.Name] = [.. Enumerable.Repeat((byte)7, 5000)];
        await using var again = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() }, left);
        Assert.DoesNotContain(NextSegment.Name, left.List());
        Assert.Equal("kept", Encoding.UTF8.GetString(again.OpenFact(index, TestLedger.Chain("patient"))!));
        LogCheck.Check(again);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_there_is_no_room_for_it_there_is_none_and_the_ledger_goes_on(bool known)
    {
        var disk = new ForgetfulDisk { FreeBytes = known ? (4 * Bytes) - 1 : long.MaxValue };
        var (tried, renamed) = (0, 0);
        disk.Decide = (name, what) =>
        {
            renamed += what == "rename" ? 1 : 0;
            return name == NextSegment.Name && what == "write" && ++tried > 0 ? Fault.Full : Fault.None;
        };
        await using var log = LedgerLog.Open(TestLedger.Options("unused") with { Index = new VolatileLedgerIndex() }, disk);
        for (var until = DateTime.UtcNow.AddSeconds(1.5); DateTime.UtcNow < until || (!known && tried < 2);)
        {
            await log.Appended("patient", new string('.', 500));
            Assert.True(DateTime.UtcNow < until.AddSeconds(30), "Nothing was tried.");
        }

        Assert.Equal((known, 0), (tried == 0, renamed));
        Assert.True(SpinWait.SpinUntil(() => !disk.List().Contains(NextSegment.Name), TimeSpan.FromSeconds(5)));
        LogCheck.Check(log);
    }
}
