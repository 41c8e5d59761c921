using System.Text.Json;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Compartments;

/// <summary>How a type stands to patients' compartments.</summary>
public enum CompartmentKind
{
    /// <summary>Records belong to the patients they refer to (R4 compartmentdefinition-patient.html).</summary>
    Clinical,

    /// <summary>The patient itself: its own compartment.</summary>
    Patient,

    /// <summary>Directory data of the tenant: people and places of care, services, medication definitions.</summary>
    Directory,

    /// <summary>The definition never puts such records into a patient's compartment (CodeSystem, Questionnaire).</summary>
    None,
}

/// <summary>
/// Whose compartments a record is in, by the parameters of R4's CompartmentDefinition "patient", with two carve-outs: Patient.link confers no membership (two records linked as one person stay two
/// compartments, each with its own consents), and Group and List members are filtered by whoever answers with them. Consent and AuditEvent have the membership the definition gives them.
/// </summary>
public static class PatientCompartment
{
    private static readonly HashSet<string> DirectoryTypes = new(StringComparer.Ordinal)
    {
        "Practitioner", "PractitionerRole", "Organization", "Location", "Endpoint", "HealthcareService", "Medication",
    };

    /// <summary>How records of a type stand to compartments.</summary>
    /// <exception cref="ArgumentException">The type is no concrete resource type.</exception>
    public static CompartmentKind KindOf(string resourceType)
    {
        ArgumentNullException.ThrowIfNull(resourceType);
        if (resourceType == "Patient") return CompartmentKind.Patient;
        if (DirectoryTypes.Contains(resourceType)) return CompartmentKind.Directory;
        return TypePlan.Of(resourceType).CompartmentParameters.Length > 0 ? CompartmentKind.Clinical : CompartmentKind.None;
    }

    /// <summary>The ids of the patients whose compartments the record is in, each once, in ordinal order. Absolute references to other servers' patients name none.</summary>
    /// <param name="terms">The record's terms.</param>
    /// <param name="id">Its own id: that of the patient, for a Patient.</param>
    public static IReadOnlyList<string> PatientsOf(ResourceTerms terms, string id)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(id);
        switch (KindOf(terms.ResourceType))
        {
            case CompartmentKind.Patient: return [id];
            case CompartmentKind.Clinical: return Members(terms);
            default: return [];
        }
    }

    /// <summary>The same for a resource in UTF-8 JSON that has its id. Empty where it is no resource of a known type.</summary>
    public static IReadOnlyList<string> PatientsOf(ReadOnlyMemory<byte> resource, TermPool pool, string localBase = "")
    {
        if (SearchTermExtractor.Extract(resource, pool, localBase) is not { } terms) return [];
        using var document = JsonDocument.Parse(resource, new JsonDocumentOptions { MaxDepth = 128 });
        var id = document.RootElement.TryGetProperty("id"u8, out var own) && own.ValueKind == JsonValueKind.String ? own.GetString()! : "";
        return terms.ResourceType == "Patient" && id.Length == 0 ? [] : PatientsOf(terms, id);
    }

    private static IReadOnlyList<string> Members(ResourceTerms terms)
    {
        var parameters = terms.Plan.CompartmentParameters;
        string? only = null;
        SortedSet<string>? several = null;
        foreach (ref readonly var reference in terms.References.AsSpan())
        {
            if (reference.Type != "Patient" || reference.LocalId is not { } patient || Array.IndexOf(parameters, reference.Parameter) < 0) continue;
            if (only is null) only = patient;
            else if (only != patient) (several ??= new SortedSet<string>(StringComparer.Ordinal) { only }).Add(patient);
        }
        return several is not null ? [.. several] : only is not null ? [only] : [];
    }
}
