namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>
/// Organizations, their places and their clinicians, under fixed ids that patients' records refer to. Written by PUT, so the client
/// that loads it needs the right to choose ids.
/// </summary>
internal static class HospitalDirectory
{
    public const string NorthHospital = "north-hospital";
    public const string RiversideClinic = "riverside-clinic";

    private static readonly Site[] s_sites =
    [
        new(NorthHospital, "North Hospital", "Northam Ferry", "north-ward-4", "Ward 4, internal medicine",
            [
                new("dr-ostrander", "Philippa", "Ostrander", "female", "Internal medicine", "419192003"),
                new("dr-mbeki", "Jonathan", "Mbekwane", "male", "Cardiology", "394579002"),
                new("dr-halloran", "Siobhan", "Halloranne", "female", "General medical practice", "408443003"),
            ]),
        new(RiversideClinic, "Riverside Clinic", "Riverside Vale", "riverside-room-2", "Consulting room 2",
            [
                new("dr-castellane", "Marguerite", "Castellane", "female", "General medical practice", "408443003"),
                new("dr-akintola", "Babatunde", "Akintolade", "male", "Diabetic medicine", "408475000"),
            ]),
    ];

    /// <summary>Organizations that keep no records here but ask for them: patients should read their names, not their ids.</summary>
    private static readonly (string Id, string Name, string City)[] s_others =
    [
        (DemoClients.StrangerOrganization, "Harbour Clinic", "Saltmouth"),
        (DemoClients.RiskOrganization, "Heart Registry", "Northam Ferry"),
    ];

    public static DemoBundle Write()
    {
        using var bundle = new TransactionWriter();
        foreach (var site in s_sites)
        {
            WriteOrganization(bundle, site.Id, site.Name, site.City);
            WriteLocation(bundle, site);
            foreach (var clinician in site.Clinicians)
            {
                WritePractitioner(bundle, clinician);
                WriteRole(bundle, site, clinician);
            }
        }

        foreach (var (id, name, city) in s_others)
        {
            WriteOrganization(bundle, id, name, city);
        }

        return new DemoBundle(bundle.Finish(), bundle.Resources, null);
    }

    public static string[] Clinicians(string organization) => Array.ConvertAll(SiteOf(organization).Clinicians, c => $"Practitioner/{c.Id}");

    public static string Location(string organization) => $"Location/{SiteOf(organization).LocationId}";

    private static Site SiteOf(string organization) => Array.Find(s_sites, s => s.Id == organization)
        ?? throw new ArgumentException("Not an organization of the demo hospital.", nameof(organization));

    private static void WriteOrganization(TransactionWriter bundle, string id, string name, string city)
    {
        var json = bundle.Json;
        bundle.BeginPut("Organization", id);
        json.WriteStartArray("identifier");
        bundle.Identifier("https://demo.example/organizations", id);
        json.WriteEndArray();
        json.WriteBoolean("active", true);
        bundle.Concepts("type", new Coded("http://terminology.hl7.org/CodeSystem/organization-type", "prov", "Healthcare Provider"));
        json.WriteString("name", name);
        json.WriteStartArray("address");
        json.WriteStartObject();
        json.WriteString("city", city);
        json.WriteEndObject();
        json.WriteEndArray();
        bundle.EndPut("Organization", id);
    }

    private static void WriteLocation(TransactionWriter bundle, Site site)
    {
        bundle.BeginPut("Location", site.LocationId);
        bundle.Json.WriteString("status", "active");
        bundle.Json.WriteString("name", site.LocationName);
        bundle.Json.WriteString("mode", "instance");
        bundle.Reference("managingOrganization", $"Organization/{site.Id}");
        bundle.EndPut("Location", site.LocationId);
    }

    private static void WritePractitioner(TransactionWriter bundle, Clinician clinician)
    {
        var json = bundle.Json;
        bundle.BeginPut("Practitioner", clinician.Id);
        json.WriteStartArray("identifier");
        bundle.Identifier("https://demo.example/clinicians", clinician.Id);
        json.WriteEndArray();
        json.WriteBoolean("active", true);
        json.WriteStartArray("name");
        json.WriteStartObject();
        json.WriteString("family", clinician.Family);
        json.WriteStartArray("given");
        json.WriteStringValue(clinician.Given);
        json.WriteEndArray();
        json.WriteStartArray("prefix");
        json.WriteStringValue("Dr");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("gender", clinician.Gender);
        bundle.EndPut("Practitioner", clinician.Id);
    }

    private static void WriteRole(TransactionWriter bundle, Site site, Clinician clinician)
    {
        var id = $"{clinician.Id}-role";
        bundle.BeginPut("PractitionerRole", id);
        bundle.Json.WriteBoolean("active", true);
        bundle.Reference("practitioner", $"Practitioner/{clinician.Id}");
        bundle.Reference("organization", $"Organization/{site.Id}");
        bundle.Concepts("code", new Coded("http://terminology.hl7.org/CodeSystem/practitioner-role", "doctor", "Doctor"));
        bundle.Concepts("specialty", Coded.Finding(clinician.SpecialtyCode, clinician.Specialty), withText: true);
        bundle.References("location", $"Location/{site.LocationId}");
        bundle.EndPut("PractitionerRole", id);
    }

    private sealed record Clinician(string Id, string Given, string Family, string Gender, string Specialty, string SpecialtyCode);

    private sealed record Site(string Id, string Name, string City, string LocationId, string LocationName, Clinician[] Clinicians);
}
