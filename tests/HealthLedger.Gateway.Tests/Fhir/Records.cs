using System.Text.Json.Nodes;

namespace HealthLedger.Gateway.Tests.Fhir;

/// <summary>Small FHIR records for tests.</summary>
internal static class Records
{
    public const string Confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    private const string ActReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    public static JsonObject Patient(string? id, string family, string gender = "female", string birthDate = "1970-05-04") => WithId(id, new JsonObject
    {
        ["resourceType"] = "Patient",
        ["identifier"] = new JsonArray(new JsonObject { ["system"] = "urn:mrn", ["value"] = "mrn-" + family }),
        ["name"] = new JsonArray(new JsonObject { ["family"] = family, ["given"] = new JsonArray("Quillon") }),
        ["gender"] = gender,
        ["birthDate"] = birthDate,
    });

    public static JsonObject Observation(string? id, string patient, string code = "8867-4", decimal value = 72, string? label = null, string date = "2026-03-04") =>
        Labelled(label, WithId(id, new JsonObject
        {
            ["resourceType"] = "Observation",
            ["status"] = "final",
            ["code"] = Concept("http://loinc.org", code),
            ["subject"] = Reference("Patient/" + patient),
            ["effectiveDateTime"] = date,
            ["valueQuantity"] = new JsonObject { ["value"] = value, ["unit"] = "/min", ["system"] = "http://unitsofmeasure.org", ["code"] = "/min" },
        }));

    public static JsonObject Condition(string? id, string patient, string code = "38341003", string? label = null) => Labelled(label, WithId(id, new JsonObject
    {
        ["resourceType"] = "Condition",
        ["clinicalStatus"] = Concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        ["code"] = Concept("http://snomed.info/sct", code),
        ["subject"] = Reference("Patient/" + patient),
        ["onsetDateTime"] = "2020-01-02",
    }));

    /// <summary>A record about two patients at once.</summary>
    public static JsonObject Shared(string? id, string one, string other) => WithId(id, new JsonObject
    {
        ["resourceType"] = "Appointment",
        ["status"] = "booked",
        ["start"] = "2026-12-01T09:00:00Z",
        ["end"] = "2026-12-01T09:30:00Z",
        ["participant"] = new JsonArray(
            new JsonObject { ["actor"] = Reference("Patient/" + one), ["status"] = "accepted" },
            new JsonObject { ["actor"] = Reference("Patient/" + other), ["status"] = "accepted" }),
    });

    public static JsonObject Encounter(string? id, string patient) => WithId(id, new JsonObject
    {
        ["resourceType"] = "Encounter",
        ["status"] = "finished",
        ["class"] = Coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
        ["subject"] = Reference("Patient/" + patient),
    });

    public static JsonObject List(string? id, string patient, params string[] items) => WithId(id, new JsonObject
    {
        ["resourceType"] = "List",
        ["status"] = "current",
        ["mode"] = "working",
        ["title"] = "Watched",
        ["subject"] = Reference("Patient/" + patient),
        ["entry"] = new JsonArray([.. items.Select(item => new JsonObject { ["item"] = Reference(item) })]),
    });

    public static JsonObject Provenance(string? id, params string[] targets) => WithId(id, new JsonObject
    {
        ["resourceType"] = "Provenance",
        ["target"] = new JsonArray([.. targets.Select(Reference)]),
        ["recorded"] = "2026-03-01T00:00:00Z",
        ["agent"] = new JsonArray(new JsonObject { ["who"] = Reference("Practitioner/doctor") }),
    });

    /// <summary>A group of persons.</summary>
    public static JsonObject Group(string? id, params string[] patients) => WithId(id, new JsonObject
    {
        ["resourceType"] = "Group",
        ["type"] = "person",
        ["actual"] = true,
        ["member"] = new JsonArray([.. patients.Select(p => new JsonObject { ["entity"] = Reference("Patient/" + p) })]),
    });

    public static JsonObject Practitioner(string? id, string family) => WithId(id, new JsonObject
    {
        ["resourceType"] = "Practitioner",
        ["identifier"] = new JsonArray(new JsonObject { ["system"] = "urn:npi", ["value"] = "npi-" + family }),
        ["name"] = new JsonArray(new JsonObject { ["family"] = family }),
    });

    public static JsonObject Consent(string? id, string patient, JsonObject provision, string status = "active") => WithId(id, new JsonObject
    {
        ["resourceType"] = "Consent",
        ["status"] = status,
        ["scope"] = Concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        ["category"] = new JsonArray(Concept("http://loinc.org", "59284-0")),
        ["patient"] = Reference("Patient/" + patient),
        ["dateTime"] = "2026-01-01",
        ["policy"] = new JsonArray(new JsonObject { ["uri"] = "urn:test:privacy-notice" }),
        ["provision"] = provision,
    });

    public static JsonObject Permit(string? organization = "riverside", string? purpose = "TREAT", string? end = null) => Provision("permit", organization, purpose, end);

    public static JsonObject Provision(string type, string? organization = null, string? purpose = null, string? end = null)
    {
        var provision = new JsonObject { ["type"] = type };
        if (end is not null)
        {
            provision["period"] = new JsonObject { ["start"] = "2026-01-01", ["end"] = end };
        }

        if (organization is not null)
        {
            provision["actor"] = new JsonArray(new JsonObject
            {
                ["role"] = Concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                ["reference"] = Reference("Organization/" + organization),
            });
        }

        if (purpose is not null)
        {
            provision["purpose"] = new JsonArray(Coding(ActReason, purpose));
        }

        return provision;
    }

    public static JsonObject WithClass(this JsonObject provision, string resourceType) =>
        provision.With("class", new JsonArray(Coding("http://hl7.org/fhir/resource-types", resourceType)));

    public static JsonObject WithLabel(this JsonObject provision, string label) => provision.With("securityLabel", new JsonArray(Coding(Confidentiality, label)));

    public static JsonObject Except(this JsonObject provision, params JsonNode[] exceptions) => provision.With("provision", new JsonArray(exceptions));

    public static JsonObject With(this JsonObject json, string name, JsonNode? value)
    {
        json[name] = value;
        return json;
    }

    public static JsonObject Bundle(string type, params JsonObject[] entries) => new()
    {
        ["resourceType"] = "Bundle",
        ["type"] = type,
        ["entry"] = new JsonArray([.. entries]),
    };

    public static JsonObject Entry(string method, string url, JsonNode? resource = null, string? fullUrl = null, string? ifMatch = null)
    {
        var entry = new JsonObject();
        if (fullUrl is not null)
        {
            entry["fullUrl"] = fullUrl;
        }

        if (resource is not null)
        {
            entry["resource"] = resource;
        }

        var request = new JsonObject { ["method"] = method, ["url"] = url };
        if (ifMatch is not null)
        {
            request["ifMatch"] = ifMatch;
        }

        entry["request"] = request;
        return entry;
    }

    public static JsonObject Reference(string reference) => new() { ["reference"] = reference };

    public static JsonObject Concept(string system, string code) => new() { ["coding"] = new JsonArray(Coding(system, code)) };

    public static JsonObject Coding(string system, string code) => new() { ["system"] = system, ["code"] = code };

    private static JsonObject Labelled(string? label, JsonObject record) =>
        label is null ? record : record.With("meta", new JsonObject { ["security"] = new JsonArray(Coding(Confidentiality, label)) });

    private static JsonObject WithId(string? id, JsonObject record) => id is null ? record : record.With("id", id);
}
