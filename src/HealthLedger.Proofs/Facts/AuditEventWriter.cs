using System.Globalization;
using System.Text;
using System.Text.Json;
using static HealthLedger.Proofs.Facts.AuditEventParts;

namespace HealthLedger.Proofs.Facts;

/// <summary>Shows a fact as a FHIR R4 AuditEvent in the shape of IHE BALP (IHE ITI Basic Audit Log Patterns 1.1, "Basic AuditEvent").</summary>
/// <remarks>
/// A pure function: the same entry and opening give the same bytes, so that what is shown is what was proven. Fields that are not opened are
/// left out or marked <c>masked</c>, and the resource is tagged SUBSETTED. No profile is claimed: facts hold no network addresses, which BALP asks for.
/// </remarks>
public static class AuditEventWriter
{
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string AuditType = "http://terminology.hl7.org/CodeSystem/audit-event-type";
    private const string EntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";

    /// <summary>The AuditEvent as UTF-8 JSON.</summary>
    /// <param name="index">The entry's index.</param>
    /// <param name="origin">The log.</param>
    /// <param name="fact">The opened fields; verify them against the entry first.</param>
    public static byte[] Write(ulong index, string origin, FactOpening fact)
    {
        ArgumentException.ThrowIfNullOrEmpty(origin);
        ArgumentNullException.ThrowIfNull(fact);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "AuditEvent");
            if (!fact.IsFull)
            {
                json.WriteStartObject("meta");
                json.WriteStartArray("tag");
                Coding(json, "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED");
                json.WriteEndArray();
                json.WriteEndObject();
            }

            WriteEvent(json, fact);
            WriteAgents(json, origin, fact);
            json.WriteStartObject("source");
            json.WriteString("site", origin);
            Who(json, "observer", origin);
            json.WriteStartArray("type");
            Coding(json, "http://terminology.hl7.org/CodeSystem/security-source-type", "4");
            json.WriteEndArray();
            json.WriteEndObject();
            WriteEntities(json, index, origin, fact);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteEvent(Utf8JsonWriter json, FactOpening fact)
    {
        var interaction = fact.ValueOf(FactField.Interaction);
        json.WritePropertyName("type");
        switch (fact.ValueOf(FactField.Event))
        {
            case "signin":
                Coding(json, Dicom, "110114");
                break;
            case "risk" or "release":
                Coding(json, Dicom, "110100");
                break;
            case null when interaction is null:
                json.WriteStartObject();
                Masked(json);
                json.WriteEndObject();
                break;
            default:
                Coding(json, AuditType, "rest");
                break;
        }

        if (interaction is { Length: > 0 })
        {
            json.WriteStartArray("subtype");
            Coding(json, "http://hl7.org/fhir/restful-interaction", interaction);
            json.WriteEndArray();
            json.WriteString("action", Action(interaction));
        }

        if (fact.ValueOf(FactField.Time) is { Length: > 0 } time)
        {
            json.WriteString("recorded", time);
        }
        else
        {
            json.WriteStartObject("_recorded");
            Masked(json);
            json.WriteEndObject();
        }

        if (fact.ValueOf(FactField.Decision) is { } decision)
        {
            // DICOM's "minor failure": the action was refused and nothing is broken.
            json.WriteString("outcome", decision == "permit" ? "0" : "4");
        }

        if (fact.ValueOf(FactField.Reason) is { Length: > 0 } reason)
        {
            json.WriteString("outcomeDesc", reason);
        }

        Purpose(json, "purposeOfEvent", fact);
    }

    private static void WriteAgents(Utf8JsonWriter json, string origin, FactOpening fact)
    {
        // Data flows from source to destination: out of the server for reads, into it for everything else, queries included (BALP, "Query").
        // Which it was is not told where the interaction is not opened: a guess would be a statement.
        var (server, caller) = fact.ValueOf(FactField.Interaction) switch
        {
            null => (null, null),
            var interaction when Action(interaction) == "R" => ("110153", "110152"),
            _ => ("110152", "110153"),
        };
        var user = fact.ValueOf(FactField.User);
        json.WriteStartArray("agent");
        Agent(json, Dicom, server, origin, false, null);
        if (fact.ValueOf(FactField.Client) is { Length: > 0 } client)
        {
            Agent(json, Dicom, caller, client, user is null && fact[FactField.User].Opened, null);
        }

        if (user is { Length: > 0 })
        {
            Agent(json, "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", user, true, fact);
        }

        if (fact.ValueOf(FactField.Organization) is { Length: > 0 } organization)
        {
            Agent(json, "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", organization, false, null);
        }

        json.WriteEndArray();
    }

    private static void WriteEntities(Utf8JsonWriter json, ulong index, string origin, FactOpening fact)
    {
        json.WriteStartArray("entity");
        json.WriteStartObject();
        What(json, string.Create(CultureInfo.InvariantCulture, $"{origin}#{index}"));
        Type(json, EntityType, "4");
        Details(
            json, ("decision", fact.ValueOf(FactField.Decision)), ("obligations", fact.ValueOf(FactField.Obligations)),
            ("evidence", fact.ValueOf(FactField.Evidence)), ("binding", fact.ValueOf(FactField.Binding)));
        json.WriteEndObject();
        if (fact.ValueOf(FactField.Patient) is { Length: > 0 } patient)
        {
            json.WriteStartObject();
            What(json, patient);
            Type(json, EntityType, "1");
            Role(json, "1");
            json.WriteEndObject();
        }

        foreach (var (reference, hash) in Targets(fact.ValueOf(FactField.Targets)))
        {
            json.WriteStartObject();
            What(json, reference);
            Type(json, EntityType, "2");
            Role(json, "4");
            Details(json, ("sha256", hash));
            json.WriteEndObject();
        }

        foreach (var consent in (fact.ValueOf(FactField.Consent) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = consent.Split('#', 2);
            json.WriteStartObject();
            What(json, parts[0]);
            Type(json, EntityType, "2");
            Role(json, "4");
            Details(json, ("rule", parts.ElementAtOrDefault(1)));
            json.WriteEndObject();
        }

        if (fact.ValueOf(FactField.Request) is { Length: > 0 } request)
        {
            json.WriteStartObject();
            json.WriteStartObject("what");
            Identifier(json, request);
            json.WriteEndObject();
            Type(json, "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Action(string interaction) => interaction switch
    {
        "read" or "vread" or "history" or "history-instance" or "history-type" or "history-system" => "R",
        "create" => "C",
        "update" or "patch" => "U",
        "delete" => "D",
        _ => "E",
    };

    /// <summary>The targets field is a JSON array of <c>{"ref","sha256"?}</c>; a text of another shape is shown as one target.</summary>
    private static List<(string Reference, string? Hash)> Targets(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        if (StrictJson.Parse(Encoding.UTF8.GetBytes(text), Fact.MaxBytes).TryGet(out var document, out _))
        {
            using (document)
            {
                if (document.RootElement is { ValueKind: JsonValueKind.Array } list
                    && list.EnumerateArray().All(target => StrictJson.Has(target, ["ref"], ["sha256"]) && StrictJson.String(target, "ref") is not null))
                {
                    return [.. list.EnumerateArray().Select(target => (StrictJson.String(target, "ref")!, StrictJson.String(target, "sha256")))];
                }
            }
        }

        return [(text, null)];
    }
}
