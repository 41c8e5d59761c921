using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace HealthLedger.Smart;

/// <summary>Wires the authorization server into a host.</summary>
public static class SmartRegistration
{
    /// <summary>
    /// Registers everything but what the host brings: <see cref="Keys.ISealedSecrets"/>, <see cref="IClientStore"/> and <see cref="IAssertionReplay"/>.
    /// Before serving, the host calls <see cref="ClientRegistry.Load"/> and <see cref="SmartUrls.Use"/>.
    /// </summary>
    public static IServiceCollection AddSmart(this IServiceCollection services, Action<SmartOptions>? configure = null)
    {
        services.AddOptions<SmartOptions>().Configure(options => configure?.Invoke(options)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SmartUrls>();
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton<ClientAssertion>();
        services.AddSingleton<TokenSigningKey>();
        services.AddSingleton<AccessTokenIssuer>();
        services.AddSingleton<AccessTokenValidator>();
        services.AddSingleton<TokenEndpoint>();
        return services;
    }
}
