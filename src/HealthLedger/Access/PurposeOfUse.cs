namespace HealthLedger.Access;

/// <summary>
/// Why data is asked for: the codes of HL7 v3 PurposeOfUse that the gateway accepts
/// (http://terminology.hl7.org/CodeSystem/v3-ActReason). One request has exactly one.
/// </summary>
public enum PurposeOfUse
{
    /// <summary>TREAT: treatment.</summary>
    Treatment,
    /// <summary>ETREAT: emergency treatment. Needs a reason.</summary>
    EmergencyTreatment,
    /// <summary>BTG: break the glass. Needs a reason.</summary>
    BreakTheGlass,
    /// <summary>HPAYMT: healthcare payment.</summary>
    Payment,
    /// <summary>HOPERAT: healthcare operations.</summary>
    Operations,
    /// <summary>HRESCH: healthcare research.</summary>
    Research,
    /// <summary>PATRQT: the patient asked.</summary>
    PatientRequested,
    /// <summary>PUBHLTH: public health.</summary>
    PublicHealth,
    /// <summary>HCOMPL: healthcare compliance, such as a regulator's review.</summary>
    Compliance,
}

/// <summary>The wire codes of <see cref="PurposeOfUse"/>.</summary>
public static class PurposeOfUseCodes
{
    /// <summary>The code system of every code here.</summary>
    public const string System = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    private static readonly string[] Codes =
        ["TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT", "HRESCH", "PATRQT", "PUBHLTH", "HCOMPL"];

    /// <summary>The v3 ActReason code, for instance <c>TREAT</c>.</summary>
    public static string Code(this PurposeOfUse purpose) => Codes[(int)purpose];

    /// <summary>Reads a code, case-sensitively; null where it is none of ours.</summary>
    public static PurposeOfUse? Parse(string? code)
    {
        var index = Array.IndexOf(Codes, code);
        return index < 0 ? null : (PurposeOfUse)index;
    }

    /// <summary>True where a reason must be given with the request.</summary>
    public static bool IsEmergency(this PurposeOfUse purpose) =>
        purpose is PurposeOfUse.EmergencyTreatment or PurposeOfUse.BreakTheGlass;
}
