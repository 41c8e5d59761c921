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
        json.WriteStartArray("entity");
        if (pattern.Shape == AuditShape.Decision)
        {
            // The pattern is closed: what else there is to say stands in the details of the patient.
            Patient(json, fact, pseudonyms,
            [
                .. Decided(fact), ("interaction", fact.ValueOf(FactField.Interaction)), ("evidence", fact.ValueOf(FactField.Evidence)), ("request", fact.ValueOf(FactField.Request)),
                .. Targets(fact.ValueOf(FactField.Targets)).Select(target => ("target", (string?)target.Reference)),
            ]);
            Consents(json, fact, isNeeded: true);
        }
        else
        {
            var query = QueryOf(fact);
            json.WriteStartObject();
            What(json, string.Create(CultureInfo.InvariantCulture, $"{origin}#{index}"));
            Type(json, EntityType, "4");
            Details(json, [.. Decided(fact), ("interaction", pattern.Subtypes.Count == 0 ? fact.ValueOf(FactField.Interaction) : null), ("evidence", query.IsWhole ? null : fact.ValueOf(FactField.Evidence))]);
            json.WriteEndObject();
            Patient(json, fact, pseudonyms, []);
            if (pattern.Shape == AuditShape.Query)
            {
                Query(json, query.Query);
            }

            Records(json, fact, pattern);
            Consents(json, fact, isNeeded: false);
            Request(json, fact);
        }

        json.WriteEndArray();
    }

    private static IEnumerable<(string Type, string? Value)> Decided(FactOpening fact) =>
        [("decision", fact.ValueOf(FactField.Decision)), ("obligations", fact.ValueOf(FactField.Obligations)), ("binding", fact.ValueOf(FactField.Binding))];

    private static void Patient(Utf8JsonWriter json, FactOpening fact, AuditPseudonyms pseudonyms, IEnumerable<(string Type, string? Value)> details)
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
        Details(json, details);
        json.WriteEndObject();
    }

    /// <summary>The consents that decided. Where one is needed, that there is none is said, and so is that the reader may not see whether there is.</summary>
    private static void Consents(Utf8JsonWriter json, FactOpening fact, bool isNeeded)
    {
        var consents = (fact.ValueOf(FactField.Consent) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (isNeeded && consents.Length == 0)
        {
            json.WriteStartObject();
            Absent(json, "what", fact[FactField.Consent].Opened ? "not-applicable" : "masked");
            Type(json, ResourceTypes, "Consent");
            Role(json, "4");
            json.WriteEndObject();
        }

        foreach (var consent in consents)
        {
            var parts = consent.Split('#', 2);
            json.WriteStartObject();
            What(json, parts[0]);
            Type(json, ResourceTypes, "Consent");
            Role(json, "4");
            Details(json, [("rule", parts.ElementAtOrDefault(1))]);
            json.WriteEndObject();
        }
    }

    private static void Request(Utf8JsonWriter json, FactOpening fact)
    {
        if (fact.ValueOf(FactField.Request) is { Length: > 0 } request)
        {
            json.WriteStartObject();
            json.WriteStartObject("what");
            Identifier(json, request);
            json.WriteEndObject();
            Type(json, "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId");
            json.WriteEndObject();
        }
    }

    /// <summary>
    /// The query as it came, in base64, and whether it is all of the evidence. Of a search's request the evidence is the query; of a question about events it holds one. A patient's
    /// event of a search does not hold it, since it may name others: it is in the request's event.
    /// </summary>
    private static (string? Query, bool IsWhole) QueryOf(FactOpening fact) => (fact.ValueOf(FactField.Event), fact.ValueOf(FactField.Evidence)) switch
    {
        ("request", { } asked) when StrictBase64.Decode(asked) is not null => (asked, true),
        ("review", { } question) when Searched(question) is { } search => (Convert.ToBase64String(Encoding.UTF8.GetBytes(search)), false),
        _ => (null, false),
    };

    private static string? Searched(string question)
    {
        if (!StrictJson.Parse(Encoding.UTF8.GetBytes(question), Fact.MaxBytes).TryGet(out var document, out _))
        {
            return null;
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object ? StrictJson.String(document.RootElement, "search") : null;
        }
    }

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
        var needsData = pattern.Shape == AuditShape.Data;
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
            if (pattern.Shape == AuditShape.Plain || (needsData && i == 0))
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
            Details(json, [("sha256", hash)]);
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
