using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;

namespace HealthLedger.Gateway.Ledger;

/// <summary>
/// Gathers cosignatures behind the commits: in rounds, each over one checkpoint, since only cosignatures over the same one add up to a quorum. A witness has
/// one request in flight, is left out of rounds that begin meanwhile, and is asked less often while it fails. Nothing waits for a round.
/// </summary>
internal sealed class WitnessRounds(Witnesses witnesses, LedgerLog ledger, WitnessOptions options, IHostApplicationLifetime host, TimeProvider time, ILogger<WitnessRounds> logger, LocalCosigner? local = null) : BackgroundService
{
    /// <summary>After this long a round is left to whom it still waits for.</summary>
    private static readonly TimeSpan RoundLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private readonly List<Asked> _asked = [.. witnesses.Clients.Select(client => new Asked(client))];

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            await Serving(stopping);
            ulong last = 0;
            var lastAt = DateTimeOffset.MinValue;
            while (true)
            {
                var (published, now) = (ledger.Published, time.GetUtcNow());
                if (published.Size != last || now - lastAt >= TimeSpan.FromSeconds(options.RefreshSeconds) || _asked.Exists(each => each.Failures > 0 && each.IsDue(now)))
                {
                    (last, lastAt) = (published.Size, now);
                    await Round(published, now, stopping);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(options.IntervalMilliseconds), time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was not cosigned is asked for again at the next start.
        }
    }

    /// <summary>An auditor reads our entries before it cosigns, so nobody is asked before they are served.</summary>
    private async Task Serving(CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = host.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stopping);
    }

    private async Task Round(Published published, DateTimeOffset now, CancellationToken stopping)
    {
        // The same checkpoint as the others sign, or they would not add up.
        local?.Cosign(published);
        var covered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var each in _asked.Where(each => each.IsDue(now)))
        {
            each.Work = Ask(each, published, covered, stopping);
        }

        await Task.WhenAny(Task.WhenAll(_asked.Select(each => each.Work)), covered.Task, Task.Delay(RoundLimit, time, stopping));
    }

    private async Task Ask(Asked asked, Published published, TaskCompletionSource covered, CancellationToken stopping)
    {
        var outcome = await asked.Client.Cosign(published, stopping);
        switch (outcome)
        {
            case WitnessOutcome.Cosigned cosigned:
                if (asked.Failures > 0)
                {
                    logger.LogWarning("The witness {Witness} cosigns again.", asked.Client.Name);
                    asked.Failures = 0;
                }

                if (ledger.Cosignatures!.Add(published, cosigned.Cosignatures))
                {
                    covered.TrySetResult();
                }

                break;
            case WitnessOutcome.Contradicts contradicts:
                witnesses.Halt(asked.Client, contradicts);
                logger.LogCritical("The witness {Witness} has seen another history of this ledger, which takes no entries any more.", asked.Client.Name);
                Fail(asked);
                break;
            default:
                if (asked.Failures == 0)
                {
                    logger.LogWarning("The witness {Witness} does not cosign: {Why}.", asked.Client.Name, Witnesses.Why(outcome));
                }

                Fail(asked);
                break;
        }
    }

    private void Fail(Asked asked)
    {
        asked.Failures = Math.Min(asked.Failures + 1, 16);
        var pause = TimeSpan.FromMilliseconds(options.IntervalMilliseconds * Math.Pow(2, asked.Failures));
        asked.Next = time.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
    }

    /// <summary>One witness: its request in flight, and how it fared lately.</summary>
    private sealed class Asked(WitnessClient client)
    {
        public WitnessClient Client { get; } = client;

        public Task Work { get; set; } = Task.CompletedTask;

        public int Failures { get; set; }

        public DateTimeOffset Next { get; set; }

        public bool IsDue(DateTimeOffset now) => Work.IsCompleted && now >= Next;
    }
}
