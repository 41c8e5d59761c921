namespace HealthLedger.Fhir.Definitions;

/// <summary>Which resources belong to a compartment, and by which search parameters (R4 compartmentdefinition.html).</summary>
public sealed class CompartmentDefinition
{
    private readonly Dictionary<string, IReadOnlyList<string>> _parameters;

    internal CompartmentDefinition(string code, Dictionary<string, IReadOnlyList<string>> parameters)
    {
        Code = code;
        _parameters = parameters;
    }

    /// <summary>The resource type whose every resource has such a compartment: Patient, Encounter, RelatedPerson, Practitioner, Device.</summary>
    public string Code { get; }

    /// <summary>The resource types that can be in it.</summary>
    public IEnumerable<string> ResourceTypes => _parameters.Where(p => p.Value.Count > 0).Select(p => p.Key);

    /// <summary>Codes of the search parameters of that type which lead to the compartment's resource; <c>{def}</c> is the resource itself. Empty where the type is never in it.</summary>
    public IReadOnlyList<string> Parameters(string resourceType) => _parameters.TryGetValue(resourceType, out var codes) ? codes : [];
}
