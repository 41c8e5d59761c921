using System.Collections.Frozen;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Access;

/// <summary>The patients of an export, in the order in which it goes through them. Whether one exists or may be seen is not known here.</summary>
public sealed class Cohort
{
    private readonly FrozenSet<string>? _only;

    private Cohort(ReadOnlyMemory<string> patients, FrozenSet<string>? only) => (Patients, _only) = (patients, only);

    /// <summary>Nobody.</summary>
    public static Cohort Nobody { get; } = Of([]);

    internal ReadOnlyMemory<string> Patients { get; }

    /// <summary>Everybody there is.</summary>
    /// <param name="patients">The ids as the vault's directory gives them: a view that stays as it is.</param>
    public static Cohort Everybody(ReadOnlyMemory<string> patients) => new(patients, null);

    /// <summary>Those who are named, each once; what is no FHIR id names nobody.</summary>
    public static Cohort Of(IEnumerable<string> patients)
    {
        var ids = patients.Where(id => FhirId.IsValid(id)).Distinct(StringComparer.Ordinal).ToArray();
        return new Cohort(ids, ids.ToFrozenSet(StringComparer.Ordinal));
    }

    internal bool Contains(string patient) => _only?.Contains(patient) ?? true;
}

/// <summary>How far an export has come.</summary>
/// <param name="Patient">The place of the patient in the cohort; its length means the records that are in nobody's compartment.</param>
/// <param name="After">The id of that patient's last record that was reached; null where none was.</param>
public readonly record struct CohortPosition(int Patient, string? After);
