using System.Globalization;
using System.Text;
using System.Text.Json;
using static HealthLedger.Proofs.Facts.AuditEventParts;

namespace HealthLedger.Proofs.Facts;

/// <summary>AuditEvent.entity: the entry, the patient, what was asked for or done, the consents, the request (IHE BALP 1.1, the patterns' entities).</summary>
internal static class AuditEventEntities
{
    private const string EntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    private const string ResourceTypes = "http://hl7.org/fhir/resource-types";

    public static void Write(Utf8JsonWriter json, ulong index, string origin, FactOpening fact, AuditPattern pattern, AuditPseudonyms pseudonyms)
    {
        // Of a search's request the evidence is the query; it has an entity of its own.
        var query = fact.ValueOf(FactField.Event) == "request" && fact.ValueOf(FactField.Evidence) is { } asked && StrictBase64.Decode(asked) is not null ? asked : null;
        json.WriteStartArray("entity");
        json.WriteStartObject();
        What(json, string.Create(CultureInfo.InvariantCulture, $"{origin}#{index}"));
        Type(json, EntityType, "4");
        Details(
            json, ("decision", fact.ValueOf(FactField.Decision)), ("obligations", fact.ValueOf(FactField.Obligations)),
            ("evidence", query is null ? fact.ValueOf(FactField.Evidence) : null), ("binding", fact.ValueOf(FactField.Binding)));
        json.WriteEndObject();
        Patient(json, fact, pseudonyms);
        if (pattern.Profile == "Query")
        {
            Query(json, query);
        }

        Records(json, fact, pattern);
        foreach (var consent in (fact.ValueOf(FactField.Consent) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = consent.Split('#', 2);
            json.WriteStartObject();
            What(json, parts[0]);
            Type(json, ResourceTypes, "Consent");
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

    private static void Patient(Utf8JsonWriter json, FactOpening fact, AuditPseudonyms pseudonyms)
    {
        var patient = fact.ValueOf(FactField.Patient);
        if (patient is not { Length: > 0 } && pseudonyms.Patient is null)
        {
            return;
        }

        json.WriteStartObject();
        if (patient is { Length: > 0 })
        {
            What(json, patient);
        }
        else
        {
            json.WriteStartObject("what");
            Identifier(json, pseudonyms.Patient!, AuditPseudonyms.System);
            json.WriteEndObject();
        }

        Type(json, EntityType, "1");
        Role(json, "1");
        json.WriteEndObject();
    }

    /// <summary>The query as it came, in base64. A patient's event of a search does not hold it, since it may name others: it is in the request's event.</summary>
    private static void Query(Utf8JsonWriter json, string? query)
    {
        json.WriteStartObject();
        Type(json, EntityType, "2");
        Role(json, "24");
        if (query is not null)
        {
            json.WriteString("query", query);
        }
        else
        {
            Masked(json, "_query");
        }

        json.WriteEndObject();
    }

    /// <summary>The records concerned. BALP's patterns have one system object each; what is beside it goes by its resource type.</summary>
    private static void Records(Utf8JsonWriter json, FactOpening fact, AuditPattern pattern)
    {
        var needsData = pattern.Profile is not (null or "Query");
        var targets = Targets(fact.ValueOf(FactField.Targets));
        if (needsData && targets.Count == 0)
        {
            json.WriteStartObject();
            Masked(json, "what");
            Type(json, EntityType, "2");
            Role(json, "4");
            json.WriteEndObject();
        }

        for (var i = 0; i < targets.Count; i++)
        {
            var (reference, hash) = targets[i];
            json.WriteStartObject();
            What(json, reference);
            if (pattern.Profile is null || (needsData && i == 0))
            {
                Type(json, EntityType, "2");
            }
            else if (TypeOf(reference) is { } type)
            {
                Type(json, ResourceTypes, type);
            }
            else
            {
                Type(json, EntityType, "4");
            }

            Role(json, "4");
            Details(json, ("sha256", hash));
            json.WriteEndObject();
        }
    }

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
