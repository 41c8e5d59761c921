using System.Text.Json;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>ConceptMap <c>$translate</c> (http://hl7.org/fhir/R4/conceptmap-operation-translate.html): the codes that a concept map gives for a code, or with <c>reverse</c> those for which it gives it.</summary>
internal sealed class TranslateOperation(TerminologySource source) : IFhirOperation
{
    private static readonly string[] Parameters =
        ["url", "conceptMap", "conceptMapVersion", "code", "system", "version", "coding", "codeableConcept", "source", "target", "targetsystem", "reverse"];

    public string Name => "translate";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/ConceptMap-translate";

    public OperationLevels Levels => OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "ConceptMap";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (input, fault) = await TerminologySource.Input(call, Parameters, "ConceptMap", "conceptMap");
        if (input is null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var asked = AskedCode.Read(input, null, ref fault);
        var reverse = input.Flag("reverse", ref fault) ?? false;
        var (from, to, into) = (input.Text("source", ref fault), input.Text("target", ref fault), input.Text("targetsystem", ref fault));
        if (asked is null || fault is not null)
        {
            return AskedOperation.Wrong(fault!);
        }

        if (asked.Any(a => a.System is null))
        {
            return AskedOperation.Wrong(FhirFault.BadRequest("A Coding to translate needs its system.", IssueType.Required));
        }

        return TerminologySource.ConceptMapFault(call, input) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, input, asked, from, to, into, reverse));
    }

    private async Task Tell(OperationCall call, OperationInput input, IReadOnlyList<AskedCode> asked, string? from, string? to, string? into, bool reverse)
    {
        (var map, var receipt, var fault) = await source.FindConceptMap(call, input);
        if (map is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, Translated(map, asked, from, to, into, reverse));
    }

    private static byte[] Translated(ConceptMap map, IReadOnlyList<AskedCode> asked, string? from, string? to, string? into, bool reverse)
    {
        var remarks = new SortedSet<string>(StringComparer.Ordinal);
        var found = new List<TranslatedCode>();
        var (own, other) = reverse ? (map.Target, map.Source) : (map.Source, map.Target);
        if ((from is not null && ConceptMap.Bare(from) != own) || (to is not null && ConceptMap.Bare(to) != other))
        {
            remarks.Add("The map is from another source, or to another target, than the one that is named.");
        }
        else
        {
            found.AddRange(asked.SelectMany(a => map.Translate(a.System!, a.Version, a.Code, into, reverse, remarks)));
        }

        var isFound = found.Exists(f => f.IsMatch);
        if (!isFound && remarks.Count == 0)
        {
            remarks.Add("The map gives no code for this one.");
        }

        var output = new ParametersWriter();
        output.Flag("result", isFound);
        output.Text("message", "valueString", string.Join(' ', remarks));
        foreach (var match in found.DistinctBy(f => (f.Equivalence, f.System, f.Version, f.Code)))
        {
            output.Parts("match", () =>
            {
                output.Text("equivalence", "valueCode", match.Equivalence);
                if (match.Code is not null)
                {
                    output.Coding("concept", match.System, match.Version, match.Code, match.Display);
                }

                foreach (var product in match.Products)
                {
                    output.Parts("product", () =>
                    {
                        output.Text("element", "valueUri", Text(product, "property"));
                        output.Coding("concept", Text(product, "system"), null, Text(product, "value") ?? "", Text(product, "display"));
                    });
                }

                output.Text("source", "valueUri", map.Url);
            });
        }

        return output.Finish();
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
