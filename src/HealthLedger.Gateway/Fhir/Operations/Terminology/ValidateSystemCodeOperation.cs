using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>CodeSystem <c>$validate-code</c> (http://hl7.org/fhir/R4/codesystem-operation-validate-code.html).</summary>
internal sealed class ValidateSystemCodeOperation(TerminologySource source) : IFhirOperation
{
    private static readonly string[] Parameters = ["url", "codeSystem", "code", "version", "display", "coding", "codeableConcept", "abstract", "displayLanguage"];

    public string Name => "validate-code";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code";

    public OperationLevels Levels => OperationLevels.Type | OperationLevels.Instance;

    public bool OnlyReads => true;

    public bool IsOn(string resourceType) => resourceType == "CodeSystem";

    public async ValueTask<AskedOperation> Read(OperationCall call)
    {
        var (input, fault) = await TerminologySource.Input(call, Parameters, "CodeSystem", "codeSystem");
        if (input is null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var url = input.Text("url", ref fault);
        var version = input.Text("version", ref fault);
        var inline = input.Object("codeSystem", ref fault);
        if (inline is not null && (url is not null || call.Id is not null))
        {
            fault ??= FhirFault.BadRequest("Name the code system once: by url, codeSystem or an id in the path.", IssueType.Invalid);
        }

        var asked = AskedCode.Read(input, url ?? (call.Id is null && inline is null ? null : ""), ref fault);
        var mayBeAbstract = input.Flag("abstract", ref fault) ?? false;
        var language = input.Text("displayLanguage", ref fault);
        if (asked is null || fault is not null)
        {
            return AskedOperation.Wrong(fault!);
        }

        var named = call.Id is null ? url ?? asked[0].System : url;

        return TerminologySource.CodeSystemFault(call, named, inline) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, named, version ?? asked[0].Version, inline, asked, mayBeAbstract, language));
    }

    private async Task Tell(OperationCall call, string? named, string? version, JsonElement? inline, IReadOnlyList<AskedCode> asked, bool mayBeAbstract, string? language)
    {
        (var system, var receipt, var fault) = await source.FindCodeSystem(call, named, version, inline);
        if (system is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        var judged = Judge(system, asked, mayBeAbstract, language);
        if (judged is null)
        {
            await call.Http.Fault(TerminologyFaults.CannotTell($"Code system {system.Canonical} is held here only in part: its content is {system.Content}."), receipt);
            return;
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, judged.Write());
    }

    private static JudgedCode? Judge(CodeSystem system, IReadOnlyList<AskedCode> asked, bool mayBeAbstract, string? language)
    {
        JudgedCode? bad = null;
        foreach (var code in asked)
        {
            if (code.System is { Length: > 0 } other && other != system.Url)
            {
                bad ??= new(false, $"The code is of another code system than {system.Canonical}.", null);
            }
            else if (system.Find(code.Code) is { } concept)
            {
                var judged = JudgedCode.Of(code.Display, concept.Display, [.. concept.Designations], concept.IsAbstract && !mayBeAbstract, concept.IsInactive, language);
                if (judged.Result)
                {
                    return judged;
                }

                bad = judged;
            }
            else if (!system.IsComplete)
            {
                return null;
            }
            else
            {
                bad ??= new(false, $"Code system {system.Canonical} has no such code.", null);
            }
        }

        return bad;
    }
}
