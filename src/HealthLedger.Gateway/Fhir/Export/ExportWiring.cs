using HealthLedger.Gateway.Fhir.Operations;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>The services of exports.</summary>
internal static class ExportWiring
{
    /// <param name="services">Where they go.</param>
    /// <param name="directory">Where open exports are kept, sealed.</param>
    /// <param name="secret">32 bytes that seal them.</param>
    /// <param name="time">The clock by which they expire.</param>
    public static void AddExports(this IServiceCollection services, string directory, byte[] secret, TimeProvider time)
    {
        services.AddSingleton(new ExportJobs(directory, secret, time));
        services.AddSingleton<GroupMembers>();
        services.AddSingleton<ExportParameters>();
        services.AddSingleton<ExportCohorts>();
        services.AddSingleton<FhirExports>();
        foreach (var level in Enum.GetValues<ExportLevel>())
        {
            services.AddSingleton<IFhirOperation>(s => ActivatorUtilities.CreateInstance<ExportOperation>(s, level));
        }
    }
}
