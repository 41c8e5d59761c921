using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Vault;

/// <summary>
/// Names one shelf: the records of one patient's compartment, <c>Patient/id</c>, or of one type that belongs to no patient, <c>Directory/Type</c>.
/// In memory only: storage knows keyed names.
/// </summary>
public readonly record struct ShelfId
{
    private const string PatientPrefix = "Patient/";
    private const string DirectoryPrefix = "Directory/";
    private const int LongestType = 64;
    private readonly string? value;

    private ShelfId(string value) => this.value = value;

    /// <summary><c>Patient/id</c> or <c>Directory/Type</c>.</summary>
    public string Value => value ?? throw new InvalidOperationException("A default ShelfId names no shelf.");

    /// <summary>True for a patient's shelf.</summary>
    public bool IsPatient => Value.StartsWith(PatientPrefix, StringComparison.Ordinal);

    /// <summary>The patient's logical id; null for a directory shelf.</summary>
    public string? PatientId => IsPatient ? Value[PatientPrefix.Length..] : null;

    /// <summary>The shelf of one patient.</summary>
    /// <param name="patientId">A FHIR id: 1 to 64 of A-Z, a-z, 0-9, '-', '.'.</param>
    /// <exception cref="ArgumentException">It is not such an id.</exception>
    public static ShelfId ForPatient(string patientId) =>
        FhirId.IsValid(patientId) ? new ShelfId(PatientPrefix + patientId) : throw new ArgumentException("Not a FHIR id.", nameof(patientId));

    /// <summary>The shelf of one type's records that belong to no patient.</summary>
    /// <exception cref="ArgumentException">It is not a resource type's name.</exception>
    public static ShelfId ForDirectory(string resourceType) =>
        IsType(resourceType) ? new ShelfId(DirectoryPrefix + resourceType) : throw new ArgumentException("Not a resource type.", nameof(resourceType));

    /// <summary>Reads <see cref="Value"/> back; null where it is none.</summary>
    public static ShelfId? Parse(string text) =>
        text.StartsWith(PatientPrefix, StringComparison.Ordinal) && FhirId.IsValid(text.AsSpan(PatientPrefix.Length)) ? new ShelfId(text)
        : text.StartsWith(DirectoryPrefix, StringComparison.Ordinal) && IsType(text[DirectoryPrefix.Length..]) ? new ShelfId(text)
        : null;

    /// <inheritdoc cref="Value"/>
    public override string ToString() => value ?? "";

    internal static bool IsType(string text) => text.Length is > 0 and <= LongestType && text.All(char.IsAsciiLetter);
}
