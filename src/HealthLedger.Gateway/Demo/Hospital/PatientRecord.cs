namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>
/// Writes the Bundle of one patient: who they are, then visits over the last years with what was measured, found, prescribed and done.
/// Split by topic: this file holds the person and the order of things.
/// </summary>
internal sealed partial class PatientRecord(SeededGenerator random, Health health, int number, DateOnly birth, DateOnly referenceDate)
{
    private const string RecordNumbers = "https://demo.example/record-numbers";
    private const string NationalIds = "https://demo.example/national-ids";

    private readonly string _patient = Urn(random);
    private readonly string _organization = number % 2 == 0 ? HospitalDirectory.NorthHospital : HospitalDirectory.RiversideClinic;

    public DemoBundle Write()
    {
        using var bundle = new TransactionWriter();
        var given = InventedPeople.Given(random, health.Female);
        var family = InventedPeople.Family(random);
        var lines = InventedPeople.AddressLines(random);
        var city = InventedPeople.City(random);
        var recordNumber = $"MRN-{random.Digits(9)}";
        var nationalId = $"{(char)('A' + random.Between(0, 25))}{(char)('A' + random.Between(0, 25))}{random.Digits(8)}";
        var phone = $"+44 7700 9{random.Digits(5)}";
        var gender = health.Female ? "female" : "male";

        WritePerson(bundle, given, family, gender, lines, city, recordNumber, nationalId, phone);
        var visits = WriteVisits(bundle);
        WriteConditions(bundle, visits);
        WriteMedications(bundle, visits);
        WriteAllergies(bundle);
        WriteProcedures(bundle, visits);
        WriteImmunizations(bundle, visits);
        WriteNote(bundle, visits[^1], $"Seen: {given} {family}, {health.Age} years. Stable, plan unchanged. Next visit in six months.");

        List<string> secrets = [given, family, recordNumber, nationalId, phone, .. lines];
        foreach (var url in bundle.FullUrls) secrets.Add(url["urn:uuid:".Length..]);
        var person = new DemoPatient(
            number, _patient, given, family, gender, birth, recordNumber, nationalId, phone, lines, city, _organization, health.Sensitive, secrets);
        return new DemoBundle(bundle.Finish(), bundle.Resources, person);
    }

    private void WritePerson(
        TransactionWriter bundle, string given, string family, string gender, string[] lines, string city, string recordNumber, string nationalId, string phone)
    {
        var json = bundle.Json;
        bundle.BeginPost("Patient", _patient);
        json.WriteStartArray("identifier");
        bundle.Identifier(RecordNumbers, recordNumber);
        bundle.Identifier(NationalIds, nationalId);
        json.WriteEndArray();
        json.WriteBoolean("active", true);
        json.WriteStartArray("name");
        json.WriteStartObject();
        json.WriteString("use", "official");
        json.WriteString("family", family);
        json.WriteStartArray("given");
        json.WriteStringValue(given);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("telecom");
        json.WriteStartObject();
        json.WriteString("system", "phone");
        json.WriteString("value", phone);
        json.WriteString("use", "home");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("gender", gender);
        bundle.Date("birthDate", birth);
        json.WriteStartArray("address");
        json.WriteStartObject();
        json.WriteString("use", "home");
        json.WriteStartArray("line");
        foreach (var line in lines) json.WriteStringValue(line);
        json.WriteEndArray();
        json.WriteString("city", city);
        json.WriteString("country", "GB");
        json.WriteEndObject();
        json.WriteEndArray();
        bundle.References("generalPractitioner", Clinician());
        bundle.Reference("managingOrganization", $"Organization/{_organization}");
        bundle.EndPost("Patient");
    }

    private string Clinician() => random.Pick<string>(HospitalDirectory.Clinicians(_organization));

    private static string Urn(SeededGenerator random) => "urn:uuid:" + random.Uuid();

    private Coded? Sensitivity => health.Sensitive switch
    {
        SensitiveKind.Hiv => new Coded(Coded.ActCode, "HIV", "HIV/AIDS information sensitivity"),
        SensitiveKind.SubstanceUse => new Coded(Coded.ActCode, "ETH", "substance abuse information sensitivity"),
        SensitiveKind.MentalHealth => new Coded(Coded.ActCode, "PSY", "psychiatry disorder information sensitivity"),
        _ => null,
    };

    /// <summary>One visit: its Encounter and its start in UTC.</summary>
    private readonly record struct Visit(string Encounter, DateTime Start);
}
