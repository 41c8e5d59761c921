using System.Text.Json;
using HealthLedger.Gateway.Hosting;

namespace HealthLedger.Gateway.Demo;

/// <summary>What the steps of the walk share.</summary>
internal sealed class DemoContext(GatewayHost gateway, CommandLine line, DemoConsole console, DemoClients clients, DemoHttp http)
{
    private readonly Dictionary<string, string> _tokens = [];

    public GatewayHost Gateway => gateway;

    public CommandLine Line => line;

    public DemoConsole Console => console;

    public DemoClients Clients => clients;

    public DemoHttp Http => http;

    /// <summary>The demo's patients, in the order in which they were loaded.</summary>
    public List<DemoPatientRecord> Patients { get; } = [];

    /// <summary>How many patients the data directory held before the walk: above 0 where an earlier one left its own.</summary>
    public int Before { get; set; }

    /// <summary>How many of the walk's own patients an earlier walk had stored.</summary>
    public int Found => Patients.Count(p => p.IsFound);

    /// <summary>Strings that must not be in stored files.</summary>
    public HashSet<string> Secrets { get; } = new(StringComparer.Ordinal);

    /// <summary>The day of the newest observation that was loaded.</summary>
    public DateOnly NewestObservation { get; set; }

    public List<DemoUser> Users { get; } = [];

    /// <summary>The consent that the walk grants and withdraws.</summary>
    public string? WalkConsent { get; set; }

    /// <summary>Its handle in the consent-state map.</summary>
    public Proofs.Hash WalkHandle { get; set; }

    /// <summary>The patient whom the walk is about: the first that was loaded.</summary>
    public DemoPatientRecord Subject => Patients[0];

    /// <summary>A token in hand; asked for once.</summary>
    public async Task<string> Token(string clientId)
    {
        if (!_tokens.TryGetValue(clientId, out var token))
        {
            _tokens[clientId] = token = await http.Token(clientId, CancellationToken.None);
        }

        return token;
    }

    /// <summary>A new token in place of the one in hand, for work that takes longer than a token counts.</summary>
    public async Task<string> FreshToken(string clientId) => _tokens[clientId] = await http.Token(clientId, CancellationToken.None);

    /// <summary>The purpose that a client with several states; null for the others.</summary>
    public static string? PurposeOf(string clientId) => clientId == DemoClients.Clinic ? "TREAT" : null;

    /// <summary>A FHIR answer as a client of the demo gets it.</summary>
    public async Task<DemoAnswer> Get(string path, string clientId) => await http.Get("/fhir/" + path, await Token(clientId), CancellationToken.None, PurposeOf(clientId));

    public async Task<DemoAnswer> Send(HttpMethod method, string path, string clientId, ReadOnlyMemory<byte> body) =>
        await http.Send(method, "/fhir" + path, await Token(clientId), body, CancellationToken.None);

    public void WriteCredentials() => new DemoCredentials(
        gateway.Url,
        gateway.Url + "/fhir",
        gateway.Url,
        gateway.Storage.Ledger.VerifierKey,
        clients.Credentials(),
        Users,
        [.. Patients.Select(p => new DemoPatient(p.Id, p.Consents))]).Write(line.DemoCredentials);
}

/// <summary>A patient of the demo: the ids that the server gave, the consents on file, and whether an earlier walk had stored both.</summary>
internal sealed record DemoPatientRecord(string Id, List<string> Consents, bool IsFound = false);

/// <summary>Consents as the demo writes them.</summary>
internal static class DemoConsents
{
    /// <summary>A Consent that permits an organization to see everything of a patient for a purpose.</summary>
    public static byte[] Permit(string patient, string organization, string purpose, string status = "active", string? id = null, string until = "2036-12-31")
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "Consent");
            if (id is not null)
            {
                json.WriteString("id", id);
            }

            json.WriteString("status", status);
            Concept(json, "scope", "http://terminology.hl7.org/CodeSystem/consentscope", purpose == "HRESCH" ? "research" : "patient-privacy");
            json.WriteStartArray("category");
            Concept(json, null, "http://loinc.org", "59284-0");
            json.WriteEndArray();
            Reference(json, "patient", "Patient/" + patient);
            json.WriteString("dateTime", "2026-01-01");
            json.WriteStartArray("performer");
            Reference(json, null, "Patient/" + patient);
            json.WriteEndArray();
            json.WriteStartArray("policy");
            json.WriteStartObject();
            json.WriteString("uri", "urn:healthledger:demo:privacy-notice");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartObject("provision");
            json.WriteString("type", "permit");
            json.WriteStartObject("period");
            json.WriteString("start", "2026-01-01");
            json.WriteString("end", until);
            json.WriteEndObject();
            json.WriteStartArray("actor");
            json.WriteStartObject();
            Concept(json, "role", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
            Reference(json, "reference", "Organization/" + organization);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("purpose");
            json.WriteStartObject();
            json.WriteString("system", "http://terminology.hl7.org/CodeSystem/v3-ActReason");
            json.WriteString("code", purpose);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Concept(Utf8JsonWriter json, string? property, string system, string code)
    {
        if (property is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(property);
        }

        json.WriteStartArray("coding");
        json.WriteStartObject();
        json.WriteString("system", system);
        json.WriteString("code", code);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Reference(Utf8JsonWriter json, string? property, string reference)
    {
        if (property is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(property);
        }

        json.WriteString("reference", reference);
        json.WriteEndObject();
    }
}
