using System.Buffers;
using System.Globalization;
using System.Text.Json;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>
/// The TerminologyCapabilities of <c>GET /fhir/metadata?mode=terminology</c> (http://hl7.org/fhir/R4/terminologycapabilities.html): the code systems whose concepts are here, and what an
/// expansion takes.
/// </summary>
internal static class TerminologyStatement
{
    public static byte[] Write(CodeSystems codeSystems, string fhirBase, DateTimeOffset since)
    {
        var output = new ArrayBufferWriter<byte>(1 << 17);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "TerminologyCapabilities");
            json.WriteString("status", "active");
            json.WriteString("date", since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            json.WriteString("kind", "instance");
            json.WriteStartObject("implementation");
            json.WriteString("description", "Code systems and value sets of the R4 definitions and of loaded packages.");
            json.WriteString("url", fhirBase);
            json.WriteEndObject();
            json.WriteStartArray("codeSystem");
            foreach (var system in codeSystems.All.Where(s => s.HasConcepts).OrderBy(s => s.Url, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("uri", system.Url);
                if (system.Version is { } version)
                {
                    json.WriteStartArray("version");
                    json.WriteStartObject();
                    json.WriteString("code", version);
                    json.WriteEndObject();
                    json.WriteEndArray();
                }

                json.WriteBoolean("subsumption", system.IsSubsumption);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("expansion");
            json.WriteBoolean("hierarchical", false);
            json.WriteBoolean("paging", true);
            json.WriteBoolean("incomplete", false);
            json.WriteStartArray("parameter");
            foreach (var name in ExpandOperation.Parameters)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("textFilter", "Each word of the filter must begin the code or a word of its display; case and accents do not count.");
            json.WriteEndObject();
            json.WriteString("codeSearch", "all");
            json.WriteStartObject("validateCode");
            json.WriteBoolean("translations", false);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
