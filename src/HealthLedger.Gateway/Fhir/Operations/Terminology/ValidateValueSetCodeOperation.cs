using HealthLedger.Access;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>
/// ValueSet <c>$validate-code</c> (http://hl7.org/fhir/R4/valueset-operation-validate-code.html). What cannot be told is an error, not a false: the code may be good.
/// </summary>
internal sealed class ValidateValueSetCodeOperation(TerminologySource source) : IFhirOperation
{
    private static readonly string[] Parameters =
        ["url", "valueSet", "valueSetVersion", "code", "system", "systemVersion", "display", "coding", "codeableConcept", "abstract", "displayLanguage"];

    public string Name => "validate-code";

    public string Definition => "http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code";

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

        var asked = AskedCode.Read(input, null, ref fault);
        var mayBeAbstract = input.Flag("abstract", ref fault) ?? false;
        var language = input.Text("displayLanguage", ref fault);
        if (asked is null || fault is not null)
        {
            return AskedOperation.Wrong(fault!);
        }

        return TerminologySource.ValueSetFault(call, input) is { } wrong ? AskedOperation.Wrong(wrong) : AskedOperation.Good(() => Tell(call, input, asked, mayBeAbstract, language));
    }

    private async Task Tell(OperationCall call, OperationInput input, IReadOnlyList<AskedCode> asked, bool mayBeAbstract, string? language)
    {
        (var set, var receipt, var fault) = await source.FindValueSet(call, input);
        if (set is null)
        {
            await call.Http.Fault(fault!, receipt);
            return;
        }

        var (judged, why) = Judge(set, asked, mayBeAbstract, language);
        if (judged is null)
        {
            await call.Http.Fault(TerminologyFaults.CannotTell(why), receipt);
            return;
        }

        call.Http.Receipt(receipt);
        await call.Http.Json(StatusCodes.Status200OK, judged.Write());
    }

    /// <summary>One good code makes the whole good; it is bad only where every code is known to be.</summary>
    private (JudgedCode? Judged, string Why) Judge(ValueSet set, IReadOnlyList<AskedCode> asked, bool mayBeAbstract, string? language)
    {
        JudgedCode? bad = null;
        var lacking = "";
        foreach (var code in asked)
        {
            if (code is { System: { } system, Version: { } version } && source.CodeSystems.Find(system) is not null && source.CodeSystems.Find($"{system}|{version}") is null)
            {
                lacking = $"Another version of code system {system} is held here than the one that is named.";
                continue;
            }

            var answer = source.ValueSets.Look(set, code.System, code.Code);
            switch (answer.Membership)
            {
                case Membership.Unknown:
                    lacking = answer.Why;
                    break;
                case Membership.No:
                    bad ??= new(false, asked.Count == 1 ? $"The code is not in value set {set.Canonical}." : $"No code of the CodeableConcept is in value set {set.Canonical}.", null);
                    break;
                case Membership.Yes:
                    var found = answer.Found;
                    var judged = JudgedCode.Of(code.Display, found?.Display, found?.Designations ?? [], found is { IsAbstract: true } && !mayBeAbstract, found is { IsInactive: true }, language);
                    if (judged.Result)
                    {
                        return (judged, "");
                    }

                    bad = judged;
                    break;
            }
        }

        return lacking.Length > 0 ? (null, lacking) : (bad, "");
    }
}
