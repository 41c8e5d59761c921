using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>ValueSet <c>$expand</c> (http://hl7.org/fhir/R4/valueset-operation-expand.html): the codes of a value set, flat, in the order of its definition.</summary>
internal sealed class ExpandOperation(TerminologySource source, TimeProvider time) : IFhirOperation
{
    /// <summary>What it takes; the last three ask for what an expansion here never has.</summary>
    public static readonly string[] Parameters =
    [
        "url", "valueSet", "valueSetVersion", "filter", "offset", "count", "activeOnly", "includeDesignations", "designation", "includeDefinition", "displayLanguage",
        "exclude-system", "system-version", "check-system-version", "force-system-version",
        "excludeNested", "excludeNotForUI", "excludePostCoordinated",
    ];

    /// <summary>Each code system is held in one version, so the three ask the same: that it is this one.</summary>
    private static readonly string[] VersionParameters = ["system-version", "check-system-version", "force-system-version"];

    public string Name => "expand";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/ValueSet-expand";

    public OperationLevels Levels => OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "ValueSet";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (input, fault) = await TerminologySource.Input(call, Parameters, "ValueSet", "valueSet");
        if (input is null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var request = new ExpansionRequest
        {
            Filter = input.Text("filter", ref fault),
            ActiveOnly = input.Flag("activeOnly", ref fault) ?? false,
            Offset = input.Number("offset", ref fault) ?? 0,
            Count = input.Number("count", ref fault),
            ExcludedSystems = [.. input.Texts("exclude-system")],
            SystemVersions = [.. VersionParameters.SelectMany(input.Texts)],
        };
        if (request.SystemVersions.FirstOrDefault(v => !v.Contains('|', StringComparison.Ordinal)) is not null)
        {
            fault ??= FhirFault.BadRequest("system-version, check-system-version and force-system-version take a URL with its version, such as http://a.example/codes|1.", IssueType.Value);
        }

        var wanted = input.Texts("designation").ToHashSet(StringComparer.Ordinal);
        var form = new Form(input.Flag("includeDesignations", ref fault) ?? wanted.Count > 0, wanted, input.Flag("includeDefinition", ref fault) ?? false, input.Text("displayLanguage", ref fault));
        if (fault is not null)
        {
            return AskedOperation.Wrong(fault);
        }

        return TerminologySource.ValueSetFault(call, input) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, input, request, form));
    }

    private async Task Tell(OperationCall call, OperationInput input, ExpansionRequest request, Form form)
    {
        (var set, var receipt, var fault) = await source.FindValueSet(call, input);
        if (set is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        switch (source.ValueSets.Expand(set, request))
        {
            case ExpansionResult.Expanded expanded:
                call.Http.Receipt(receipt);
                await call.Http.Json(StatusCodes.Status200OK, Write(set, request, form, expanded));
                break;
            case ExpansionResult.Refused refused:
                await call.Http.Fault(FhirFault.Of(422, refused.IsTooCostly ? IssueType.TooCostly : IssueType.NotFound, refused.Why), receipt);
                break;
        }
    }

    private ReadOnlyMemory<byte> Write(ValueSet set, ExpansionRequest request, Form form, ExpansionResult.Expanded expanded)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "ValueSet"u8);
        foreach (var member in set.Source.EnumerateObject())
        {
            if (member.Name is "url" or "version" or "name" or "title" or "status" or "experimental" or "copyright" || (member.Name == "compose" && form.Definition))
            {
                member.WriteTo(json);
            }
        }

        json.WriteStartObject("expansion"u8);
        if (expanded.IsOpen)
        {
            json.WriteStartArray("extension"u8);
            json.WriteStartObject();
            json.WriteString("url"u8, "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"u8);
            json.WriteBoolean("valueBoolean"u8, true);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteString("timestamp"u8, time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        json.WriteNumber("total"u8, expanded.Total);
        json.WriteNumber("offset"u8, request.Offset);
        WriteParameters(json, request, form, expanded);
        if (expanded.Page.Count > 0)
        {
            json.WriteStartArray("contains"u8);
            foreach (var concept in expanded.Page)
            {
                Write(json, concept, form);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }

    /// <summary>What the expansion was made by: the parameters that had a say, and the code systems with their versions.</summary>
    private static void WriteParameters(Utf8JsonWriter json, ExpansionRequest request, Form form, ExpansionResult.Expanded expanded)
    {
        json.WriteStartArray("parameter"u8);
        Parameter("excludeNested", () => json.WriteBoolean("valueBoolean"u8, true));
        if (request.Filter is { } filter)
        {
            Parameter("filter", () => json.WriteString("valueString"u8, filter));
        }

        if (request.ActiveOnly)
        {
            Parameter("activeOnly", () => json.WriteBoolean("valueBoolean"u8, true));
        }

        if (request.Count is { } count)
        {
            Parameter("count", () => json.WriteNumber("valueInteger"u8, count));
        }

        if (form.Language is { } language)
        {
            Parameter("displayLanguage", () => json.WriteString("valueCode"u8, language));
        }

        foreach (var excluded in request.ExcludedSystems)
        {
            Parameter("exclude-system", () => json.WriteString("valueUri"u8, excluded));
        }

        foreach (var system in expanded.Systems)
        {
            Parameter("version", () => json.WriteString("valueUri"u8, system));
        }

        json.WriteEndArray();

        void Parameter(string name, Action value)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            value();
            json.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter json, ExpandedConcept concept, Form form)
    {
        json.WriteStartObject();
        if (concept.System is { } system)
        {
            json.WriteString("system"u8, system);
        }

        if (concept.IsAbstract)
        {
            json.WriteBoolean("abstract"u8, true);
        }

        if (concept.IsInactive)
        {
            json.WriteBoolean("inactive"u8, true);
        }

        if (concept.Version is { } version)
        {
            json.WriteString("version"u8, version);
        }

        json.WriteString("code"u8, concept.Code);
        if (Designations.Display(concept.Display, concept.Designations, form.Language) is { Length: > 0 } display)
        {
            json.WriteString("display"u8, display);
        }

        var designations = form.Designations ? concept.Designations.Where(d => form.Wanted.Count == 0 || Designations.Is(d, form.Wanted)).ToList() : [];
        if (designations.Count > 0)
        {
            json.WriteStartArray("designation"u8);
            foreach (var designation in designations)
            {
                designation.WriteTo(json);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <param name="Designations">True where they are wanted.</param>
    /// <param name="Wanted">Tokens of uses and languages, one of which a designation must have; empty for all.</param>
    /// <param name="Definition">True where the definition is wanted.</param>
    /// <param name="Language">The language of displays.</param>
    private sealed record Form(bool Designations, HashSet<string> Wanted, bool Definition, string? Language);
}
