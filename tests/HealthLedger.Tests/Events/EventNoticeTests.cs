// The notice's layout: EventNotice's remarks. The ledger is the outbox (design: commit order).
using HealthLedger.Events;

namespace HealthLedger.Tests.Events;

public class EventNoticeTests
{
    private static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    private static byte[] Commitment(byte fill)
    {
        var bytes = new byte[32];
        Array.Fill(bytes, fill);
        return bytes;
    }

    [Fact]
    public void What_is_written_is_read_again_without_what_nobody_is_told()
    {
        var written = EventNotice.Write(Time,
        [
            new NoticedEvent(NoticedKind.RecordAccessed, Commitment(1), "a1"),
            new NoticedEvent(NoticedKind.Nothing, Commitment(2), ""),
            new NoticedEvent(NoticedKind.ConsentWithdrawn, Commitment(3), new string('z', 64)),
        ]);
        var read = EventNotice.Read(written);
        Assert.NotNull(read);
        Assert.Equal(Time, read.Value.Time);
        Assert.Equal([(NoticedKind.RecordAccessed, "a1"), (NoticedKind.ConsentWithdrawn, new string('z', 64))], read.Value.Events.Select(e => (e.Kind, e.Patient)));
        Assert.Equal(Commitment(3), read.Value.Events[1].Commitment.ToArray());
    }

    [Fact]
    public void The_notice_of_a_refusal_is_as_long_as_that_of_an_absent_record()
    {
        var refused = EventNotice.Write(Time, [new NoticedEvent(NoticedKind.AccessRefused, Commitment(1), new string('a', 32))]);
        var absent = EventNotice.Write(Time, [new NoticedEvent(NoticedKind.Nothing, Commitment(2), "")]);
        Assert.Equal(refused.Length, absent.Length);
    }

    [Fact]
    public void Damaged_and_unknown_notices_are_refused_whatever_byte_is_wrong()
    {
        var good = EventNotice.Write(Time, [new NoticedEvent(NoticedKind.AccessRefused, Commitment(1), "a1")]);
        for (var length = 0; length < 47; length++)
        {
            Assert.Null(EventNotice.Read(good.AsMemory(0, length)));
        }

        foreach (var (at, value) in new[] { (0, (byte)2), (9, (byte)1), (11, (byte)8), (44, (byte)65), (good.Length - 1, (byte)1) })
        {
            var bad = good.ToArray();
            bad[at] = value;
            Assert.Null(EventNotice.Read(bad));
        }
    }

    [Fact]
    public void An_event_without_a_commitment_or_with_no_id_is_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => EventNotice.Write(Time, [new NoticedEvent(NoticedKind.RecordAccessed, new byte[31], "a")]));
        Assert.Throws<ArgumentException>(() => EventNotice.Write(Time, [new NoticedEvent(NoticedKind.RecordAccessed, new byte[32], new string('a', 65))]));
        Assert.Throws<ArgumentException>(() => EventNotice.Write(Time, [new NoticedEvent(NoticedKind.RecordAccessed, new byte[32], "é")]));
    }
}
