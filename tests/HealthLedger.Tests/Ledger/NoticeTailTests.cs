// The ledger as outbox: docs/operations.md, "Events for other systems": behind a durable cursor, after commit, at least once.
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class NoticeTailTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Notices_come_in_order_and_what_was_not_acknowledged_comes_again_after_a_restart()
    {
        var options = TestLedger.Options(_directory.Path);
        await using (var log = LedgerLog.Open(options))
        {
            var first = await Read(log, 0);
            Assert.Empty(first);
            for (var i = 0; i < 6; i++)
            {
                await Notify(log, i);
                await log.Appended("patient", "no notice");
            }

            var read = await Read(log, 6);
            Assert.Equal(["0", "1", "2", "3", "4", "5"], read.Select(Text));
            log.Tail.Acknowledge(read[2].Size);
        }

        await using (var log = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() }))
        {
            Assert.Equal(["3", "4", "5"], (await Read(log, 3)).Select(Text));
            log.Tail.Acknowledge(log.Published.Size);
        }

        await using (var log = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() }))
        {
            await Notify(log, 6);
            Assert.Equal(["6"], (await Read(log, 1)).Select(Text));
        }
    }

    [Fact]
    public async Task A_waiting_reader_hears_of_each_notice_as_it_commits()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var reading = log.Tail.Read(stop.Token).GetAsyncEnumerator(stop.Token);
        for (var i = 0; i < 20; i++)
        {
            var next = reading.MoveNextAsync();
            await Notify(log, i);
            Assert.True(await next);
            Assert.Equal($"{i}", Text(reading.Current));
            Assert.True(reading.Current.Size <= log.Published.Size);
            log.Tail.Acknowledge(reading.Current.Size);
        }

        await reading.DisposeAsync();
    }

    [Fact]
    public async Task The_journal_waits_for_the_tail_and_for_nobody_where_nobody_reads()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        await Read(log, 0);
        await Notify(log, 0);
        var oldest = Segments()[0];
        for (var i = 0; i < 60; i++)
        {
            await log.Appended("patient", new string('.', 1000));
        }

        Assert.Equal(oldest, Segments()[0]);
        Assert.Equal("0", Text((await Read(log, 1))[0]));

        log.Tail.Acknowledge(log.Published.Size);
        for (var i = 0; Segments()[0] == oldest; i++)
        {
            Assert.True(i < 5000, "The journal never let go of its oldest segment.");
            await log.Appended("patient", new string('.', 1000));
        }

        await Notify(log, 1);
        Assert.Equal("1", Text((await Read(log, 1))[0]));
    }

    [Fact]
    public async Task A_damaged_cursor_begins_again_rather_than_losing_a_notice()
    {
        var options = TestLedger.Options(_directory.Path);
        await using (var log = LedgerLog.Open(options))
        {
            await Notify(log, 0);
            log.Tail.Acknowledge((await Read(log, 1))[0].Size);
        }

        var bytes = File.ReadAllBytes(_directory["tail"]);
        bytes[5] ^= 1;
        File.WriteAllBytes(_directory["tail"], bytes);
        await using var again = LedgerLog.Open(options with { Index = new VolatileLedgerIndex() });
        Assert.Equal("0", Text((await Read(again, 1))[0]));
    }

    [Fact]
    public async Task The_tail_has_one_reader_and_acknowledges_only_what_is_published()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory.Path));
        await Notify(log, 0);
        await using var reading = log.Tail.Read(CancellationToken.None).GetAsyncEnumerator();
        await reading.MoveNextAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => Read(log, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Tail.Acknowledge(log.Published.Size + 1));
    }

    private static string Text(LedgerNotice notice) => Encoding.UTF8.GetString(notice.Bytes.Span);

    private static async Task Notify(LedgerLog log, int notice) =>
        Assert.IsType<AppendOutcome.Appended>(await log.Append(
            TestLedger.Request(TestLedger.Event("patient", $"notice {notice}")) with { Notice = Encoding.UTF8.GetBytes($"{notice}") }, CancellationToken.None));

    /// <summary>Reads so many notices; none means to register as reader only.</summary>
    private static async Task<List<LedgerNotice>> Read(LedgerLog log, int count)
    {
        var notices = new List<LedgerNotice>();
        using var stop = new CancellationTokenSource();
        if (count == 0)
        {
            var reading = log.Tail.Read(stop.Token).GetAsyncEnumerator();
            var next = reading.MoveNextAsync().AsTask();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
            return notices;
        }

        await foreach (var notice in log.Tail.Read(stop.Token))
        {
            notices.Add(notice);
            if (notices.Count == count)
            {
                break;
            }
        }

        return notices;
    }

    private string[] Segments() => [.. Directory.GetFiles(_directory.Path, "journal-*").Order(StringComparer.Ordinal)];
}
