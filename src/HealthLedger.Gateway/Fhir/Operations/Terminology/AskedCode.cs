using System.Text.Json;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>One code that a call asks about.</summary>
internal sealed record AskedCode(string? System, string? Version, string Code, string? Display)
{
    private const int MostCodings = 100;

    /// <summary>
    /// The code in <c>code</c> with <c>system</c>, <c>version</c> or <c>systemVersion</c> and <c>display</c>, or in <c>coding</c>, or the codes in <c>codeableConcept</c>; null with a
    /// fault where there is not exactly one of the three.
    /// </summary>
    /// <param name="input">The call's parameters.</param>
    /// <param name="url">The code system that the call names by <c>url</c>; null where it names none so.</param>
    /// <param name="fault">What is wrong.</param>
    public static IReadOnlyList<AskedCode>? Read(OperationInput input, string? url, ref FhirFault? fault)
    {
        var code = input.Text("code", ref fault);
        var system = input.Text("system", ref fault) ?? url;
        var version = input.Text("version", ref fault) ?? input.Text("systemVersion", ref fault);
        var display = input.Text("display", ref fault);
        var coding = input.Object("coding", ref fault);
        var concept = input.Object("codeableConcept", ref fault);
        if (fault is not null)
        {
            return null;
        }

        if ((code is null ? 0 : 1) + (coding is null ? 0 : 1) + (concept is null ? 0 : 1) != 1 || (code is not null && system is null))
        {
            fault = TerminologyFaults.NoCode;
            return null;
        }

        if (code is not null)
        {
            return [new(system, version, code, display)];
        }

        var codings = coding is { } one ? [one]
            : concept is { } several && several.TryGetProperty("coding", out var found) && found.ValueKind == JsonValueKind.Array ? found.EnumerateArray().ToList()
            : [];
        var asked = codings.Select(c => new AskedCode(Text(c, "system") ?? url, Text(c, "version"), Text(c, "code") ?? "", Text(c, "display"))).Where(c => c.Code.Length > 0).ToList();
        if (asked.Count is 0 or > MostCodings)
        {
            fault = FhirFault.BadRequest($"A Coding needs a code, and a CodeableConcept 1 to {MostCodings} Codings with codes.", IssueType.Value);
            return null;
        }

        return asked;
    }

    private static string? Text(JsonElement coding, string name) =>
        coding.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
