// The ledger is the outbox: a tailer with a durable cursor publishes events after the commit, at least once (design: The ledger).
using System.Collections.Concurrent;
using HealthLedger.Events;
using HealthLedger.Gateway.Events;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Gateway.Portal;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace HealthLedger.Gateway.Tests.Events;

public sealed class PublishedEventsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Every_kind_of_event_is_published_after_its_commit_with_its_entry()
    {
        await using var gateway = await TestGateway.Start();
        var ledger = gateway.Host.Storage.Ledger;
        var heard = new Heard(ledger);
        var bus = gateway.Host.Services.GetRequiredService<IBusControl>();
        await bus.ConnectReceiveEndpoint("events-heard", e => e.Handler<LedgerEvents>(heard.Take)).Ready;

        // Nobody but this patient's open page listens in the process.
        gateway.Host.Services.GetRequiredService<PortalNews>().Watched("p1", 0);
        (await gateway.Put(TestClients.Hospital, "Patient/p1", Records.Patient("p1", "Person"))).Is(201);
        var consent = (await gateway.Post(TestClients.Hospital, "Consent", Records.Consent(null, "p1", Records.Permit()))).Is(201);
        (await gateway.Get(TestClients.Clinic, "Patient/p1")).Is(200);
        (await gateway.Get(TestClients.Stranger, "Patient/p1")).Is(404);
        (await gateway.Get(TestClients.Stranger, "Patient/nobody")).Is(404);
        var inactive = consent.Json;
        inactive["status"] = "inactive";
        (await gateway.Put(TestClients.Hospital, $"Consent/{consent.Id}", inactive)).Is(200);

        var events = await heard.Until(e => e.Any(x => x.Kind == nameof(ConsentWithdrawn)));
        Assert.Equal(
            [nameof(RecordChanged), nameof(ConsentGranted), nameof(RecordAccessed), nameof(AccessRefused), nameof(ConsentWithdrawn)],
            events.OrderBy(e => e.Entry).Select(e => e.Kind));
        Assert.All(events, e => Assert.Equal("p1", e.Patient));

        // Each entry is on the patient's own chain: the index that the event tells is the entry's.
        var chain = gateway.Host.Storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("p1"))!;
        Assert.Equal(ledger.EventsOf(chain, 0, 100).Select(e => e.Index).Order(), events.Select(e => e.Entry).Order());
        Assert.False(heard.TooEarly);
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_published_after_a_restart_and_what_was_is_not()
    {
        using var directory = new TestDirectory();
        var options = new GatewayOptions { Data = directory.Data, Keys = directory.Keys, ScryptLogN = 15 };

        // A publisher was there once, and the process died before it published any of these.
        await using (var storage = Storage.Open(options, null, TimeProvider.System))
        {
            await ReadOnce(storage.Ledger);
            await Append(storage, "one");
            await Append(storage, "two");
        }

        await using (var storage = Storage.Open(options, null, TimeProvider.System))
        {
            await using var published = await Publishing(storage.Ledger);
            var events = await published.Heard.Until(e => e.Count == 2);
            Assert.Equal(["one", "two"], events.OrderBy(e => e.Entry).Select(e => e.Patient));
            await published.Stop();
            Assert.Equal(storage.Ledger.Published.Size, storage.Ledger.Tail.Cursor);
        }

        await using (var storage = Storage.Open(options, null, TimeProvider.System))
        {
            await using var published = await Publishing(storage.Ledger);
            await Append(storage, "three");
            var events = await published.Heard.Until(e => e.Any(x => x.Patient == "three"));
            Assert.Equal("three", Assert.Single(events).Patient);
        }
    }

    /// <summary>The publisher dies after the bus took the message and before the cursor moved: the events come again, and nothing is lost.</summary>
    [Fact]
    public async Task A_publisher_that_dies_between_publishing_and_its_cursor_publishes_again()
    {
        using var directory = new TestDirectory();
        var options = new GatewayOptions { Data = directory.Data, Keys = directory.Keys, ScryptLogN = 15 };
        await using (var storage = Storage.Open(options, null, TimeProvider.System))
        {
            await ReadOnce(storage.Ledger);
            await Append(storage, "one");
            await Append(storage, "two");
        }

        for (var death = 0; death < 3; death++)
        {
            await using var storage = Storage.Open(options, null, TimeProvider.System);
            var cursor = storage.Ledger.Tail.Cursor;
            await using var published = await Publishing(storage.Ledger, new DiesAfterPublishing());
            await published.Heard.Until(e => e.Count == 2);
            await published.Stop();
            Assert.Equal(cursor, storage.Ledger.Tail.Cursor);
        }

        await using (var storage = Storage.Open(options, null, TimeProvider.System))
        {
            await using var published = await Publishing(storage.Ledger);
            var events = await published.Heard.Until(e => e.Count == 2);
            Assert.Equal(["one", "two"], events.Select(e => e.Patient));
            await published.Stop();
            Assert.Equal(storage.Ledger.Published.Size, storage.Ledger.Tail.Cursor);
        }
    }

    [Theory]
    [InlineData(NoticedKind.RecordErased, nameof(RecordErased))]
    [InlineData(NoticedKind.ReleaseMade, nameof(ReleaseMade))]
    public async Task Erasures_and_releases_are_published_as_such(NoticedKind kind, string name)
    {
        using var directory = new TestDirectory();
        await using var storage = Storage.Open(new GatewayOptions { Data = directory.Data, Keys = directory.Keys, ScryptLogN = 15 }, null, TimeProvider.System);
        await using var published = await Publishing(storage.Ledger);
        await Append(storage, "concerned", kind);
        var told = Assert.Single(await published.Heard.Until(e => e.Count == 1));
        Assert.Equal((name, "concerned", storage.Ledger.Published.Size - 2), told);
    }

    private static async Task ReadOnce(LedgerLog ledger)
    {
        using var stop = new CancellationTokenSource();
        await using var reading = ledger.Tail.Read(stop.Token).GetAsyncEnumerator(stop.Token);
        var next = reading.MoveNextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    private static async Task Append(Storage storage, string patient, NoticedKind kind = NoticedKind.RecordAccessed)
    {
        var commitment = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
        var appended = await storage.Ledger.Append(
            new AppendRequest
            {
                Events = [new PendingEvent(storage.Vault.TenantChain, default, commitment)],
                Notice = EventNotice.Write(DateTimeOffset.UnixEpoch, [new NoticedEvent(kind, commitment, patient)]),
            },
            CancellationToken.None);
        Assert.IsType<AppendOutcome.Appended>(appended);
    }

    private static async Task<PublishedLedger> Publishing(LedgerLog ledger, DiesAfterPublishing? death = null, IEventListener? listener = null)
    {
        var heard = new Heard(ledger);
        var bus = Bus.Factory.CreateUsingInMemory(memory => memory.ReceiveEndpoint("heard", e => e.Handler<LedgerEvents>(heard.Take)));
        await bus.StartAsync();
        if (death is not null)
        {
            bus.ConnectPublishObserver(death);
        }

        var publisher = new NoticePublisher(ledger, bus, [listener ?? new EverybodyListens()], TimeProvider.System, NullLogger<NoticePublisher>.Instance);
        await publisher.StartAsync(CancellationToken.None);
        return new PublishedLedger(bus, publisher, heard);
    }

    /// <summary>The message is out; the publisher never hears of it.</summary>
    private sealed class DiesAfterPublishing : IPublishObserver
    {
        public Task PrePublish<T>(PublishContext<T> context) where T : class => Task.CompletedTask;

        public Task PostPublish<T>(PublishContext<T> context) where T : class => Task.Delay(Timeout.Infinite, context.CancellationToken);

        public Task PublishFault<T>(PublishContext<T> context, Exception exception) where T : class => Task.CompletedTask;
    }

    private sealed class PublishedLedger(IBusControl bus, NoticePublisher publisher, Heard heard) : IAsyncDisposable
    {
        public Heard Heard => heard;

        public Task Stop() => publisher.StopAsync(CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            await publisher.StopAsync(CancellationToken.None);
            publisher.Dispose();
            await bus.StopAsync();
        }
    }

    /// <summary>Collects what is published, and whether any of it came before the ledger had it.</summary>
    private sealed class Heard(LedgerLog ledger)
    {
        private readonly ConcurrentQueue<(string Kind, string Patient, ulong Entry)> _events = new();
        private readonly SemaphoreSlim _more = new(0);

        public bool TooEarly { get; private set; }

        public Task Take(ConsumeContext<LedgerEvents> context)
        {
            var message = context.Message;
            TooEarly |= message.Size > ledger.Published.Size || message.Newest().Any(e => e.Entry >= message.Size);
            foreach (var e in message.Granted.Select(e => (nameof(ConsentGranted), e.Patient, e.Entry))
                .Concat(message.Withdrawn.Select(e => (nameof(ConsentWithdrawn), e.Patient, e.Entry)))
                .Concat(message.Accessed.Select(e => (nameof(RecordAccessed), e.Patient, e.Entry)))
                .Concat(message.Refused.Select(e => (nameof(AccessRefused), e.Patient, e.Entry)))
                .Concat(message.Changed.Select(e => (nameof(RecordChanged), e.Patient, e.Entry)))
                .Concat(message.Erased.Select(e => (nameof(RecordErased), e.Patient, e.Entry)))
                .Concat(message.Released.Select(e => (nameof(ReleaseMade), e.Run, e.Entry))))
            {
                _events.Enqueue(e);
            }

            _more.Release();
            return Task.CompletedTask;
        }

        public async Task<List<(string Kind, string Patient, ulong Entry)>> Until(Func<List<(string Kind, string Patient, ulong Entry)>, bool> enough)
        {
            while (true)
            {
                var events = _events.ToList();
                if (enough(events))
                {
                    return events;
                }

                Assert.True(await _more.WaitAsync(Patience), $"only {events.Count} events came");
            }
        }
    }
}
