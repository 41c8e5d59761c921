using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>CodeSystem <c>$lookup</c> (http://hl7.org/fhir/R4/codesystem-operation-lookup.html): what a code system says of one code.</summary>
internal sealed class LookupOperation(TerminologySource source) : IFhirOperation
{
    private static readonly string[] Parameters = ["code", "system", "version", "coding", "displayLanguage", "property"];

    public string Name => "lookup";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup";

    public OperationLevels Levels => OperationLevels.Type;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "CodeSystem";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (input, fault) = await TerminologySource.Input(call, Parameters, "CodeSystem");
        if (input is null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var asked = AskedCode.Read(input, null, ref fault);
        var language = input.Text("displayLanguage", ref fault);
        if (asked is not [var coding] || fault is not null)
        {
            return AskedOperation.Wrong(fault ?? TerminologyFaults.NoCode);
        }

        return TerminologySource.CodeSystemFault(call, coding.System) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, input, coding, language));
    }

    private async Task Tell(OperationCall call, OperationInput input, AskedCode coding, string? language)
    {
        (var system, var receipt, var fault) = await source.FindCodeSystem(call, coding.System, coding.Version);
        if (system is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        if (system.Find(coding.Code) is not { } concept)
        {
            await call.Http.Fault(FhirFault.Of(404, IssueType.NotFound, $"Code system {system.Canonical} has no such code{(system.IsComplete ? "" : " in the part of it that is held here")}."), receipt);
            return;
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, Write(system, concept, language, [.. input.Texts("property")]));
    }

    private static byte[] Write(CodeSystem system, Concept concept, string? language, HashSet<string> wanted)
    {
        var all = wanted.Count == 0;
        var output = new ParametersWriter();
        output.Text("name", "valueString", system.Name ?? system.Url);
        output.Text("version", "valueString", system.Version);
        output.Text("display", "valueString", Designations.Display(concept.Display, concept.Designations, language) ?? concept.Code);
        if (all || wanted.Contains("designation"))
        {
            foreach (var designation in concept.Designations)
            {
                output.Parts("designation", () =>
                {
                    Part(designation, "language", "valueCode");
                    Part(designation, "use", "valueCoding");
                    Part(designation, "value", "valueString");
                });
            }
        }

        if (all || wanted.Contains("definition"))
        {
            Property("definition", "valueString", concept.Definition);
        }

        foreach (var parent in all || wanted.Contains("parent") ? concept.Parents : [])
        {
            Property("parent", "valueCode", parent.Code);
        }

        foreach (var child in all || wanted.Contains("child") ? concept.Children : [])
        {
            Property("child", "valueCode", child.Code);
        }

        foreach (var property in concept.Properties.Where(p => p.Code is not ("parent" or "child") && (all || wanted.Contains(p.Code))))
        {
            output.Parts("property", () =>
            {
                output.Text("code", "valueCode", property.Code);
                output.Value("value", property.Member, property.Content);
            });
        }

        return output.Finish();

        void Property(string code, string member, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                output.Parts("property", () =>
                {
                    output.Text("code", "valueCode", code);
                    output.Text("value", member, value);
                });
            }
        }

        void Part(JsonElement designation, string name, string member)
        {
            if (designation.TryGetProperty(name, out var value))
            {
                output.Value(name, member, value);
            }
        }
    }
}
