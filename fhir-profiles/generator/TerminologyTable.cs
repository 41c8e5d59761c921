using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Fhir.Generator;

/// <summary>
/// The table of code systems and value sets that HealthLedger.Fhir embeds: the official resources, one a line as JSON, in the order of type and canonical URL, with what
/// operations on them need and nothing else.
/// </summary>
internal static class TerminologyTable
{
    private static readonly string[] Members =
    [
        "resourceType", "id", "url", "version", "name", "title", "status", "experimental", "copyright",
        "caseSensitive", "valueSet", "hierarchyMeaning", "compositional", "content", "supplements", "filter", "property", "concept",
        "compose", "expansion",
    ];

    internal static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Build(OfficialDefinitions definitions)
    {
        var table = new ArrayBufferWriter<byte>(1 << 23);
        using var writer = new Utf8JsonWriter(table, Plain);
        foreach (var resource in definitions.CodeSystems.Concat(definitions.ValueSets))
        {
            writer.WriteStartObject();
            foreach (var name in Members)
            {
                if (resource.TryGetProperty(name, out var member))
                {
                    writer.WritePropertyName(name);
                    Copy(writer, member);
                }
            }

            writer.WriteEndObject();
            writer.Flush();
            table.Write("\n"u8);
            writer.Reset();
        }

        return table.WrittenSpan.ToArray();
    }

    /// <summary>A value without its extensions and comments, which no operation looks at.</summary>
    private static void Copy(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().Where(m => m.Name != "extension" && !m.Name.StartsWith('_')))
                {
                    writer.WritePropertyName(member.Name);
                    Copy(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Copy(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
