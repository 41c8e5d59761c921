using System.Text.Json;

namespace HealthLedger.Proofs.Facts;

/// <summary>The FHIR R4 data types that an AuditEvent is made of, written in their one order.</summary>
internal static class AuditEventParts
{
    private const string ObjectRole = "http://terminology.hl7.org/CodeSystem/object-role";
    private const string ActReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    public static void Agent(Utf8JsonWriter json, string system, string? code, string who, bool requestor, FactOpening? withPurpose)
    {
        json.WriteStartObject();
        if (code is not null)
        {
            Type(json, system, code, concept: true);
        }

        Who(json, "who", who);
        json.WriteBoolean("requestor", requestor);
        if (withPurpose is not null)
        {
            Purpose(json, "purposeOfUse", withPurpose);
        }

        json.WriteEndObject();
    }

    public static void Purpose(Utf8JsonWriter json, string name, FactOpening fact)
    {
        if (fact.ValueOf(FactField.Purpose) is { Length: > 0 } purpose)
        {
            json.WriteStartArray(name);
            json.WriteStartObject();
            json.WriteStartArray("coding");
            Coding(json, ActReason, purpose);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }
    }

    public static void What(Utf8JsonWriter json, string reference) => Who(json, "what", reference);

    /// <summary>A literal reference where the text is one (Type/id), else an identifier.</summary>
    public static void Who(Utf8JsonWriter json, string name, string who)
    {
        json.WriteStartObject(name);
        var parts = who.Split('/');
        if (parts.Length is 2 or 4 && parts[0].Length > 0 && char.IsAsciiLetterUpper(parts[0][0]) && parts[0].All(char.IsAsciiLetter)
            && parts[1].Length > 0 && (parts.Length == 2 || (parts[2] == "_history" && parts[3].Length > 0)))
        {
            json.WriteString("reference", who);
        }
        else
        {
            Identifier(json, who);
        }

        json.WriteEndObject();
    }

    public static void Identifier(Utf8JsonWriter json, string value)
    {
        json.WriteStartObject("identifier");
        json.WriteString("value", value);
        json.WriteEndObject();
    }

    public static void Details(Utf8JsonWriter json, params ReadOnlySpan<(string Type, string? Value)> details)
    {
        var open = false;
        foreach (var (type, value) in details)
        {
            if (string.IsNullOrEmpty(value))
            {
                continue;
            }

            if (!open)
            {
                json.WriteStartArray("detail");
                open = true;
            }

            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("valueString", value);
            json.WriteEndObject();
        }

        if (open)
        {
            json.WriteEndArray();
        }
    }

    public static void Type(Utf8JsonWriter json, string system, string code, bool concept = false)
    {
        json.WritePropertyName("type");
        if (!concept)
        {
            Coding(json, system, code);
            return;
        }

        json.WriteStartObject();
        json.WriteStartArray("coding");
        Coding(json, system, code);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Role(Utf8JsonWriter json, string code)
    {
        json.WritePropertyName("role");
        Coding(json, ObjectRole, code);
    }

    public static void Coding(Utf8JsonWriter json, string system, string code)
    {
        json.WriteStartObject();
        json.WriteString("system", system);
        json.WriteString("code", code);
        json.WriteEndObject();
    }

    public static void Masked(Utf8JsonWriter json)
    {
        json.WriteStartArray("extension");
        json.WriteStartObject();
        json.WriteString("url", "http://hl7.org/fhir/StructureDefinition/data-absent-reason");
        json.WriteString("valueCode", "masked");
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
