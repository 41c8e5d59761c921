using HealthLedger.Access;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>CodeSystem <c>$subsumes</c> (http://hl7.org/fhir/R4/codesystem-operation-subsumes.html): how two codes of one code system stand to each other.</summary>
internal sealed class SubsumesOperation(TerminologySource source) : IFhirOperation
{
    private static readonly string[] Parameters = ["codeA", "codeB", "system", "version", "codingA", "codingB"];

    public string Name => "subsumes";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes";

    public OperationLevels Levels => OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "CodeSystem";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (input, fault) = await TerminologySource.Input(call, Parameters, "CodeSystem");
        if (input is null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var url = input.Text("system", ref fault);
        var version = input.Text("version", ref fault);
        var a = Code(input, "A", ref url, ref version, ref fault);
        var b = Code(input, "B", ref url, ref version, ref fault);
        if (fault is not null)
        {
            return AskedOperation.Wrong(fault);
        }

        return TerminologySource.CodeSystemFault(call, call.Id is null ? url : null) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, url, version, a!, b!));
    }

    private async Task Tell(OperationCall call, string? url, string? version, string a, string b)
    {
        (var system, var receipt, var fault) = await source.FindCodeSystem(call, call.Id is null ? url : null, version);
        if (system is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        var outcome = system.Compare(a, b, out var why);
        if (outcome == Subsumption.Unknown)
        {
            await call.Http.Fault(TerminologyFaults.CannotTell(why), receipt);
            return;
        }

        var output = new ParametersWriter();
        output.Text("outcome", "valueCode", outcome switch
        {
            Subsumption.Equivalent => "equivalent",
            Subsumption.Subsumes => "subsumes",
            Subsumption.SubsumedBy => "subsumed-by",
            _ => "not-subsumed",
        });
        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, output.Finish());
    }

    /// <summary>The code in <c>codeX</c> or <c>codingX</c>; a coding's system and version must be those that are named already.</summary>
    private static string? Code(OperationInput input, string which, ref string? system, ref string? version, ref FhirFault? fault)
    {
        var code = input.Text("code" + which, ref fault);
        var coding = input.Object("coding" + which, ref fault);
        if (coding is { } given)
        {
            string? Text(string name) => given.TryGetProperty(name, out var value) ? value.GetString() : null;
            if ((system is not null && Text("system") is { } own && own != system) || (version is not null && Text("version") is { } its && its != version))
            {
                fault ??= FhirFault.BadRequest("Both codes must be of one code system and version.", IssueType.Value);
            }

            (code, system, version) = (code is null ? Text("code") : null, system ?? Text("system"), version ?? Text("version"));
        }

        if (code is null)
        {
            fault ??= FhirFault.BadRequest($"Give one of code{which} with its system, or coding{which}.", IssueType.Required);
        }

        return code;
    }
}
