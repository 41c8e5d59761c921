namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>One transaction Bundle as UTF-8 JSON: the directory (<see cref="Patient"/> is null), or all resources of one patient.</summary>
internal sealed record DemoBundle(ReadOnlyMemory<byte> Json, int Resources, DemoPatient? Patient);

/// <summary>The kinds of record that carry a sensitivity label (v3-ActCode) and confidentiality R.</summary>
internal enum SensitiveKind { None, Hiv, SubstanceUse, MentalHealth }

/// <summary>
/// Who one invented patient is. <see cref="Secrets"/> holds every string that must not be found in stored files, each of at least six
/// bytes: names, identifiers, address lines, phone, and the UUIDs of the Bundle's entries. Ids given out by the server are not among them.
/// </summary>
internal sealed record DemoPatient(
    int Number,
    string FullUrl,
    string Given,
    string Family,
    string Gender,
    DateOnly BirthDate,
    string RecordNumber,
    string NationalId,
    string Phone,
    IReadOnlyList<string> AddressLines,
    string City,
    string Organization,
    SensitiveKind Sensitive,
    IReadOnlyList<string> Secrets);
