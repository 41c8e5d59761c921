using System.Text.Json;

namespace HealthLedger.Gateway.Fhir.Operations.Terminology;

/// <summary>What <c>$validate-code</c> answers of a code.</summary>
internal sealed record JudgedCode(bool Result, string? Message, string? Display)
{
    /// <summary>Of a code that is there.</summary>
    public static JudgedCode Of(string? given, string? display, IReadOnlyList<JsonElement> designations, bool isAbstract, bool isInactive, string? language)
    {
        var right = Designations.Display(display, designations, language);
        return isAbstract ? new(false, "The code only groups others and is not to be used itself; abstract=true permits it.", right)
            : given is not null && display is not null && !Designations.Has(display, designations, given) ? new(false, "The display is not one of this code.", right)
            : new(true, isInactive ? "The code is no longer to be used." : null, right);
    }

    public byte[] Write()
    {
        var output = new ParametersWriter();
        output.Flag("result", Result);
        output.Text("message", "valueString", Message);
        output.Text("display", "valueString", Display);
        return output.Finish();
    }
}
