namespace HealthLedger.Gateway.Fhir.Operations;

/// <summary>The operations on stored records.</summary>
internal static class RecordOperations
{
    public static void AddRecordOperations(this IServiceCollection services)
    {
        foreach (var type in EverythingOperation.Types)
        {
            services.AddSingleton<IFhirOperation>(s => ActivatorUtilities.CreateInstance<EverythingOperation>(s, type));
        }

        services.AddSingleton<IFhirOperation, DocumentsOperation>();
        services.AddSingleton<IFhirOperation, GraphQlOperation>();
        services.AddSingleton<IFhirOperation, LastObservationsOperation>();
        services.AddSingleton<IFhirOperation, MetaOperation>();
        services.AddSingleton<IFhirOperation>(s => ActivatorUtilities.CreateInstance<MetaChangeOperation>(s, true));
        services.AddSingleton<IFhirOperation>(s => ActivatorUtilities.CreateInstance<MetaChangeOperation>(s, false));
    }
}
