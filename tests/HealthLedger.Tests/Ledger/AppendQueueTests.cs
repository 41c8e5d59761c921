// How a batch gathers (docs/performance.md, "read"): in a crowd it waits for two fifths of it, and never for longer than it is told; who comes alone waits for nobody.
using HealthLedger.Ledger;

namespace HealthLedger.Tests.Ledger;

public sealed class AppendQueueTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_batch_waits_for_two_fifths_of_a_crowd_that_is_remembered()
    {
        var queue = new AppendQueue(1000, 1000, 1 << 20, s_long);
        Crowd(queue, 40);

        // 40 were answered and 25 are here: 26 of 65. The next time there are fewer, and it is the same crowd but for a sixty-fourth.
        await Gathers(queue, 26);
        await Gathers(queue, 25);
    }

    [Fact]
    public async Task A_batch_waits_for_no_more_than_it_may_hold()
    {
        var queue = new AppendQueue(1000, 9, 1 << 20, s_long);
        Crowd(queue, 36);
        await Gathers(queue, 9);
    }

    [Fact]
    public async Task Nobody_waits_for_longer_than_the_time_to_gather()
    {
        var queue = new AppendQueue(1000, 1000, 1 << 20, AppendQueue.Gather);
        Crowd(queue, 40);
        Add(queue, 3);
        Assert.Equal(3, await Task.Run(() => Taken(queue)).WaitAsync(s_long / 2));
    }

    [Fact]
    public async Task After_a_pause_the_crowd_is_gone_and_one_append_waits_for_nobody()
    {
        var queue = new AppendQueue(1000, 1000, 1 << 20, s_long);
        Crowd(queue, 40);
        var taken = Task.Run(() => Taken(queue));
        await Task.Delay(100);
        Add(queue, 1);
        Assert.Equal(1, await taken.WaitAsync(s_long / 2));
        Add(queue, 1);
        Assert.Equal(1, await Task.Run(() => Taken(queue)).WaitAsync(s_long / 2));
    }

    /// <summary>One less does not do.</summary>
    private static async Task Gathers(AppendQueue queue, int expected)
    {
        Add(queue, expected - 1);
        var taken = Task.Run(() => Taken(queue));
        await Task.Delay(50);
        Assert.False(taken.IsCompleted);
        Add(queue, 1);
        Assert.Equal(expected, await taken.WaitAsync(s_long / 2));
    }

    /// <summary>So many at once, in as many whole batches as they need.</summary>
    private static void Crowd(AppendQueue queue, int count)
    {
        Add(queue, count);
        for (var left = count; left > 0;)
        {
            left -= Taken(queue);
        }
    }

    private static void Add(AppendQueue queue, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(queue.TryAdd(new PendingAppend { Request = TestLedger.Request(), Facts = [[]], Chains = [], Bytes = 0, Numbers = [], Indices = [] }));
        }
    }

    private static int Taken(AppendQueue queue)
    {
        var batch = new List<PendingAppend>();
        Assert.True(queue.Take(batch));
        return batch.Count;
    }
}
