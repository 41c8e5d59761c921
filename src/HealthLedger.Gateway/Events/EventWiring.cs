using HealthLedger.Gateway.Portal;
using MassTransit;

namespace HealthLedger.Gateway.Events;

/// <summary>The bus inside the process, its publisher and its consumers.</summary>
internal static class EventWiring
{
    public static IServiceCollection AddEvents(this IServiceCollection services)
    {
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddConsumer<PortalNewsConsumer>();
            bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
        });
        services.Configure<MassTransitHostOptions>(host => host.WaitUntilStarted = true);
        services.AddSingleton<PortalNews>();

        // After the bus, so that it starts later and stops sooner.
        services.AddHostedService<NoticePublisher>();
        return services;
    }
}
