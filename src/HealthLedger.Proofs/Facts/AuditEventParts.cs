using System.Text.Json;

namespace HealthLedger.Proofs.Facts;

/// <summary>The FHIR R4 data types that an AuditEvent is made of, written in their one order.</summary>
internal static class AuditEventParts
{
    private const string ObjectRole = "http://terminology.hl7.org/CodeSystem/object-role";
    private const string ActReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    /// <summary>An agent. Where <paramref name="isMachine"/>, BALP asks for its network address, which facts do not hold, and this is said.</summary>
    public static void Agent(Utf8JsonWriter json, AuditCode? type, string who, bool requestor, bool isMachine = false, FactOpening? withPurpose = null, bool isPseudonym = false)
    {
        json.WriteStartObject();
        if (type is { } code)
        {
            Type(json, code.System, code.Code, concept: true);
        }

        if (isPseudonym)
        {
            json.WriteStartObject("who");
            Identifier(json, who, AuditPseudonyms.System);
            json.WriteEndObject();
        }
        else
        {
            Who(json, "who", who);
        }

        json.WriteBoolean("requestor", requestor);
        if (isMachine)
        {
            json.WriteStartObject("network");
            Absent(json, "unsupported");
            json.WriteEndObject();
        }

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
        if (TypeOf(who) is not null)
        {
            json.WriteString("reference", who);
        }
        else
        {
            Identifier(json, who);
        }

        json.WriteEndObject();
    }

    /// <summary>The resource type that a literal reference begins with; null where the text is none.</summary>
    public static string? TypeOf(string text)
    {
        var parts = text.Split('/');
        return parts.Length is 2 or 4 && parts[0].Length > 0 && char.IsAsciiLetterUpper(parts[0][0]) && parts[0].All(char.IsAsciiLetter)
            && parts[1].Length > 0 && (parts.Length == 2 || (parts[2] == "_history" && parts[3].Length > 0))
            ? parts[0]
            : null;
    }

    public static void Identifier(Utf8JsonWriter json, string value, string? system = null)
    {
        json.WriteStartObject("identifier");
        if (system is not null)
        {
            json.WriteString("system", system);
        }

        json.WriteString("value", value);
        json.WriteEndObject();
    }

    public static void Details(Utf8JsonWriter json, params IEnumerable<(string Type, string? Value)> details)
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

    /// <summary>Marks the element that is open as one that is closed to the reader.</summary>
    public static void Masked(Utf8JsonWriter json) => Absent(json, "masked");

    /// <summary>A property of which only that it is closed to the reader is said.</summary>
    public static void Masked(Utf8JsonWriter json, string name) => Absent(json, name, "masked");

    /// <summary>A property of which only is said why there is none.</summary>
    public static void Absent(Utf8JsonWriter json, string name, string why)
    {
        json.WriteStartObject(name);
        Absent(json, why);
        json.WriteEndObject();
    }

    private static void Absent(Utf8JsonWriter json, string why)
    {
        json.WriteStartArray("extension");
        json.WriteStartObject();
        json.WriteString("url", "http://hl7.org/fhir/StructureDefinition/data-absent-reason");
        json.WriteString("valueCode", why);
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
