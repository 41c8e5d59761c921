using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>Bindings of CodeableConcept and Coding: one of the codings is in the value set (R4 terminologies.html#code).</summary>
internal static class BoundCoding
{
    private const int MostCodesToName = 16;

    /// <summary>" (allowed: a, b)" where that is a short list, else nothing.</summary>
    public static string Allowed(CodeList codes) =>
        codes.Codes.Count <= MostCodesToName ? $" (allowed: {string.Join(", ", codes.Codes.Order(StringComparer.Ordinal))})" : "";

    /// <param name="codes">The value set.</param>
    /// <param name="type">CodeableConcept or Coding; any other type passes.</param>
    /// <param name="reader">A copy of the reader, at the start of the object.</param>
    /// <param name="hasCode">Whether there is a coding with a code at all.</param>
    public static bool IsIn(CodeList codes, TypeDefinition type, Utf8JsonReader reader, out bool hasCode)
    {
        hasCode = false;
        if (type.Name == "Coding")
        {
            return Coding(codes, ref reader, ref hasCode);
        }

        if (type.Name != "CodeableConcept")
        {
            return true;
        }

        var found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isCoding = reader.ValueSpan.SequenceEqual("coding"u8);
            reader.Read();
            if (!isCoding || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    found |= Coding(codes, ref reader, ref hasCode);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        return found;
    }

    private static bool Coding(CodeList codes, ref Utf8JsonReader reader, ref bool hasCode)
    {
        string? system = null;
        string? code = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isSystem = reader.ValueSpan.SequenceEqual("system"u8);
            var isCode = reader.ValueSpan.SequenceEqual("code"u8);
            reader.Read();
            if ((isSystem || isCode) && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
            {
                system = isSystem ? reader.GetString() : system;
                code = isCode ? reader.GetString() : code;
            }
            else
            {
                reader.Skip();
            }
        }

        hasCode |= code is not null;
        return system is not null && code is not null && codes.Contains(system, code);
    }
}
