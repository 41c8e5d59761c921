// docs/decisions/0015: the copied store is never ahead of the copied ledger, and the copied journal brings it forward. docs/formats/ledger-files.md, "In a backup".
using System.Text;
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class LedgerCopyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_copy_made_under_load_starts_at_its_checkpoint_and_brings_a_store_forward_that_was_copied_before_it()
    {
        var store = new RecordingParticipant();
        await using var log = LedgerLog.Open(TestLedger.Options(_directory["ledger"]) with { Participants = [store] });
        using var done = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                await Redo(log, $"{n}/{i}");
            }
        })));
        for (var round = 0; round < 8; round++)
        {
            RecordingParticipant copied;
            Published published;
            var target = Directory.CreateDirectory(_directory[$"copy-{round}"]).FullName;
            using (var copy = log.BeginCopy())
            {
                copied = Snapshot(store);

                // Until so much came that without the hold the segments from before were deleted.
                await Grow(log, 64);
                published = copy.Write(target, copied.AppliedSize, default);
            }

            Assert.InRange(published.Size, copied.AppliedSize + 1, ulong.MaxValue); // so there is something to bring forward
            await using var restored = LedgerLog.Open(TestLedger.Options(target) with { Participants = [copied] });
            Assert.Equal((published.Size, published.Root), (restored.Published.Size, restored.Published.Root));
            Assert.Equal(copied.Applied, Snapshot(store).Applied.Take(copied.Applied.Count));
            LogCheck.Check(restored);
            await Redo(restored, "goes on");
            LogCheck.Check(restored);
            Assert.Equal("goes on", copied.Applied[^1]);
        }

        await done.CancelAsync();
        await load;
    }

    [Fact]
    public async Task Nothing_is_deleted_from_the_journal_while_a_copy_is_made_and_again_afterwards()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory["ledger"]));
        using (log.BeginCopy())
        {
            await Grow(log, 400);
            Assert.True(File.Exists(_directory["ledger/journal-00000001.log"]));
        }

        for (var i = 0; File.Exists(_directory["ledger/journal-00000001.log"]); i++)
        {
            Assert.True(i < 600, "The first segment is never deleted.");
            await Grow(log, 20);
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_copy_waits_for_the_checkpoint_that_covers_what_the_store_has_applied()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory["ledger"]));
        await log.Appended("patient", "one");
        using var copy = log.BeginCopy();
        var wanted = log.Published.Size + 2;
        var writing = Task.Run(() => copy.Write(Directory.CreateDirectory(_directory["copy"]).FullName, wanted, default));
        await Task.Delay(50);
        Assert.False(writing.IsCompleted);
        await log.Appended("patient", "two");
        Assert.Equal(wanted, (await writing).Size);
    }

    [Fact]
    public async Task Events_that_nobody_has_taken_are_told_from_the_copy()
    {
        await using var log = LedgerLog.Open(TestLedger.Options(_directory["ledger"]));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using (var reading = log.Tail.Read(limit.Token).GetAsyncEnumerator(limit.Token))
        {
            await Notify(log, "told");
            Assert.True(await reading.MoveNextAsync());
            log.Tail.Acknowledge(reading.Current.Size);
        }

        await Grow(log, 200); // over several segments
        await Notify(log, "waits");
        var target = Directory.CreateDirectory(_directory["copy"]).FullName;
        using (var copy = log.BeginCopy())
        {
            copy.Write(target, 0, default);
        }

        await using var restored = LedgerLog.Open(TestLedger.Options(target));
        await using var again = restored.Tail.Read(limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await again.MoveNextAsync());
        Assert.Equal("waits", Encoding.UTF8.GetString(again.Current.Bytes.Span));
    }

    private static async Task Grow(LedgerLog log, int entries)
    {
        for (var size = log.Published.Size; log.Published.Size < size + (ulong)entries;)
        {
            await log.Appended("patient", "more");
        }
    }

    private static Task Redo(LedgerLog log, string redo) => Append(log, TestLedger.Request(TestLedger.Event("patient", redo)) with { Redo = Encoding.UTF8.GetBytes(redo) });

    private static Task Notify(LedgerLog log, string notice) => Append(log, TestLedger.Request(TestLedger.Event("patient", notice)) with { Notice = Encoding.UTF8.GetBytes(notice) });

    private static async Task Append(LedgerLog log, AppendRequest request) => Assert.IsType<AppendOutcome.Appended>(await log.Append(request, CancellationToken.None));

    /// <summary>What a database's snapshot is: all of a batch or nothing of it.</summary>
    private static RecordingParticipant Snapshot(RecordingParticipant store)
    {
        while (true)
        {
            var size = store.AppliedSize;
            var copy = new RecordingParticipant { AppliedSize = size };
            try
            {
                copy.Applied.AddRange(store.Applied.ToArray());
            }
            catch (Exception changed) when (changed is ArgumentException or InvalidOperationException)
            {
                continue;
            }

            if (store.AppliedSize == size && store.Applied.Count == copy.Applied.Count)
            {
                return copy;
            }
        }
    }
}
