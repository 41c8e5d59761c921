using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>Registers terminology and its operations.</summary>
internal static class TerminologyServices
{
    public static void AddTerminology(this IServiceCollection services, IReadOnlyList<ReadOnlyMemory<byte>> packages)
    {
        services.AddSingleton(new ConformanceResources(() => packages, new ConformanceResources(R4Terminology.Resources)));
        services.AddSingleton<ValueSets>();
        services.AddSingleton<ITerminology>(s => s.GetRequiredService<ValueSets>());
        services.AddSingleton<TerminologySource>();
        services.AddSingleton<IFhirOperation, ExpandOperation>();
        services.AddSingleton<IFhirOperation, LookupOperation>();
        services.AddSingleton<IFhirOperation, SubsumesOperation>();
        services.AddSingleton<IFhirOperation, TranslateOperation>();
        services.AddSingleton<IFhirOperation, ValidateSystemCodeOperation>();
        services.AddSingleton<IFhirOperation, ValidateValueSetCodeOperation>();
    }
}
