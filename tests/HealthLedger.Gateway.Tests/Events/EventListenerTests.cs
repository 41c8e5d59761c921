// Only what somebody listens for is published, and listening begins without a gap (docs/operations.md, "Events for other systems").
using System.Collections.Concurrent;
using System.Security.Cryptography;
using HealthLedger.Events;
using HealthLedger.Gateway.Events;
using HealthLedger.Gateway.Portal;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace HealthLedger.Gateway.Tests.Events;

public sealed class EventListenerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly TestDirectory _directory = new();
    private readonly ConcurrentQueue<(string Patient, ulong Entry)> _heard = new();
    private readonly TestClock _clock = new(DateTimeOffset.UnixEpoch);
    private readonly EventChain _chain = new("chain", RandomNumberGenerator.GetBytes(32));
    private readonly IBusControl _bus;
    private readonly PortalNews _news;
    private readonly LedgerKeys _keys = LedgerKeys.Create("ledger.example/events", "cosigner.example/events");
    private LedgerLog _ledger = null!;
    private NoticePublisher _publisher = null!;

    public EventListenerTests()
    {
        _news = new PortalNews(_clock);
        _bus = Bus.Factory.CreateUsingInMemory(memory => memory.ReceiveEndpoint("heard", e => e.Handler<LedgerEvents>(context =>
        {
            foreach (var accessed in context.Message.Accessed)
            {
                _heard.Enqueue((accessed.Patient, accessed.Entry));
            }

            return Task.CompletedTask;
        })));
    }

    public async Task InitializeAsync()
    {
        _ledger = LedgerLog.Open(new LedgerOptions { Directory = _directory.Data, Keys = _keys, MinFreeBytes = 0, SegmentBytes = 16 * 1024, PreallocateBytes = 4096 });
        await _bus.StartAsync();
        _publisher = new NoticePublisher(_ledger, _bus, [_news], TimeProvider.System, NullLogger<NoticePublisher>.Instance);
        await _publisher.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _publisher.StopAsync(CancellationToken.None);
        _publisher.Dispose();
        await _bus.StopAsync();
        await _ledger.DisposeAsync();
        _keys.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task While_nobody_listens_the_cursor_moves_old_segments_go_and_nothing_is_told()
    {
        var oldest = Segments()[0];
        await Until(
            async () =>
            {
                await Append("quiet");
                return Segments()[0] != oldest;
            },
            "The journal never let go of its oldest segment.");
        await Until(() => Task.FromResult(_ledger.Tail.Cursor == _ledger.Published.Size), "The cursor never came to the end.");
        Assert.Empty(_heard);
    }

    [Fact]
    public async Task Only_of_patients_who_are_watched_events_are_told()
    {
        _news.Watched("watched", 0);
        await Append("unwatched");
        var entry = await Append("watched");
        await Append("unwatched");
        await Until(() => Task.FromResult(_ledger.Tail.Cursor == _ledger.Published.Size && !_heard.IsEmpty), "The event never came.");
        Assert.Equal(("watched", entry), Assert.Single(_heard));
    }

    [Fact]
    public async Task Who_begins_to_listen_while_entries_are_made_hears_of_everything_committed_since()
    {
        using var stop = new CancellationTokenSource();
        var made = new ConcurrentQueue<(string Patient, ulong Entry)>();
        string[] patients = ["a", "b", "c", "d", "e"];
        var making = patients.Select(patient => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                made.Enqueue((patient, await Append(patient)));
            }
        })).ToArray();

        // Each begins where nobody listens and ends there again, so that the publisher changes between passing and following with each.
        foreach (var patient in patients)
        {
            _news.Watched(patient, 0);
            var since = _ledger.Published.Size;
            await Until(() => Task.FromResult(made.Count(e => e.Patient == patient && e.Entry >= since) > 20), "No entries are made.");
            var expected = made.Where(e => e.Patient == patient && e.Entry >= since).ToHashSet();
            await Until(() => Task.FromResult(expected.IsSubsetOf(_heard)), $"What was committed while {patient} was listened for was not told.");

            _clock.Advance(PortalNews.Lapse + TimeSpan.FromSeconds(1));
            await Until(() => Task.FromResult(!_news.ListensFor(patient)), "The watch never lapsed.");
        }

        await stop.CancelAsync();
        await Task.WhenAll(making);
    }

    [Fact]
    public void A_page_that_asks_is_watched_and_one_that_does_not_lapses()
    {
        _news.Listen("asks");
        Assert.Null(_news.HasSince("asks", 0)); // whoever began to listen may have failed before reading
        _news.Watched("asks", 7);
        _news.Watched("sleeps", 7);
        for (var i = 0; i < 3; i++)
        {
            _clock.Advance(PortalNews.Lapse / 2);
            Assert.False(_news.HasSince("asks", 7));
            Assert.True(_news.IsListening);
        }

        Assert.Null(_news.HasSince("sleeps", 7));
        Assert.False(_news.ListensFor("sleeps"));
        _news.Told("sleeps", 8);
        _news.Told("asks", 8);
        Assert.True(_news.HasSince("asks", 7));
        Assert.Null(_news.HasSince("sleeps", 7));
        _clock.Advance(PortalNews.Lapse * 2);
        Assert.False(_news.IsListening);
    }

    [Fact]
    public async Task With_a_broker_everything_is_told_and_without_one_what_the_portal_listens_for()
    {
        using var directory = new TestDirectory();
        await using (var gateway = await TestGateway.Start(directory))
        {
            Assert.IsType<PortalNews>(Assert.Single(gateway.Host.Services.GetServices<IEventListener>()));
        }

        await using (var gateway = await TestGateway.Start(directory, TimeProvider.System, "--HealthLedger:Events:RabbitMq=amqp://127.0.0.1:9/"))
        {
            Assert.Contains(gateway.Host.Services.GetServices<IEventListener>(), listener => listener.IsListening && listener.ListensFor("anybody"));
        }
    }

    private static async Task Until(Func<Task<bool>> reached, string otherwise)
    {
        for (var patience = DateTime.UtcNow + Patience; !await reached(); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < patience, otherwise);
        }
    }

    private async Task<ulong> Append(string patient)
    {
        var commitment = RandomNumberGenerator.GetBytes(32);
        var appended = Assert.IsType<AppendOutcome.Appended>(await _ledger.Append(
            new AppendRequest
            {
                Events = [new PendingEvent(_chain, default, commitment)],
                Notice = EventNotice.Write(DateTimeOffset.UnixEpoch, [new NoticedEvent(NoticedKind.RecordAccessed, commitment, patient)]),
            },
            CancellationToken.None));
        return appended.Indices[0];
    }

    private string[] Segments() => [.. Directory.GetFiles(_directory.Data, "journal-*").Order(StringComparer.Ordinal)];
}
