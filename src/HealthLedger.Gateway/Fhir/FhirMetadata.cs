using System.Buffers;
using System.Globalization;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Search;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Gateway.Fhir.Operations;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// The CapabilityStatement of <c>GET /fhir/metadata</c> (http://hl7.org/fhir/R4/http.html#capabilities), made once from the definitions table and from the
/// same lists that the API itself consults, so that it tells what is true.
/// </summary>
internal static class FhirMetadata
{
    /// <summary>Writes it.</summary>
    /// <param name="fhirBase">The server's address.</param>
    /// <param name="since">Since when it is true.</param>
    /// <param name="version">The software's.</param>
    /// <param name="operations">The operations.</param>
    /// <param name="profiles">The known profiles.</param>
    /// <param name="hasCors">Whether web pages of other origins may ask.</param>
    /// <param name="isNormative">Without the elements that R4 marks as for trial use (http://hl7.org/fhir/R4/capabilitystatement-definitions.html).</param>
    public static byte[] Write(string fhirBase, DateTimeOffset since, string version, FhirOperations operations, ProfileValidator profiles, bool hasCors, bool isNormative)
    {
        var supported = profiles.ProfilesByType();
        var buffer = new ArrayBufferWriter<byte>(1 << 18);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resourceType", "CapabilityStatement");
            json.WriteString("status", "active");
            json.WriteString("date", since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            json.WriteString("kind", "instance");
            Names(json, "software", "HealthLedger", version);
            json.WriteStartObject("implementation");
            json.WriteString("description", "FHIR R4 on sealed records: every read is decided by consent and recorded on a verifiable ledger before it is answered.");
            json.WriteString("url", fhirBase);
            json.WriteEndObject();
            if (profiles.Guides().ToArray() is { Length: > 0 } guides)
            {
                Strings(json, "implementationGuide", guides);
            }

            json.WriteString("fhirVersion", "4.0.1");
            Strings(json, "format", "application/fhir+json", "application/fhir+xml", "json", "xml");
            Strings(json, "patchFormat", FhirPatches.Formats);
            json.WriteStartArray("rest");
            json.WriteStartObject();
            json.WriteString("mode", "server");
            json.WriteString("documentation", "Ids are the server's. A client with the right to migrate may make records under ids of its own by updates (updateCreate); for others an update of what is not there is 405.");
            if (!isNormative)
            {
                Security(json, hasCors);
            }

            json.WriteStartArray("resource");
            foreach (var type in FhirDefinitions.R4.RecordTypes)
            {
                Resource(json, type, isNormative ? [] : supported[type], operations.Of(type), isNormative);
            }

            json.WriteEndArray();
            Interactions(json, "transaction", "batch", "history-system", "search-system");
            SystemParameters(json);
            Operations(json, operations.Of(null));
            Strings(json, "compartment", [.. FhirDefinitions.R4.Compartments.Order(StringComparer.Ordinal).Select(c => "http://hl7.org/fhir/CompartmentDefinition/" + JsonNamingPolicy.CamelCase.ConvertName(c))]);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Security(Utf8JsonWriter json, bool hasCors)
    {
        json.WriteStartObject("security");
        json.WriteBoolean("cors", hasCors);
        json.WriteStartArray("service");
        json.WriteStartObject();
        json.WriteStartArray("coding");
        json.WriteStartObject();
        json.WriteString("system", "http://terminology.hl7.org/CodeSystem/restful-security-service");
        json.WriteString("code", "SMART-on-FHIR");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("description",
            "SMART backend services (private_key_jwt). A response to a request that has a ledger entry names it in X-Ledger-Receipt. A client with several purposes of use "
            + "chooses one by X-Purpose-Of-Use; emergency purposes need X-Break-Glass-Reason.");
        json.WriteEndObject();
    }

    private static void Resource(Utf8JsonWriter json, string type, IEnumerable<string> profiles, IEnumerable<IFhirOperation> operations, bool isNormative)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("profile", "http://hl7.org/fhir/StructureDefinition/" + type);
        if (profiles.Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } supported)
        {
            Strings(json, "supportedProfile", supported);
        }

        if (type == Audit.FhirAuditEvents.Type)
        {
            json.WriteString("documentation", Audit.FhirAuditEvents.Documentation);
        }

        Interactions(json, "read", "vread", "history-instance", "history-type", "search-type", "create", "update", "patch", "delete");
        if (!isNormative)
        {
            Behaviour(json, type);
        }

        json.WriteStartArray("searchParam");
        foreach (var parameter in SearchQuery.ServedParameters(type).OrderBy(p => p.Code, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", parameter.Code);
            json.WriteString("definition", parameter.Url);
            json.WriteString("type", parameter.Type.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Operations(json, operations);
        json.WriteEndObject();
    }

    private static void Behaviour(Utf8JsonWriter json, string type)
    {
        json.WriteString("versioning", "versioned-update");
        json.WriteBoolean("readHistory", true);
        json.WriteBoolean("updateCreate", true);
        json.WriteBoolean("conditionalCreate", true);
        json.WriteString("conditionalRead", "full-support");
        json.WriteBoolean("conditionalUpdate", true);
        json.WriteString("conditionalDelete", "single");
        Strings(json, "referencePolicy", "literal", "local");
        Strings(json, "searchInclude", ["*", .. ReferencesOf(type).Select(p => $"{type}:{p.Code}")]);
        Strings(json, "searchRevInclude", ["*", .. RevIncludes[type].Order(StringComparer.Ordinal)]);
    }

    private static IEnumerable<SearchParameterDefinition> ReferencesOf(string type) =>
        SearchQuery.ServedParameters(type).Where(p => p.Type == SearchParameterType.Reference).OrderBy(p => p.Code, StringComparer.Ordinal);

    /// <summary>By the type that is referred to, <c>Type:parameter</c> of what refers to it.</summary>
    private static readonly ILookup<string, string> RevIncludes = FhirDefinitions.R4.RecordTypes
        .SelectMany(type => ReferencesOf(type).SelectMany(p => p.Targets.Select(target => (Target: target, Name: $"{type}:{p.Code}"))))
        .ToLookup(r => r.Target, r => r.Name);

    /// <summary>What every search takes beside the parameters of its type, and is no parameter of the definitions (R4 search.html#all).</summary>
    private static void SystemParameters(Utf8JsonWriter json)
    {
        json.WriteStartArray("searchParam");
        foreach (var (name, type, documentation) in new[]
        {
            ("_type", "special", "For searches over several types."),
            ("_has", "special", "Nested, and after and before chains."),
            ("_list", "special", "Ids of List records."),
        })
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("type", type);
            json.WriteString("documentation", documentation);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Operations(Utf8JsonWriter json, IEnumerable<IFhirOperation> operations)
    {
        var open = false;
        foreach (var operation in operations)
        {
            if (!open)
            {
                json.WriteStartArray("operation");
                open = true;
            }

            json.WriteStartObject();
            json.WriteString("name", operation.Name);
            json.WriteString("definition", operation.Definition);
            json.WriteString("documentation", FhirOperations.Called(operation));
            json.WriteEndObject();
        }

        if (open)
        {
            json.WriteEndArray();
        }
    }

    private static void Interactions(Utf8JsonWriter json, params ReadOnlySpan<string> codes)
    {
        json.WriteStartArray("interaction");
        foreach (var code in codes)
        {
            json.WriteStartObject();
            json.WriteString("code", code);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Names(Utf8JsonWriter json, string property, string name, string version)
    {
        json.WriteStartObject(property);
        json.WriteString("name", name);
        json.WriteString("version", version);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string property, params ReadOnlySpan<string> values)
    {
        json.WriteStartArray(property);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
