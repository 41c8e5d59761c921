using HealthLedger.Gateway.Portal;
using MassTransit;

namespace HealthLedger.Gateway.Events;

/// <summary>The bus, inside the process or a RabbitMQ broker, its publisher and its consumers.</summary>
internal static class EventWiring
{
    /// <summary>How long a stop waits for a broker that does not answer; what it did not take comes again at the next start.</summary>
    private static readonly TimeSpan BrokerStop = TimeSpan.FromSeconds(5);

    public static IServiceCollection AddEvents(this IServiceCollection services, EventOptions options)
    {
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();

            // A queue of this process alone that goes with it: who has the portal open here is of no use to another process, or to the next one.
            bus.AddConsumer<PortalNewsConsumer>().Endpoint(endpoint =>
            {
                endpoint.Temporary = true;
                endpoint.InstanceId = NewId.NextSequentialGuid().ToString("N");
            });
            if (options.RabbitMq is null)
            {
                bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
            }
            else
            {
                bus.UsingRabbitMq((context, rabbit) =>
                {
                    Connect(rabbit, options);
                    rabbit.ConfigureEndpoints(context);
                });
            }
        });

        // The gateway serves whether or not its broker does: until it is there, events wait in the ledger's journal.
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = options.RabbitMq is null;
            host.StopTimeout = options.RabbitMq is null ? null : BrokerStop;
        });
        services.AddSingleton<PortalNews>();
        services.AddSingleton<IEventListener>(s => s.GetRequiredService<PortalNews>());
        if (options.RabbitMq is not null)
        {
            services.AddSingleton<IEventListener, EverybodyListens>();
        }

        // After the bus, so that it starts later and stops sooner.
        services.AddHostedService<NoticePublisher>();
        return services;
    }

    private static void Connect(IRabbitMqBusFactoryConfigurator rabbit, EventOptions options)
    {
        // The user goes apart from the address, which is logged where a connection fails.
        var (user, password) = options.Credentials();
        rabbit.Host(new UriBuilder(options.RabbitMq!) { UserName = "", Password = "" }.Uri, host =>
        {
            if (user is not null)
            {
                host.Username(user);
            }

            if (password is not null)
            {
                host.Password(password);
            }
        });
    }
}
