// Events on a real RabbitMQ (design: The ledger, "The ledger is also the outbox"; issue: "at least once, in order per patient; killed anywhere, nothing is lost").
using System.Collections.Concurrent;
using HealthLedger.Events;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Receipts;
using MassTransit;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Events;

public sealed class RabbitMqTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task What_was_recorded_arrives_in_order_whoever_is_killed_gateway_or_broker()
    {
        if (!RabbitMqServer.IsInstalled)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "rabbitmq-server is not installed, and tests/run installs it in CI.");
            output.WriteLine("SKIPPED: rabbitmq-server is not installed here.");
            return;
        }

        using var directory = new TestDirectory();
        using var clients = new TestClients();
        await using (await TestGateway.Start(directory, clients))
        {
            // Registers the clients, and makes the cursor.
        }

        await using var broker = RabbitMqServer.Prepare(Path.Combine(directory.Root, "rabbitmq"));
        var recorded = new List<ulong>();
        string setting = $"--HealthLedger:Events:RabbitMq={broker.Address}", said;

        // No broker yet: the gateway serves all the same, and what it records waits in the journal.
        await using (var child = await ChildGateway.Start(directory, setting))
        {
            await using var gateway = TestGateway.Attach(child.Url, clients);
            recorded.Add(await Write(gateway));
            said = await child.Kill();
        }

        await broker.Start();
        var heard = new ConcurrentQueue<(string Patient, ulong Entry)>();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(new Uri(broker.Address));
            rabbit.ReceiveEndpoint("audit-events", queue =>
            {
                queue.ConcurrentMessageLimit = 1;
                queue.Handler<LedgerEvents>(context =>
                {
                    foreach (var changed in context.Message.Changed)
                    {
                        heard.Enqueue((changed.Patient, changed.Entry));
                    }

                    return Task.CompletedTask;
                });
            });
        });
        await bus.StartAsync();
        try
        {
            for (var round = 0; round < 3; round++)
            {
                await using var child = await ChildGateway.Start(directory, setting);
                await using var gateway = TestGateway.Attach(child.Url, clients);
                for (var i = 0; i < 5; i++)
                {
                    recorded.Add(await Write(gateway));
                }

                if (round == 1)
                {
                    await broker.Kill();
                    recorded.Add(await Write(gateway));
                    await broker.Start();
                }

                said += await child.Kill();
            }

            await using (await ChildGateway.Start(directory, setting))
            {
                await Until(() => recorded.All(entry => heard.Any(e => e.Entry == entry)), () => $"{recorded.Count(entry => heard.All(e => e.Entry != entry))} of {recorded.Count} never came");
            }
        }
        finally
        {
            await bus.StopAsync();
        }

        // In the order of the ledger; what comes again after a death comes in that order too.
        Assert.Equal(recorded.Order(), heard.Select(e => e.Entry).Distinct());
        Assert.All(heard, e => Assert.Equal("p", e.Patient));
        Assert.DoesNotContain("guest:", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("amqp://user:secret-word@broker.example/", "amqps")]
    [InlineData("http://localhost/", "amqps")]
    [InlineData("secret-word", "amqps")]
    public async Task An_address_that_would_show_events_to_the_network_is_refused_without_being_repeated(string address, string advice)
    {
        using var directory = new TestDirectory();
        var (code, said, errors) = await ChildGateway.Run([.. ChildGateway.Arguments(directory), $"--HealthLedger:Events:RabbitMq={address}"]);
        Assert.Equal(2, code);
        Assert.Contains(advice, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", said + errors, StringComparison.Ordinal);
    }

    /// <summary>Creates a record, and reads which entry that is from its receipt.</summary>
    private static async Task<ulong> Write(TestGateway gateway)
    {
        var answer = await gateway.Put(Hospital, "Patient/p", Records.Patient("p", "Told"));
        Assert.True(answer.Status is 200 or 201, answer.Text);
        var receipt = (await gateway.Get(Hospital, new Uri(answer.Receipt!).PathAndQuery)).Is(200);
        Assert.True(Receipt.Parse(receipt.Body).TryGet(out var read, out _));
        return read.Index;
    }

    private static async Task Until(Func<bool> reached, Func<string> otherwise)
    {
        for (var patience = DateTime.UtcNow + Patience; !reached(); await Task.Delay(100))
        {
            Assert.True(DateTime.UtcNow < patience, otherwise());
        }
    }
}
